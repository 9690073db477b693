# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install, adopt and upgrade an operator by a Subscription: what was read decides what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from ..few_names import few
from ..objects.change import Ref
from ..objects.shapes import Manifest, Object
from . import install_plan
from .owner import foreign
from .package import AUTOMATIC, MANUAL, Package
from .refusals import ready
from .seen import OperatorsSeen, owned, spec, status
from .step import APPLY, APPROVE, GROUPS, SUBSCRIPTIONS, Next, OperatorWrite
from .words import ails, because, brief, condition, csv_state, failed_plan, troubles

_AGAIN = "OLM does not try again soon: mend that, remove the failed Job or InstallPlan, and run again."


def decide(package: Package, everyone: Sequence[Package], seen: OperatorsSeen) -> Next:
    """Return what comes next for a package. `everyone` are all packages of the run: OLM may put several of them into one InstallPlan."""
    live = seen.subscription(package)
    if live and foreign(live):
        return _served(package, seen, live, (f"{Ref.of(live)} belongs to {foreign(live)} and has what is wanted. It stays as it is.",))
    source = seen.source(package) or {}
    if not live and not ready(source):
        said = (status(source).get("connectionState") or {}).get("lastObservedState") or "not asked yet"
        return Next(waits=f"CatalogSource {package.source_namespace}/{package.source} to be READY; it is {said}", trouble=True)
    if live and (live["metadata"].get("deletionTimestamp")):
        return Next(waits=f"{Ref.of(live)} to be gone: somebody deleted it", trouble=True)
    if due := tuple(_due(package, seen, live)):
        return Next(writes=due)
    return _after(package, everyone, seen, live or {})


def _due(package: Package, seen: OperatorsSeen, live: Object | None) -> Iterable[OperatorWrite]:
    """Yield the objects that are missing or differ. What others wrote into them stays."""
    if package.namespace not in seen.namespaces:
        yield OperatorWrite(APPLY, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": package.namespace}})
    if not seen.groups_in(package.namespace):
        meta = {"name": package.namespace, "namespace": package.namespace}
        targets = {"targetNamespaces": list(package.targets)} if package.targets else {}
        yield OperatorWrite(APPLY, {"apiVersion": GROUPS, "kind": "OperatorGroup", "metadata": meta, "spec": targets})
    wanted = subscription(package, live)
    if live is None or any(spec(live).get(key) != value for key, value in wanted["spec"].items()):
        yield OperatorWrite(APPLY, wanted, force=live is not None)


def subscription(package: Package, live: Object | None) -> Manifest:
    """Return the Subscription, under the name that it has already, and with its channel if the inventory names none.

    Without that, an apply would take away the channel that an earlier run wrote.
    """
    channel = package.channel or spec(live or {}).get("channel")
    name = live["metadata"]["name"] if live else package.name
    wanted: dict[str, Any] = {"name": package.name, "source": package.source, "sourceNamespace": package.source_namespace}
    wanted |= {"channel": channel} if channel else {}
    wanted |= {"startingCSV": package.csv} if package.csv else {}
    wanted["installPlanApproval"] = AUTOMATIC if package.automatic else MANUAL
    meta = {"name": name, "namespace": package.namespace}
    return {"apiVersion": SUBSCRIPTIONS, "kind": "Subscription", "metadata": meta, "spec": wanted}


def _after(package: Package, everyone: Sequence[Package], seen: OperatorsSeen, live: Object) -> Next:
    """Return what comes after the Subscription is written: the installed version first, then the InstallPlan of the next one."""
    installed, current = str(status(live).get("installedCSV") or ""), str(status(live).get("currentCSV") or "")
    if installed and (installed == package.csv or (package.automatic and installed == current)):
        return _served(package, seen, live)
    if installed and not package.automatic:
        csv = seen.csv(package.namespace, installed)
        if csv and status(csv).get("phase") not in ("Succeeded", "Replacing", "Deleting"):
            return Next(waits=f"{csv_state(csv)}, and the next version comes after it", trouble=ails(csv))
    judges = [partial(one.allows, _installed(one, seen)) for one in everyone if one.namespace == package.namespace]
    mine = partial(package.allows, installed) if package.csv else (lambda csv: csv == current)
    plans = install_plan.of_namespace(seen, package, mine)
    if moving := next((plan for plan in plans if install_plan.running(plan)), None):
        return _under_way(package, seen, moving)
    waiting = [plan for plan in plans if install_plan.waits(plan)]
    meant = [plan for plan in waiting if not install_plan.strangers(plan, judges)]
    if meant and not package.automatic:
        referenced = str((status(live).get("installPlanRef") or {}).get("name") or "")
        return Next(writes=(OperatorWrite(APPROVE, install_plan.chosen(meant, referenced) or {}),))
    return _nothing_to_approve(package, seen, live, plans, waiting, judges)


def _installed(package: Package, seen: OperatorsSeen) -> str:
    return str(status(seen.subscription(package) or {}).get("installedCSV") or "")


def _under_way(package: Package, seen: OperatorsSeen, plan: Object) -> Next:
    names = install_plan.csvs(plan)
    if again := install_plan.retries(plan):
        return Next(waits=f"{Ref.of(plan)} to install {', '.join(names)}: {brief(again)}", trouble=True)
    if csv := next((one for name in names if (one := seen.csv(package.namespace, name)) and status(one).get("phase") != "Succeeded"), None):
        return Next(waits=csv_state(csv))
    if not (phase := status(plan).get("phase")):
        said = "it was approved before OLM had written its status, and OLM leaves such a plan alone. Delete it, and OLM makes another"
        return Next(waits=f"{Ref.of(plan)} to get a phase; if that does not come, {said}", trouble=True)
    return Next(waits=f"{Ref.of(plan)} to install {', '.join(names)}; it is {phase}")


def _nothing_to_approve(
    package: Package, seen: OperatorsSeen, live: Object, plans: Sequence[Object], waiting: Sequence[Object], judges: Sequence[Any]
) -> Next:
    """Say why no InstallPlan is approved: it would install more than is meant or something else, it failed, or there is none."""
    what = package.csv or "the newest of its channel"
    for plan in waiting:
        if package.automatic:
            said = f"another Subscription of {package.namespace} wants {MANUAL}. Pin {package.name}"
            return Next(waits=f"{Ref.of(plan)} waits for approval: {said}", trouble=True)
        others = few(install_plan.strangers(plan, judges), 5)
        said = f"{Ref.of(plan)} would also install {others}, which the inventory does not pin, so it is not approved"
        return Next(waits=f"an InstallPlan of {what} alone; {said}. Pin them, or name them in dependencies", trouble=True)
    if plans and status(plans[0]).get("phase") == "Failed":
        names = ", ".join(install_plan.csvs(plans[0]))
        return Next(failed=f"{Ref.of(plans[0])} for {names} failed{failed_plan(plans[0])}. Delete it after the fault is mended.")
    for said, heals in troubles(live):
        where = f"{Ref.of(live)}: {said}"
        return Next(waits=where, trouble=True) if heals else Next(failed=f"{where}. {_AGAIN}")
    if other := _elsewhere(package, seen):
        names = ", ".join(install_plan.csvs(other))
        return Next(waits=f"an InstallPlan of {what}; {Ref.of(other)} would install {names}, which is no step to it, so it is not approved", trouble=True)
    unpacking = condition(live, "BundleUnpacking")
    return Next(waits=f"an InstallPlan of {what}" + (because(unpacking) if unpacking.get("status") == "True" else ""))


def _elsewhere(package: Package, seen: OperatorsSeen) -> Object | None:
    """Return the plan of this package's Subscription that would install something else than what is pinned."""
    live = seen.subscription(package) or {}
    current = status(live).get("currentCSV")
    plans = install_plan.of_namespace(seen, package, lambda csv: csv == current)
    return next((plan for plan in plans if install_plan.waits(plan)), None)


def _served(package: Package, seen: OperatorsSeen, live: Object, notices: tuple[str, ...] = ()) -> Next:
    """Return what is left after `installedCSV` is the wanted one. OLM names it as soon as it exists, so its phase and its CRDs count too."""
    name = str(status(live).get("installedCSV") or "")
    csv = seen.csv(package.namespace, name)
    if csv is None:
        return Next(waits=f"ClusterServiceVersion {name}, which {Ref.of(live)} names and which does not exist", trouble=True)
    if status(csv).get("phase") != "Succeeded":
        return Next(waits=csv_state(csv), trouble=ails(csv))
    missing = [crd for crd in dict.fromkeys([*owned(csv), *package.crds]) if not seen.definitions.get(crd)]
    if missing:
        return Next(waits=f"the API server to serve {few(missing, 5)}", trouble=True)
    return Next(notices=(*notices, *_notices(package, live)))


def _notices(package: Package, live: Object) -> Iterable[str]:
    if package.deprecated:
        yield f"{package.name}: {package.deprecated}"
    if (said := condition(live, "Deprecated")).get("status") == "True":
        yield f"{package.name} is deprecated: {brief(said.get('message'))}"
