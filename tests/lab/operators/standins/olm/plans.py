# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""InstallPlans: approval, then the ClusterServiceVersions, then what they need, and only then Complete."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue import PLAN, UNMET, Bundle
from ..objects import Object, Write, apply, create, delete, made, name, orphaned, seconds, spec, stamp, status, to_status, with_conditions
from .seen import Seen, component, named


def turn(seen: Seen) -> Iterator[Write]:
    """OLM pkg/controller/operators/catalog/operator.go, transitionInstallPlanState. The garbage collector takes those whose Subscriptions are gone."""
    for live in seen.plans:
        if orphaned(live, "Subscription", (one["metadata"].get("uid", "") for one in seen.subscriptions)):
            yield delete(live)
        elif status(live).get("phase") == "RequiresApproval" and spec(live).get("approved"):
            yield to_status(live, phase="Installing")
        elif status(live).get("phase") == "Installing":
            yield from _installing(seen, live)


def _installing(seen: Seen, live: Object) -> Iterator[Write]:
    bundles = [seen.bundle(csv) for csv in spec(live)["clusterServiceVersionNames"]]
    if bad := next((one for one in bundles if one.fails(PLAN)), None):
        yield _trying(seen, live, f"error creating clusterserviceversion {bad.name}: admission webhook denied the request")
    elif missing := [one for one in bundles if not seen.csv(one.name)]:
        yield from (create(csv(one, seen.namespace)) for one in missing)
    elif not status(live).get("startTime"):
        yield to_status(live, startTime=stamp(seen.now))
    elif any(_unchecked(seen.csv(one.name) or {}) for one in bundles):
        return  # seen: the version is first said to lack what the plan then brings
    elif wanted := [one for bundle in bundles for one in _components(seen, bundle)]:
        yield from (apply(one) for one in wanted)
    else:
        steps = [{**step, "status": "Created"} for step in status(live).get("plan") or ()]
        told = {"type": "Installed", "status": "True", "lastTransitionTime": stamp(seen.now), "lastUpdateTime": stamp(seen.now)}
        yield to_status(live, phase="Complete", plan=steps, conditions=with_conditions(live, told))


def _unchecked(version: Object) -> bool:
    return status(version).get("phase", "") in ("", "Pending") and status(version).get("reason", "RequirementsUnknown") == "RequirementsUnknown"


def _trying(seen: Seen, live: Object, why: str) -> Write:
    """OLM, transitionInstallPlanState: a step that fails is tried again for a minute (--install-plan-retry-timeout), and only then the plan is Failed."""
    begun = status(live).get("startTime")
    if not begun or seen.now - seconds(begun) < seen.retry:
        return to_status(live, startTime=begun or stamp(seen.now), message=f"retrying execution due to error: {why}")
    told = {"type": "Installed", "status": "False", "reason": "InstallComponentFailed", "message": why,
            "lastTransitionTime": stamp(seen.now), "lastUpdateTime": stamp(seen.now)}  # fmt: skip
    return to_status(live, phase="Failed", message=why, conditions=with_conditions(live, told))


def _components(seen: Seen, bundle: Bundle) -> Iterator[Object]:
    """What a bundle brings beside its version, as far as it is not there: CRDs, which stay for good, and the account of its Deployment."""
    for crd in bundle.package.crds():
        if name(crd) not in seen.served:
            labels = {"olm.managed": "true", component(bundle, seen.namespace): ""}
            yield {**crd, "metadata": {**crd["metadata"], "labels": labels}}
    if not named(seen.accounts, bundle.package.name):
        yield made("ServiceAccount", bundle.package.name, seen.namespace, labels={"olm.managed": "true", "olm.owner": bundle.name})


def csv(bundle: Bundle, namespace: str) -> Object:
    """Return the ClusterServiceVersion of a bundle."""
    package = bundle.package
    owned = [{"name": f"{one['plural']}.{one['group']}", "version": one["version"], "kind": one["kind"]} for one in package.kinds]
    needed = [{"name": "missing.example.com", "version": "v1", "kind": "Missing"}] if bundle.fails(UNMET) else []
    deployments = [{"name": package.name, "spec": pods(bundle)}] if package.image else []
    told = {"displayName": package.name, "version": bundle.version, "install": {"strategy": "deployment", "spec": {"deployments": deployments}},
            "installModes": [{"type": one, "supported": True} for one in ("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces")],
            "customresourcedefinitions": {"owned": owned, **({"required": needed} if needed else {})}}  # fmt: skip
    told |= {"replaces": bundle.replaces} if bundle.replaces else {}
    return made("ClusterServiceVersion", bundle.name, namespace, told, labels={component(bundle, namespace): ""})


def pods(bundle: Bundle) -> Object:
    """Return the spec of an operator's Deployment."""
    package, labels = bundle.package, {"name": bundle.package.name}
    container = {"name": "operator", "image": package.image, "imagePullPolicy": "IfNotPresent", "env": [{"name": "VERSION", "value": bundle.version}]}
    return {"replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"serviceAccountName": package.name, "containers": [container]}}}  # fmt: skip
