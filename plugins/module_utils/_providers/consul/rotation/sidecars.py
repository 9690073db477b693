# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workloads with a sidecar of ours. A sidecar reads its token, and the CA of the agents, when its pod starts: so they restart one by one.

The Secret is written right before the template, which names the rotation for which the pods restart. A run that was killed goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...._mesh.install.due import Due
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition, verdict
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Read
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import StepPlace
from ...._mesh.trust.root_secret import encoded
from ...._mesh.workloads.service_wish import ServiceWish
from ..names import PROXY
from ..workloads import identity

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
Values = Callable[[ServiceWish], Mapping[str, bytes]]


def reads() -> list[Read]:
    """Return all workloads: which of them have a sidecar stands in their templates alone."""
    return [Read("apps/v1", kind, without=("spec.template.spec",)) for kind in KINDS]


def of_consul(place: StepPlace, live: Live) -> Live:
    """Return the same without the workloads of users."""
    own = {kind: [one for one in live.get(kind, ()) if _is_ours(place, one)] for kind in KINDS}
    return {**live, **own}


def _is_ours(place: StepPlace, workload: Object) -> bool:
    meta = workload["metadata"]
    return meta.get("namespace") == place.namespace and (meta.get("labels") or {}).get("app") == "consul" and not _service(workload)


def _service(workload: Object) -> str:
    template = ((workload.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return str((template.get("labels") or {}).get(PROXY) or "")


def carrying(live: Live) -> Iterator[tuple[Ref, Object, ServiceWish]]:
    """Yield each workload with a sidecar, and the service that it is."""
    for kind in KINDS:
        for one in sorted(live.get(kind, ()), key=lambda each: (str(each["metadata"].get("namespace")), str(each["metadata"]["name"]))):
            if service := _service(one):
                ref = Ref.of({**one, "apiVersion": "apps/v1", "kind": kind})
                yield ref, one, ServiceWish(service, str(ref.namespace), 0)


def forbidden(place: StepPlace, live: Live, kind: str, mark: str) -> str:
    """Return the sentence that refuses the rotation where workloads would have to restart, and may not; empty if none has to, or all may."""
    late = [ref for ref, one, _service in carrying(live) if not mark or renewed.template_marks(one, kind) != mark]
    if place.may_restart or not late:
        return ""
    shown = ", ".join(map(str, late[:3])) + (f" and {len(late) - 3} more" if len(late) > 3 else "")
    why = f"Sidecars take another CA of the agents, or another token, only when they start: those of {shown}"
    return f"{why}. Allow the run to restart these workloads, one after the other, with rotate_restart=true."


def due(live: Live, kind: str, mark: str, values: Values) -> Due:
    """Return the next workload that is to restart: what its Secret gets, and the mark on its template. Nothing if all have."""
    for ref, one, service in carrying(live):
        if renewed.template_marks(one, kind) != mark:
            return Due(patches=[(identity.secret_ref(service), handed(values(service))), (ref, renewed.marked(kind, mark))])
        if said := verdict(Condition(ref, "rollout"), {**one, "kind": ref.kind}):
            return Due(lags=[f"{ref} restarts: {said}"])
    return Due()


def noted(live: Live, kind: str, mark: str, values: Values) -> Due:
    """Return what the Secrets of all services get without a restart. Each workload notes for which rotation its Secret got it."""
    late = [(ref, service) for ref, one, service in carrying(live) if renewed.rotation_of(one, kind) != mark]
    pairs = [((identity.secret_ref(service), handed(values(service))), (ref, renewed.noting(kind, mark))) for ref, service in late]
    return Due(patches=[patch for pair in pairs for patch in pair])


def handed(values: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Return the patch of the Secret of a service."""
    return {"data": {key: encoded(value) for key, value in values.items()}}


def permissions() -> list[dict[str, str]]:
    """Return the rights to find such workloads in any namespace, and to hand out what they read."""
    wanted = [("apps", f"{kind.lower()}s", verb) for kind in KINDS for verb in ("list", "get", "patch")]
    wanted += [("", "secrets", verb) for verb in ("get", "patch")]
    return [{"verb": verb, "group": group, "resource": resource, "namespace": ""} for group, resource, verb in wanted]
