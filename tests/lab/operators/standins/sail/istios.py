# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Istios: the active revision, what its status says, and the end of revisions that nobody uses."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from ..objects import Object, Write, condition, create, delete, difference, made, merge, name, owned_by, owner, seconds, spec, status
from .seen import AMBIENT, DEFAULT, OPENSHIFT, Seen, on, said, values

GRACE = 30  # seconds: SO api/v1, DefaultRevisionDeletionGracePeriodSeconds
_KINDS = ("Reconciled", "Ready", "DependenciesHealthy")


def active(live: Object) -> str:
    """SO controllers/istio/istio_controller.go, getActiveRevisionName."""
    if (spec(live).get("updateStrategy") or {}).get("type") == "RevisionBased":
        return f"{name(live)}-{spec(live)['version'].replace('.', '-')}"
    return name(live)


def turn(seen: Seen) -> Iterator[Write]:
    for live in seen.objects["Istio"]:
        if not live["metadata"].get("deletionTimestamp"):
            yield from _one(seen, live)


def _one(seen: Seen, live: Object) -> Iterator[Write]:
    owned = [one for one in seen.objects["IstioRevision"] if owned_by(one, live["metadata"].get("uid", ""))]
    count = {"total": len(owned), **{key: len([one for one in owned if condition(one, kind).get("status") == "True"])
                                     for key, kind in (("ready", "Ready"), ("inUse", "InUse"))}}  # fmt: skip
    if error := _error(seen, live):  # seen: final, and the active revision stays as it was
        told = [on(seen, live, "Reconciled", "False", "ReconcileError", error),
                on(seen, live, "Ready", "Unknown", "ReconcileError", "cannot determine readiness due to reconciliation error")]  # fmt: skip
        yield from said(live, told, state="ReconcileError", revisions=count)
        return
    wanted = _revision(seen, live)
    revision = seen.get("IstioRevision", name(wanted))
    if revision is None:
        yield create(wanted)
    elif not revision["metadata"].get("deletionTimestamp"):
        if spec(revision) != wanted["spec"]:
            yield merge(revision, {"spec": difference(spec(revision), wanted["spec"])})
        # seen: of a revision without a status the conditions are Unknown, without a reason, and there is no state, although observedGeneration is the new one
        conditions = [_of(seen, live, revision, kind) for kind in _KINDS]
        yield from said(live, conditions, state=status(revision).get("state"), activeRevisionName=name(wanted), revisions=count)
    yield from _pruned(seen, live, owned)


def _of(seen: Seen, live: Object, revision: Object, kind: str) -> Object:
    one = condition(revision, kind)
    return on(seen, live, kind, one.get("status", "Unknown"), one.get("reason", ""), one.get("message", ""))


def _error(seen: Seen, live: Object) -> str:
    version = str(spec(live).get("version") or "")
    if not version or not spec(live).get("namespace"):
        return f"validation error: spec.{'namespace' if version else 'version'} not set"
    return seen.options.wrong(version, f'Istio version for "{name(live)}"')


def _revision(seen: Seen, live: Object) -> Object:
    """SO pkg/revision: the values of the profile, above them those of the Istio, and the revision and the namespace filled in."""
    revision, place, told = active(live), spec(live)["namespace"], copy.deepcopy(values(live))
    profile = str(spec(live).get("profile") or "")
    if profile.endswith(AMBIENT):  # resources/*/profiles: of the others only what a status depends on is played
        told.setdefault("profile", AMBIENT)
    if profile.startswith(OPENSHIFT):
        told["global"] = {"platform": OPENSHIFT, **(told.get("global") or {})}
    told["revision"] = "" if revision == DEFAULT else revision
    told["global"] = {**(told.get("global") or {}), "istioNamespace": place}
    wanted = {"version": seen.options.resolved(spec(live)["version"]), "namespace": place, "values": told}
    return made("IstioRevision", revision, spec=wanted, ownerReferences=[{**owner(live, controller=True), "blockOwnerDeletion": True}])


def _pruned(seen: Seen, live: Object, owned: list[Object]) -> Iterator[Write]:
    """SO pkg/revision/prune.go: only what is known to be unused, and only after the grace period since it lost its last user."""
    grace = (spec(live).get("updateStrategy") or {}).get("inactiveRevisionDeletionGracePeriodSeconds", GRACE)
    for one in owned:
        used = condition(one, "InUse")
        idle = used.get("status") == "False" and seen.now - seconds(used.get("lastTransitionTime")) > grace
        if name(one) != active(live) and idle and not one["metadata"].get("deletionTimestamp"):
            yield delete(one)
