# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OLM writes about a Subscription: the health of its catalogues, its InstallPlan, and the ClusterServiceVersion that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..objects import Object, Write, condition, name, owner, space, spec, stamp, status, to_status, with_conditions
from .seen import Seen, answers, named

DEPRECATED = ("PackageDeprecated", "Deprecated")

UNHEALTHY = "CatalogSourcesUnhealthy"
MISSING, PENDING, FAILED = "InstallPlanMissing", "InstallPlanPending", "InstallPlanFailed"
AT_LATEST, UPGRADE = "AtLatestKnown", "UpgradePending"
Rule = Callable[[Seen, Object], Object]


def turn(seen: Seen) -> Iterator[Write]:
    """Yield at most one write for each Subscription: each of these controllers of OLM writes for itself."""
    for live in seen.subscriptions:
        for rule in (_health, _deprecated, _plan, _csv):
            if (fresh := rule(seen, live)) and _differs(status(live), fresh):
                yield to_status(live, **fresh, lastUpdated=stamp(seen.now))
                break


def _differs(live: Object, fresh: Object) -> bool:
    return any(_untimed(live.get(key)) != _untimed(value) for key, value in fresh.items())


def _untimed(value: Any) -> Any:
    if isinstance(value, list):
        return [_untimed(one) for one in value]
    return {key: one for key, one in value.items() if key not in ("lastUpdated", "lastTransitionTime")} if isinstance(value, dict) else value


def on(seen: Seen, kind: str, reason: str, message: str = "", value: str = "True") -> Object:
    told = {"reason": reason} if reason else {}
    told |= {"message": message} if message else {}
    return {"type": kind, "status": value, **told, "lastTransitionTime": stamp(seen.now)}


def _health(seen: Seen, live: Object) -> Object:
    """OLM pkg/controller/operators/catalog/subscription/state.go, UpdateHealth: that there are more or less catalogues is said before how they are."""
    visible = [one for one in seen.sources if space(one) in (space(live), spec(live).get("sourceNamespace"))]
    fresh = [{"catalogSourceRef": _ref(one), "healthy": answers(one), "lastUpdated": stamp(seen.now)} for one in visible]
    known = status(live).get("catalogHealth") or []
    target, where = seen.source(live), f"{spec(live).get('sourceNamespace')}/{spec(live).get('source')}"
    sound = bool(target) and all(answers(one) for one in visible)
    message = str(condition(live, UNHEALTHY).get("message") or "")
    if target is None or not answers(target):
        message = f"targeted catalogsource {where} {'missing' if target is None else 'unhealthy'}"
    reason, message = ("AllCatalogSourcesHealthy", "all available catalogsources are healthy") if sound else ("UnhealthyCatalogSourceFound", message)
    if len(fresh) != len(known):
        reason = "CatalogSourcesAdded" if len(fresh) > len(known) else "CatalogSourcesDeleted"
    elif not fresh:
        reason, message = "NoCatalogSourcesFound", "dependency resolution requires at least one catalogsource"
    elif _untimed(fresh) != _untimed(known):
        reason = "CatalogSourcesUpdated"
    return {"catalogHealth": fresh, "conditions": with_conditions(live, on(seen, UNHEALTHY, reason, message, "False" if sound else "True"))}


def _ref(source: Object) -> Object:
    same = {key: value for key, value in owner(source).items() if key in ("apiVersion", "kind", "name", "uid")}
    return {**same, "namespace": space(source)}


def _deprecated(seen: Seen, live: Object) -> Object:
    """OLM pkg/controller/operators/catalog/subscription/reconciler.go, updateDeprecatedStatus: only of what is installed, and without a reason."""
    installed = status(live).get("installedCSV")
    package = (seen.catalogue(live) or {}).get(spec(live)["name"])
    if not package or installed not in [one.name for one in package.channel(spec(live).get("channel", ""))]:
        return {}
    told = [on(seen, kind, "", f"olm.package/{package.name}: {package.deprecated}") for kind in DEPRECATED] if package.deprecated else []
    return {"conditions": with_conditions(live, *told, without=() if told else DEPRECATED)}


def _plan(seen: Seen, live: Object) -> Object:
    """OLM pkg/controller/operators/catalog/subscription/state.go, CheckInstallPlanStatus and InstallPlanNotFound.

    An InstallPlan that somebody deletes while its upgrade is pending is forgotten, and resolved anew.
    """
    referenced = (status(live).get("installPlanRef") or {}).get("name")
    if not referenced:
        return {}
    plan = named(seen.plans, referenced)
    if plan is None and status(live).get("state") == UPGRADE:
        forgotten = {"installPlanRef": None, "installplan": None, "currentCSV": "", "state": "", "conditions": with_conditions(live, without=(PENDING, FAILED))}
        return forgotten if condition(live, PENDING) or condition(live, FAILED) else {}
    if plan is None:
        said = on(seen, MISSING, "ReferencedInstallPlanNotFound")
        return {"conditions": with_conditions(live, said, without=(PENDING, FAILED))}
    phase, installed = status(plan).get("phase") or "", condition(plan, "Installed")
    message = str(installed.get("message") or "")
    told = []
    if phase == "Failed":
        told = [on(seen, FAILED, installed.get("reason") or "InstallPlanFailed", message)]
    elif phase != "Complete":
        told = [on(seen, PENDING, installed.get("reason") or phase or "InstallPlanNotYetReconciled", message)]
    return {"conditions": with_conditions(live, *told, without={MISSING, PENDING, FAILED} - {one["type"] for one in told})}


def _csv(seen: Seen, live: Object) -> Object:
    """OLM pkg/controller/operators/catalog/operator.go, ensureSubscriptionCSVState: `installedCSV` as soon as the version *exists*, whatever its phase."""
    current = status(live).get("currentCSV")
    if not current:
        return {}
    return {"state": AT_LATEST, "installedCSV": current} if seen.csv(current) else {"state": UPGRADE}


def nothing_to_update(live: Object) -> bool:
    """OLM pkg/controller/operators/catalog/operator.go: an InstallPlan is there already and not at its end."""
    return bool(status(live).get("installPlanRef")) and status(live).get("state") == UPGRADE


def label(live: Object) -> str:
    return f"{space(live)}/{name(live)}"
