# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions come next in a namespace, and the InstallPlan for all of them: OLM resolves a whole namespace at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from ..catalogue import TWICE, UNPACK, Bundle
from ..objects import Object, Write, create, made, name, owner, space, spec, stamp, status, to_status, with_conditions
from .seen import Seen, answers
from .subscriptions import UPGRADE, nothing_to_update, on

RESOLUTION, UNPACKING, UNPACK_FAILED = "ResolutionFailed", "BundleUnpacking", "BundleUnpackFailed"
_GUIDANCE = (
    "Auto-retry in ~5 min after job cleanup (TTL). Common causes: Missing ICSP (ppc64le/s390x/arm64), auth failure, invalid image. Manual retry: in the "
    "CatalogSource namespace, run `kubectl get jobs -l operatorframework.io/bundle-unpack-ref` and delete the specific failing job."
)
UNSATISFIABLE, PREVENTED = "ConstraintsNotSatisfiable", "ErrorPreventedResolution"
Choice = tuple[Object, Bundle]


class Unresolved(Exception):
    """Why nothing can be resolved in a namespace."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def turn(seen: Seen) -> Iterator[Write]:
    """OLM pkg/controller/operators/catalog/operator.go, syncResolvingNamespace."""
    if begun := _begun(seen):
        yield from _referred(seen, begun)
        return
    if all(nothing_to_update(one) for one in seen.subscriptions):
        return
    try:
        choices = list(_resolved(seen))
    except Unresolved as failed:  # written on every Subscription of the namespace, whichever one is at fault
        yield from _said(seen, on(seen, RESOLUTION, failed.reason, failed.message), ())
        return
    if any(bundle.fails(UNPACK) for _live, bundle in choices):
        # seen in OLM's source only: it tries again 5 minutes later, after the Job is gone
        message = f"Bundle unpacking failed - DeadlineExceeded: Job was active longer than specified deadline. {_GUIDANCE}"
        yield from _said(seen, on(seen, UNPACK_FAILED, UNPACK_FAILED, message), (UNPACKING,))
    elif choices:
        yield from _new_plans(seen, choices)
    else:
        yield from _said(seen, None, (RESOLUTION, UNPACKING, UNPACK_FAILED))


def _said(seen: Seen, told: Object | None, without: Sequence[str]) -> Iterator[Write]:
    for live in seen.subscriptions:
        have = {one["type"]: (one.get("reason"), one.get("message")) for one in status(live).get("conditions") or ()}
        if (told and have.get(told["type"]) != (told["reason"], told["message"])) or set(without) & set(have):
            conditions = with_conditions(live, *([told] if told else []), without=without)
            yield to_status(live, conditions=conditions, lastUpdated=stamp(seen.now))


def _resolved(seen: Seen) -> Iterator[Choice]:
    """OLM pkg/controller/registry/resolver/step_resolver.go: exactly one OperatorGroup, then all Subscriptions together."""
    if len(seen.groups) != 1:
        raise Unresolved(PREVENTED, f"expected 1 OperatorGroup in the namespace, found {len(seen.groups)}")
    for source in seen.sources:  # OLM pkg/controller/registry/resolver/cache/cache.go: each catalogue that the namespace sees, whoever uses it
        if not answers(source) and space(source) in {seen.namespace, *(str(spec(one).get("sourceNamespace")) for one in seen.subscriptions)}:
            why = "failed to list bundles: rpc error: code = Unavailable desc = connection error"
            raise Unresolved(PREVENTED, f"error using catalogsource {space(source)}/{name(source)}: {why}")
    channels = [(live, _channel(seen, live)) for live in seen.subscriptions]
    for live, channel in channels:
        if following := _following(seen, live, channel):
            yield live, following


def _channel(seen: Seen, live: Object) -> list[Bundle]:
    """Return the bundles that a Subscription may have. The sentences are those of OLM pkg/controller/registry/resolver/resolver.go."""
    told, by = spec(live), f"in the catalog referenced by subscription {name(live)}"
    content = seen.catalogue(live)
    if content is None:
        where = f"catalog {told.get('source')} in namespace {told.get('sourceNamespace')}"
        raise _never(live, f"no operators found from {where} referenced by subscription {name(live)}")
    package = content.get(told["name"])
    if package is None:
        raise _never(live, f"no operators found in package {told['name']} {by}")
    wanted = told.get("channel") or package.default
    if not (bundles := package.channel(wanted)):
        raise _never(live, f"no operators found in channel {wanted} of package {told['name']} {by}")
    starting = told.get("startingCSV")
    if starting and not status(live).get("installedCSV") and starting not in [one.name for one in bundles]:
        raise _never(live, f"no operators found with name {starting} in channel {wanted} of package {told['name']} {by}")
    return bundles


def _never(live: Object, why: str) -> Unresolved:
    return Unresolved(UNSATISFIABLE, f"constraints not satisfiable: {why}, subscription {name(live)} exists")


def _following(seen: Seen, live: Object, channel: Sequence[Bundle]) -> Bundle | None:
    """Seen: first startingCSV, or the head of the channel; then one step along it, 1 to 3 s after the version before has succeeded."""
    installed = status(live).get("installedCSV")
    if not installed:
        starting = spec(live).get("startingCSV")
        return next((one for one in channel if one.name == starting), channel[-1])
    replaced = next((one.replaces for one in channel if one.name == installed), "")
    if replaced and seen.csv(replaced):  # seen: right after an upgrade, and not final
        raise Unresolved(UNSATISFIABLE, f"constraints not satisfiable: clusterserviceversion {replaced} exists and is not referenced by a subscription, "
                                        f"subscription {name(live)} exists")  # fmt: skip
    if status(seen.csv(installed) or {}).get("phase") != "Succeeded":
        return None
    return next((one for one in channel if one.replaces == installed), None)


def _new_plans(seen: Seen, choices: Sequence[Choice]) -> Iterator[Write]:
    """OLM, createInstallPlan: one Subscription with manual approval makes the InstallPlan of all of them manual."""
    manual = any(spec(one).get("installPlanApproval") == "Manual" for one in seen.subscriptions)
    beside = [csv for _live, bundle in choices for csv in bundle.package.beside]
    told = {"approval": "Manual" if manual else "Automatic", "approved": not manual, "generation": _generation(seen) + 1,
            "clusterServiceVersionNames": list(dict.fromkeys([*(bundle.name for _live, bundle in choices), *beside]))}  # fmt: skip
    owners = [owner(one) for one in seen.subscriptions]
    for copy in range(2 if any(bundle.fails(TWICE) for _live, bundle in choices) else 1):
        seed = f"{seen.namespace} {told} {[one['uid'] for one in owners]} {copy} {seen.now}"
        wanted = "install-" + hashlib.sha256(seed.encode()).hexdigest()[:5]
        yield create(made("InstallPlan", wanted, seen.namespace, told, ownerReferences=owners))


def _generation(seen: Seen) -> int:
    referred = [int(status(one).get("installPlanGeneration") or 0) for one in seen.subscriptions]
    return max([*referred, *(int(spec(one).get("generation") or 0) for one in seen.plans)], default=0)


def _begun(seen: Seen) -> list[Object]:
    """Return InstallPlans that were made and have no phase yet.

    One that somebody wrote before it had a phase never gets one: the original updates what it created, is refused, and next time only refers to it.
    """
    referred = [(status(one).get("installPlanRef") or {}).get("name") for one in seen.subscriptions]
    return [one for one in seen.plans if not status(one).get("phase") and name(one) not in referred]


def _referred(seen: Seen, plans: Sequence[Object]) -> Iterator[Write]:
    """Give the new InstallPlans their phase, then the Subscriptions what they lead to. Of two alike, they refer to the last one."""
    for plan in (one for one in plans if one["metadata"]["generation"] == 1):
        phase = "Installing" if spec(plan).get("approved") else "RequiresApproval"
        names = spec(plan)["clusterServiceVersionNames"]
        steps = [_step(seen, csv) for csv in names]
        yield to_status(plan, phase=phase, plan=steps, catalogSources=sorted({one["resource"]["sourceName"] for one in steps}))
    last = plans[-1]
    for live in seen.subscriptions:
        content, names = seen.catalogue(live) or {}, spec(last)["clusterServiceVersionNames"]
        package = content.get(spec(live)["name"])
        own = [one.name for one in package.channel(spec(live).get("channel", ""))] if package else []
        current = next((csv for csv in names if csv in own), None)
        if current:
            ref = {"apiVersion": last["apiVersion"], "kind": "InstallPlan", "name": name(last), "namespace": seen.namespace, "uid": last["metadata"]["uid"]}
            old = {key: ref[key] for key in ("apiVersion", "kind", "name")} | {"uuid": ref["uid"]}
            conditions = with_conditions(live, without=(RESOLUTION, UNPACKING, UNPACK_FAILED))
            yield to_status(live, currentCSV=current, state=UPGRADE, installPlanRef=ref, installplan=old, conditions=conditions,
                            installPlanGeneration=spec(last)["generation"], lastUpdated=stamp(seen.now))  # fmt: skip


def _step(seen: Seen, csv: str) -> Object:
    found = next((key for key, content in seen.catalogues.items() if content and seen.bundle(csv).package.name in content), ("", ""))
    resource = {"group": "operators.coreos.com", "version": "v1alpha1", "kind": "ClusterServiceVersion", "name": csv,
                "sourceName": found[1], "sourceNamespace": found[0]}  # fmt: skip
    return {"resolving": csv, "resource": resource, "status": "Unknown"}
