# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster holds for the Sail operator, and how its statuses are put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..objects import Object, Write, condition, name, spec, stamp, status, to_status, with_conditions

DEFAULT, INJECT, REV, SIDECAR = "default", "istio-injection", "istio.io/rev", "sidecar.istio.io/inject"
HEALTHY = "Healthy"
AMBIENT, OPENSHIFT = "ambient", "openshift"


@dataclass(frozen=True)
class Options:
    """The versions that can be installed, the newest first, and those that are past their end of life, as the operator of a release has them."""

    versions: Sequence[str] = ("v1.32.0", "v1.31.0")
    ended: Sequence[str] = ("v1.27.0",)

    def resolved(self, wanted: str) -> str:
        """Return the version that a name such as v1.32-latest leads to; empty if it leads nowhere."""
        if wanted.endswith("-latest"):
            return next((one for one in self.versions if one.startswith(wanted.removesuffix("latest").removesuffix("-") + ".")), "")
        return wanted if wanted in self.versions else ""

    def wrong(self, version: str, of: str) -> str:
        """Return why a version cannot be installed; empty if it can. `of` says what it is for where nobody knows it."""
        if version in self.ended:
            return f'validation error: version "{version}" is end-of-life and cannot be installed; use a supported version'
        return "" if self.resolved(version) else f'failed to resolve {of}: version "{version}" not found'


@dataclass(frozen=True)
class Seen:
    objects: Mapping[str, Sequence[Object]]
    now: float
    options: Options = field(default_factory=Options)

    def get(self, kind: str, wanted: str, namespace: str | None = None) -> Object | None:
        found = (one for one in self.objects[kind] if name(one) == wanted and namespace in (None, one["metadata"].get("namespace")))
        return next(found, None)

    def referenced(self, wanted: str, injected: bool) -> bool:
        """SO controllers/istiorevision, isRevisionReferenced, and controllers/istiorevisiontag: a namespace's label goes before the labels of its pods."""
        spaces = {name(one): _of_namespace(one["metadata"].get("labels") or {}) for one in self.objects["Namespace"]}
        if wanted in spaces.values():
            return True
        pods = [one for one in self.objects["Pod"] if status(one).get("phase") != "Succeeded" and one["metadata"].get("namespace") in spaces]
        for pod in pods:
            meta = pod["metadata"]
            if injected and (meta.get("annotations") or {}).get(REV) == wanted:
                return True
            if not spaces[meta["namespace"]] and _of_pod(meta.get("labels") or {}) == wanted:
                return True
        return False


def first(one: Object, other: Object) -> bool:
    """SO pkg/validation: the older of two objects with one name has it, and of two of the same second that with the smaller uid."""
    mine, its = (str(each["metadata"].get("creationTimestamp") or "") for each in (one, other))
    return mine < its or (mine == its and one["metadata"].get("uid", "") < other["metadata"].get("uid", ""))


def homeless(seen: Seen, place: str) -> str:
    """Return why nothing can be installed into a namespace: SO pkg/validation, ValidateTargetNamespace."""
    space = seen.get("Namespace", place)
    if space is None:
        return f'validation error: namespace "{place}" doesn\'t exist'
    return f'validation error: namespace "{place}" is being deleted' if space["metadata"].get("deletionTimestamp") else ""


def led(seen: Seen, ref: Mapping[str, str]) -> tuple[Object | None, str]:
    """Return the revision of a targetRef, or why there is none: SO pkg/revision/references.go. An Istio means its active revision."""
    wanted = ref.get("name", "")
    if ref.get("kind") == "Istio":
        istio = seen.get("Istio", wanted)
        if istio is None:
            return None, f'Istio.sailoperator.io "{wanted}" not found'
        wanted = str(status(istio).get("activeRevisionName") or "")
        if not wanted:
            return None, "transient error: referenced Istio has no active revision"
    revision = seen.get("IstioRevision", wanted)
    return revision, "" if revision else f'IstioRevision.sailoperator.io "{wanted}" not found'


def ambient(live: Object) -> bool:
    """SO pkg/revision/dependency.go, DependsOnZTunnel: by what a profile or a user says."""
    told = values(live)
    return ((told.get("pilot") or {}).get("env") or {}).get("PILOT_ENABLE_AMBIENT") == "true" or told.get("profile") == AMBIENT


def for_everybody(live: Object) -> bool:
    """Return whether a revision injects into each namespace that says nothing: then the one that is named default is in use."""
    return bool((values(live).get("sidecarInjectorWebhook") or {}).get("enableNamespacesByDefault"))


def _of_namespace(labels: Mapping[str, str]) -> str:
    return DEFAULT if labels.get(INJECT) == "enabled" else labels.get(REV, "")


def _of_pod(labels: Mapping[str, str]) -> str:
    if labels.get(SIDECAR) == "false":
        return ""
    return labels.get(REV) or (DEFAULT if labels.get(SIDECAR) == "true" else "")


def on(seen: Seen, live: Object, kind: str, value: str, reason: str = "", message: str = "") -> Object:
    """Return a condition. Its time is that of the last change of its value."""
    before = condition(live, kind)
    since = before.get("lastTransitionTime") if before.get("status") == value else None
    told = {**({"reason": reason} if reason else {}), **({"message": message} if message else {})}
    return {"type": kind, "status": value, **told, "lastTransitionTime": since or stamp(seen.now)}


def in_use(seen: Seen, live: Object, used: bool) -> Object:
    if used:
        return on(seen, live, "InUse", "True", "ReferencedByWorkloads", "Referenced by at least one pod or namespace")
    return on(seen, live, "InUse", "False", "NotReferencedByAnything", "Not referenced by any pod or namespace")


def state(conditions: Sequence[Object]) -> str:
    """SO pkg/reconciler/status.go, DeriveState: the reason of the first condition that is not True."""
    return next((str(one.get("reason", "")) for one in conditions if one["status"] != "True"), HEALTHY)


def said(live: Object, conditions: Sequence[Object], **more: Any) -> Iterator[Write]:
    """Yield the status if it differs."""
    fresh = with_conditions(live, *conditions)
    wanted = {"observedGeneration": live["metadata"]["generation"], **more}
    if fresh != status(live).get("conditions") or any(status(live).get(key) != value for key, value in wanted.items()):
        yield to_status(live, conditions=fresh, **wanted)


def values(live: Object) -> Object:
    return dict(spec(live).get("values") or {})
