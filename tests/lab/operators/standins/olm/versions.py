# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ClusterServiceVersions: each phase of OLM's state machine, one at a time, and the Deployment of the operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..catalogue import CHECK, INSTALL
from ..objects import Object, Write, apply, available, delete, made, merge, name, orphaned, owner, seconds, spec, stamp, status, to_status
from .plans import pods
from .seen import Seen, named

SUCCEEDED, FAILED, PENDING, READY, INSTALLING = "Succeeded", "Failed", "Pending", "InstallReady", "Installing"
_LONGEST = 20  # conditions that a version keeps
_OF_GROUPS = ("NoOperatorGroup", "TooManyOperatorGroups", "NoTargetNamespaces", "UnsupportedOperatorGroup")


def turn(seen: Seen) -> Iterator[Write]:
    """OLM pkg/controller/operators/olm/operator.go, transitionCSVState: first the group, then the phase."""
    for live in seen.csvs:
        yield from _one(seen, live)
    uids = [one["metadata"].get("uid", "") for one in seen.csvs]
    yield from (delete(one) for one in (*seen.deployments, *seen.accounts) if orphaned(one, "ClusterServiceVersion", uids))


def _one(seen: Seen, live: Object) -> Iterator[Write]:
    phase, reason = status(live).get("phase") or "", status(live).get("reason") or ""
    if len(seen.groups) != 1:
        several = len(seen.groups) > 1
        why = "csv created in namespace with multiple operatorgroups, can't pick one automatically" if several else "csv in namespace with no operatorgroups"
        wanted = "TooManyOperatorGroups" if several else "NoOperatorGroup"
        if reason != wanted:
            yield _to(seen, live, FAILED, wanted, why)
    elif annotations := _of_group(live, seen.groups[0]):
        yield merge(live, {"metadata": {"annotations": annotations}})
    else:
        steps = {"": _new, PENDING: _pending, READY: _ready, INSTALLING: _installing, SUCCEEDED: _succeeded, FAILED: _failed,
                 "Replacing": _replacing, "Deleting": _deleting}  # fmt: skip
        yield from steps[phase](seen, live)


def _of_group(live: Object, group: Object) -> dict[str, str]:
    """Return what a version lacks of its group's annotations."""
    targets = status(group).get("namespaces")
    if targets is None:
        return {}
    wanted = {"olm.operatorGroup": name(group), "olm.operatorNamespace": group["metadata"]["namespace"], "olm.targetNamespaces": ",".join(targets)}
    have = live["metadata"].get("annotations") or {}
    return {key: value for key, value in wanted.items() if have.get(key) != value}


def _to(seen: Seen, live: Object, phase: str, reason: str, message: str, **more: Any) -> Write:
    now, before = stamp(seen.now), status(live)
    changed = now if phase != before.get("phase") else before.get("lastTransitionTime", now)
    told = {"phase": phase, "reason": reason, "message": message, "lastUpdateTime": now, "lastTransitionTime": changed}
    conditions = [*(before.get("conditions") or ()), told][-_LONGEST:]
    return to_status(live, **told, conditions=conditions, **more)


def _new(seen: Seen, live: Object) -> Iterator[Write]:
    if status(seen.groups[0]).get("namespaces") is not None:
        yield _to(seen, live, PENDING, "RequirementsUnknown", "requirements not yet checked")


def _requirements(seen: Seen, live: Object) -> list[Object]:
    """Return what a version needs, as `requirementStatus` has it: the CRDs that it brings or requires, and its account."""
    crds = spec(live).get("customresourcedefinitions") or {}
    found = []
    for one in [*(crds.get("owned") or ()), *(crds.get("required") or ())]:
        told = ("Present", "CRD is present and Established condition is true") if one["name"] in seen.served else ("NotPresent", "CRD is not present")
        found.append({"group": "apiextensions.k8s.io", "version": "v1", "kind": "CustomResourceDefinition", "name": one["name"],
                      "status": told[0], "message": told[1]})  # fmt: skip
    account = seen.bundle(name(live)).package.name
    there = named(seen.accounts, account) is not None
    return [*found, {"group": "", "version": "v1", "kind": "ServiceAccount", "name": account, "status": "Present" if there else "NotPresent",
                     "message": "" if there else "Service account does not exist"}]  # fmt: skip


def _pending(seen: Seen, live: Object) -> Iterator[Write]:
    """Seen: RequirementsNotMet is passed through even if all goes well, because the version exists before its CRDs and its account."""
    needed = _requirements(seen, live)
    replaced = seen.csv(spec(live).get("replaces") or "")
    if any(one["status"] != "Present" for one in needed):
        if status(live).get("reason") != "RequirementsNotMet":
            yield _to(seen, live, PENDING, "RequirementsNotMet", "one or more requirements couldn't be found", requirementStatus=needed)
    elif not replaced or status(replaced).get("phase") == "Replacing":
        yield _to(seen, live, READY, "AllRequirementsMet", "all requirements found, attempting install", requirementStatus=needed)


def _ready(seen: Seen, live: Object) -> Iterator[Write]:
    bundle = seen.bundle(name(live))
    if bundle.fails(INSTALL):
        yield _to(seen, live, FAILED, "InstallComponentFailed", "install strategy failed: admission webhook denied the request")
        return
    if bundle.package.image:
        labels = {"olm.owner": name(live), "olm.owner.kind": "ClusterServiceVersion", "olm.managed": "true"}
        wanted = made("Deployment", bundle.package.name, seen.namespace, pods(bundle), labels=labels, ownerReferences=[owner(live)])
        yield apply(wanted)
    yield _to(seen, live, INSTALLING, "InstallSucceeded", "waiting for install components to report healthy")


def _unhealthy(seen: Seen, live: Object) -> str:
    """Return what a version's Deployment lacks; empty if nothing. A bundle that fails the check never has what it needs."""
    bundle = seen.bundle(name(live))
    what = bundle.package.name
    deployment = named(seen.deployments, what)
    if bundle.package.image and deployment is None:
        return f"missing deployment with name={what}"
    if bundle.fails(CHECK) or (deployment and bundle.package.image and not available(deployment)):
        return f'waiting for deployment {what} to become ready: deployment "{what}" not available: Deployment does not have minimum availability.'
    return ""


def _installing(seen: Seen, live: Object) -> Iterator[Write]:
    """OLM, updateInstallStatus: a Deployment that exceeds its progress deadline fails the version for good, five minutes of waiting only for a moment."""
    lacks = _unhealthy(seen, live)
    bundle = seen.bundle(name(live))
    waits = (status(live).get("reason"), status(live).get("message")) == ("InstallWaiting", f"installing: {lacks}")
    if not lacks:
        yield _to(seen, live, SUCCEEDED, "InstallSucceeded", "install strategy completed with no errors")
    elif bundle.fails(CHECK) and waits:
        what = bundle.package.name
        why = f'install failed: deployment {what} not ready before timeout: deployment "{what}" exceeded its progress deadline'
        yield _to(seen, live, FAILED, "InstallCheckFailed", why)
    elif seen.now - seconds(status(live).get("lastTransitionTime")) >= seen.patience:
        yield _to(seen, live, FAILED, "InstallCheckFailed", "install timeout")
    elif not waits:
        yield _to(seen, live, INSTALLING, "InstallWaiting", f"installing: {lacks}")


def _succeeded(seen: Seen, live: Object) -> Iterator[Write]:
    by = next((one for one in seen.csvs if spec(one).get("replaces") == name(live)), None)
    needed = _requirements(seen, live)
    if by:
        yield _to(seen, live, "Replacing", "BeingReplaced", f"being replaced by csv: {name(by)}")
    elif any(one["status"] != "Present" for one in needed):
        yield _to(seen, live, FAILED, "RequirementsNotMet", "requirements no longer met", requirementStatus=needed)
    elif lacks := _unhealthy(seen, live):
        yield _to(seen, live, FAILED, "ComponentUnhealthy", f"installing: {lacks}")


def _failed(seen: Seen, live: Object) -> Iterator[Write]:
    """What failed begins anew, again and again: groups that were wrong, requirements that went, a lost Deployment, a strategy that fails each time.

    Only a Deployment that exceeds its progress deadline stays, because its strategy is not tried again before that ends.
    """
    reason, bundle = status(live).get("reason"), seen.bundle(name(live))
    needed = _requirements(seen, live)
    if reason in _OF_GROUPS:
        yield _to(seen, live, PENDING, "RequirementsUnknown", "InstallModes now support target namespaces")
    elif any(one["status"] != "Present" for one in needed):
        yield _to(seen, live, PENDING, "RequirementsNotMet", "requirements not met", requirementStatus=needed)
    elif not bundle.fails(CHECK):
        if lacks := _unhealthy(seen, live):
            yield _to(seen, live, PENDING, "NeedsReinstall", f"installing: {lacks}")
        else:
            yield _to(seen, live, SUCCEEDED, "InstallSucceeded", "install strategy completed with no errors")


def _replacing(seen: Seen, live: Object) -> Iterator[Write]:
    by = next((one for one in seen.csvs if spec(one).get("replaces") == name(live)), None)
    if by and status(by).get("phase") == SUCCEEDED and not seen.csv(spec(live).get("replaces") or ""):
        why = "has been replaced by a newer ClusterServiceVersion that has successfully installed."
        yield _to(seen, live, "Deleting", "Replaced", why)


def _deleting(_seen: Seen, live: Object) -> Iterator[Write]:
    yield delete(live)
