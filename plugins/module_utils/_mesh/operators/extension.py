# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install, adopt and upgrade an operator by a ClusterExtension, OLM's second version: what was read decides what comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..few_names import few
from ..objects.change import Ref
from ..objects.condition import Condition, verdict
from ..objects.shapes import Manifest, Object
from . import catalogs
from .csv_name import newer, order, version_of
from .owner import foreign
from .package import Package, fault
from .seen import OperatorsSeen, catalog, installed_version, spec
from .step import APPLY, EXTENSIONS, UNPIN, Next, OperatorWrite
from .words import because, brief, condition

_DEPRECATIONS = ("Deprecated", "PackageDeprecated", "ChannelDeprecated", "BundleDeprecated")
_ROLLING = "RollingOut"
_WHOLE = re.compile(r"\d+\.\d+\.\d+(?:[-+].+)?")  # OLM takes anything else for a range of versions
_KEPT = ("channels", "selector")


def refusals(package: Package, seen: OperatorsSeen) -> Iterator[str]:
    """Yield why a package cannot be installed as it is wanted."""
    if wrong := fault(package) or _unclear(package):
        yield wrong
        return
    if others := seen.of_package(package.name):
        yield f"{Ref.of(others[0])} installs {package.name} already. Set operator_api to v0, or remove that Subscription and its version first."
        return
    extensions = seen.extensions_of(package.name)
    if len(extensions) > 1:
        yield f"{few([str(Ref.of(one)) for one in extensions], 5, ' and ')} are both for {package.name}. Remove all but one."
        return
    if package.service_account and (package.namespace, package.service_account) not in seen.accounts:
        yield (
            f"ServiceAccount {package.namespace}/{package.service_account} does not exist. Make it, with the rights that {package.name} needs, "
            "or leave service_account out where OLM needs none."
        )
    elif seen.needs_account and not package.service_account and not any(spec(one).get("serviceAccount") for one in extensions):
        yield (
            f"the cluster's OLM installs {package.name} with the rights of a ServiceAccount of yours. Make one in {package.namespace} "
            "with the rights that it needs, and give service_account."
        )
    if extensions:
        yield from _standing(package, extensions[0])
    if not (extensions and _met(package, extensions[0])):
        yield from catalogs.refusals(package, seen)


def _unclear(package: Package) -> str:
    """Return which pin or step is not one version, as a sentence; empty if each is."""
    named = [*([] if package.automatic else [package.version or package.csv]), *_ways(package)]
    wrong = few([one for one in named if not _WHOLE.fullmatch(one)], 5)
    return f"{package.name}: {wrong} is no whole version, so OLM would choose one by itself. Give version and through as in 1.2.3." if wrong else ""


def _met(package: Package, live: Object) -> bool:
    """Return whether the pin is installed, or any version where there is no pin."""
    installed = installed_version(live)
    return bool(installed) and (package.automatic or installed == package.version)


def _standing(package: Package, live: Object) -> Iterator[str]:
    installed, owner = installed_version(live), foreign(live)
    if owner and not _met(package, live):
        has = installed or "nothing yet"
        yield (
            f"{Ref.of(live)} belongs to {owner} and has installed {has}, but the inventory wants {package.version or 'the newest'}. "
            f"It stays as it is: pin {installed or 'what it installs'}, or leave {package.name} out."
        )
    elif package.version and newer(installed, package.version):
        yield f"{Ref.of(live)} has installed {installed}, which is newer than the pin {package.version}. An operator is never turned back: raise the pin."
    if spec(live).get("namespace") != package.namespace:
        yield f"{Ref.of(live)} installs into {spec(live).get('namespace')}, the inventory into {package.namespace}, which nobody can change. Set its namespace."
    account = (spec(live).get("serviceAccount") or {}).get("name")
    if account and package.service_account not in ("", account) and not owner:
        told = f"{Ref.of(live)} installs with the rights of ServiceAccount {account}, and the inventory names {package.service_account}"
        yield f"{told}, but OLM lets nobody change it. Set service_account to {account}."


def decide(package: Package, seen: OperatorsSeen) -> Next:
    """Return what comes next for a package."""
    live = seen.extension(package)
    if live and foreign(live):
        return _served(package, seen, live, (f"{Ref.of(live)} belongs to {foreign(live)} and has what is wanted. It stays as it is.",))
    if live and live["metadata"].get("deletionTimestamp"):
        return Next(waits=f"{Ref.of(live)} to be gone: somebody deleted it", trouble=True)
    wanted = manifest(package, live)
    pinned = live if live and package.automatic and catalog(live).get("version") else None
    if live and not pinned and not _differs(spec(live), wanted["spec"]):
        return _moving(live) or _served(package, seen, live)
    if live and condition(live, "Progressing").get("reason") == _ROLLING:
        return Next(waits=f"{Ref.of(live)} to end what it has begun{because(condition(live, 'Progressing'))}; until then OLM looks at no other version")
    if live and installed_version(live) in _ways(package) and (late := _late(package, seen, live)):
        return late
    if away := catalogs.waits(package, seen):
        return Next(waits=away, trouble=True)
    if pinned:
        return Next(writes=(OperatorWrite(UNPIN, pinned),))
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": package.namespace}}
    made = () if package.namespace in seen.namespaces else (OperatorWrite(APPLY, place),)
    return Next(writes=(*made, OperatorWrite(APPLY, wanted, force=live is not None)))


def manifest(package: Package, live: Object | None) -> Manifest:
    """Return the ClusterExtension under the name that it has already, with the next version on the way to the pin.

    What the inventory does not name it keeps, even if an earlier run wrote it: an apply that leaves a field out takes it away.
    """
    held, account = catalog(live or {}), spec(live or {}).get("serviceAccount")
    source: dict[str, Any] = {"packageName": package.name, **{key: held[key] for key in _KEPT if held.get(key)}}
    source |= {"version": upcoming(package, installed_version(live or {}))} if package.version else {}
    source |= {"channels": [package.channel]} if package.channel else {}
    source |= {"selector": {"matchLabels": {catalogs.BY_NAME: package.catalog}}} if package.catalog else {}
    source |= {"upgradeConstraintPolicy": "SelfCertified" if package.self_certified else "CatalogProvided"}
    wanted: dict[str, Any] = {"namespace": package.namespace, "source": {"sourceType": "Catalog", "catalog": source}}
    if package.service_account or account:
        wanted["serviceAccount"] = {"name": package.service_account} if package.service_account else account
    name = live["metadata"]["name"] if live else package.name
    return {"apiVersion": EXTENSIONS, "kind": "ClusterExtension", "metadata": {"name": name}, "spec": wanted}


def upcoming(package: Package, installed: str) -> str:
    """Return the version that comes next: the pin, or of those through which the way leads the first one that is newer than the installed one."""
    steps = sorted((one for one in _ways(package) if newer(one, installed) and newer(package.version, one)), key=lambda one: order(one) or ())
    return steps[0] if installed and steps else package.version


def _ways(package: Package) -> list[str]:
    return [one if order(one) else version_of(one) for one in package.through]


def _differs(live: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return any(_differs((live or {}).get(key), value) for key, value in wanted.items())
    return bool(live != wanted)


def _moving(live: Object) -> Next | None:
    """Return what an installation under way waits for; None if it has come to its end."""
    progress, said = condition(live, "Progressing"), str(Ref.of(live))
    if not progress or _stale(live, progress):
        return Next(waits=f"{said} to be looked at")
    if progress.get("status") == "False":
        return Next(failed=f"{said} is stopped{because(progress)}. Mend what it says; OLM does not go on by itself.")
    if progress.get("reason") != "Succeeded":
        return Next(waits=f"{said}{because(progress)}", trouble=progress.get("reason") == "Retrying")
    return None


def _stale(live: Object, one: Object) -> bool:
    return one.get("observedGeneration") is not None and one["observedGeneration"] != live["metadata"].get("generation")


def _served(package: Package, seen: OperatorsSeen, live: Object, notices: tuple[str, ...] = ()) -> Next:
    """Return what is left after OLM has come to its end: the wanted version is the installed one, its Deployments run, and its CRDs are served.

    OLM says `Installed` as soon as the objects of a package are written, whether or not their pods ever start.
    """
    done, installed, name = condition(live, "Installed"), installed_version(live), Ref.of(live)
    if done.get("status") != "True" or _stale(live, done):
        return Next(waits=f"{name} to be installed{because(done)}", trouble=done.get("reason") == "Failed")
    wanted = catalog(live).get("version")
    if package.version and installed != package.version and (foreign(live) or installed != wanted):
        return Next(waits=f"{name} to install {wanted}; it has {installed}", trouble=True)
    if late := _late(package, seen, live):
        return late
    missing = [crd for crd in package.crds if not seen.definitions.get(crd)]
    if missing:
        return Next(waits=f"the API server to serve {few(missing, 5)}", trouble=True)
    said = [f"{package.name} is deprecated: {brief(one.get('message'))}" for kind in _DEPRECATIONS if (one := condition(live, kind)).get("status") == "True"]
    return Next(notices=(*notices, *([f"{package.name}: {package.deprecated}"] if package.deprecated else []), *said[:1]))


def _late(package: Package, seen: OperatorsSeen, live: Object) -> Next | None:
    """Return which Deployment of a ClusterExtension does not run yet; None if all do."""
    for deployment in seen.workloads.get(str(live["metadata"]["name"]), ()):
        if late := verdict(Condition(Ref.of(deployment), "rollout"), deployment):
            stuck = condition(deployment, "Progressing")
            said = because(stuck) if stuck.get("status") == "False" else ""
            return Next(waits=f"{Ref.of(deployment)} of {package.name}: {late}{said}", trouble=bool(said))
    return None
