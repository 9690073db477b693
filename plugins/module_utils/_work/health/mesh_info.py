# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what runs of a mesh: its objects, and the answers of its control planes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.backup.snapshot import age, of_cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.cutover import plane_report
from ..._mesh.cutover.declared import planes
from ..._mesh.cutover.following import followed, unfinished
from ..._mesh.cutover.planes import Plane
from ..._mesh.errors import MeshError, NotReady
from ..._mesh.few_names import few
from ..._mesh.health.health import Expected, HealthFacts, findings, lasting
from ..._mesh.health.stuck import Patience, late_after, stuck_after
from ..._mesh.install import notices, versions
from ..._mesh.trust.certificate import iso
from ..._pki.x509 import bundle
from ..._providers import provider
from ..backup import shelf
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..follow import Pace, follow
from ..install import places
from ..look import look, present

_EXPECTED: dict[str, Any] = dict(
    revision=dict(default=""),
    network=dict(default=""),
    role=dict(choices=["primary", "remote"], default="primary"),
    gateway=dict(type="bool", default=True),
    remotes=dict(type="dict", default={}),
    tags=dict(type="list", elements="str"),
)
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        **MESH_OPTIONS,
        expected=dict(type="dict", options=_EXPECTED),
        config=dict(type="bool", default=False),
        leftovers_of=dict(),
        notices=dict(type="bool", default=False),
        followers=dict(type="bool", default=False),
        planes=dict(type="dict", default={}),
        led=dict(type="list", elements="str", default=[]),
        snapshots=dict(type="path"),
        mesh=dict(default=""),
        wait=dict(type="bool", default=False),
        wait_timeout=dict(type="int", default=120),
    ),
    prepare=complete,
)


@dataclass(frozen=True)
class Request:
    """What a task wants to know of a mesh in a cluster. `seconds` is how long it waits until nothing is wrong; None if it does not wait."""

    provider: str
    namespace: str
    expected: Expected | None
    config: bool
    leftovers_of: str | None
    notices: bool
    followers: bool
    led: tuple[str, ...]
    seconds: float | None
    planes: tuple[Plane, ...] = ()
    snapshots: str = ""
    mesh: str = ""

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        return cls(
            provider=params["provider"],
            namespace=params["namespace"],
            expected=Expected(**params["expected"]) if params["expected"] else None,
            config=params["config"],
            leftovers_of=params["leftovers_of"],
            notices=bool(params.get("notices")),
            followers=bool(params.get("followers")),
            led=tuple(params.get("led") or ()),
            seconds=params["wait_timeout"] if params["wait"] else None,
            planes=tuple(planes(params.get("planes")).values()),
            snapshots=params.get("snapshots") or "",
            mesh=params.get("mesh") or "",
        )


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    request, ticking = Request.of(params), clock or SystemClock()
    mesh, space = provider(request.provider), request.namespace
    waits = request.seconds is not None and not cluster.dry_run
    health, findings = _awaited(cluster, mesh, request, ticking) if waits else _judged(cluster, mesh, request)
    result = {"changed": False, **health.as_dict(), "findings": findings, "trust": _trust(cluster, mesh, space, health.line)}
    if request.config:
        result["config"] = _config(cluster, mesh, space)
    if request.notices:
        result["notices"] = _notices(cluster, mesh, request, health, ticking.now().date())
    if request.followers and mesh.stories.cutover:
        state = look(cluster, mesh.cutover.standing(cluster.name, space))
        proxies = Counter(proxy.revision for proxy in health.proxies)
        result["followed"] = followed(state, proxies)
        result["notices"] = [*result.get("notices", []), *(f"{cluster.name}: {said}." for said in unfinished(state, proxies))]
    if request.planes and mesh.stories.cutover:
        result["shares"], unsettled = _shares(cluster, mesh, request)
        result["notices"] = [*result.get("notices", []), *unsettled]
    if request.snapshots and mesh.stories.backup:
        result["notices"] = [*result.get("notices", []), _snapshot(cluster, request, ticking.now())]
    if request.leftovers_of is not None:
        result["leftovers"] = _leftovers(cluster, mesh, space, request.leftovers_of)
    return result


def _snapshot(cluster: Cluster, request: Request, now: datetime) -> str:
    """Say how old the last snapshot is, which the names of files say."""
    files = of_cluster(shelf.names(request.snapshots), request.mesh, cluster.name)
    return f"{cluster.name}: {age(files[0] if files else None, request.snapshots, now)}."


def _judged(cluster: Cluster, mesh: Provider, request: Request) -> tuple[HealthFacts, list[str]]:
    health = _health(cluster, mesh, request.namespace)
    return health, findings(health, request.expected) if request.expected else []


def _awaited(cluster: Cluster, mesh: Provider, request: Request, clock: Clock) -> tuple[HealthFacts, list[str]]:
    """Wait until no finding remains. Give up early if waiting will not help."""
    patience, timeout = Patience(), request.seconds or 0

    def hopeless(seen: tuple[HealthFacts, list[str]], seconds: float) -> NotReady | None:
        if not request.expected or not patience.over(lasting(seen[0], request.expected), seconds):
            return None
        return _late(cluster.name, stuck_after(seconds), seen[1])

    return follow(
        lambda: _judged(cluster, mesh, request),
        done=lambda seen: not seen[1],
        late=lambda seen, _seconds: _late(cluster.name, late_after(timeout), seen[1]),
        timeout=timeout,
        hopeless=hopeless,
        waits=lambda seen: few([text.removeprefix(f"{cluster.name}: ") for text in seen[1]], 3, " "),
        pace=Pace(0.5, 0.5),
        clock=clock,
    )


def _late(cluster: str, when: str, seen: list[str]) -> NotReady:
    return NotReady(f"{cluster}: {when}: {' '.join(text.removeprefix(f'{cluster}: ') for text in seen)}", findings=seen)


def _health(cluster: Cluster, mesh: Provider, namespace: str) -> HealthFacts:
    return _dated(look(cluster, mesh.health.facts(cluster.name, namespace)))


def _dated(health: HealthFacts) -> HealthFacts:
    """Return the facts with the end of each deadline among the faults."""
    read = [(one.text, bundle(one.certificate)) for one in health.deadlines]
    return replace(health, faults=[*health.faults, *(f"{text} {iso(ends[0].not_after)}" for text, ends in read if ends)], deadlines=())


def _notices(cluster: Cluster, mesh: Provider, request: Request, health: HealthFacts, today: date) -> list[str]:
    """Return notices about what will not last."""
    required = mesh.install.requirements()
    known = notices.SupportData(required.gone, required.versions, today, request.led)
    images = places.named(cluster, mesh, request.namespace)
    version = versions.minor(cluster.identity().version)
    facts = health.as_dict()
    whose = [f"{cluster.name}: {text}." for text in (*health.kept, *health.noticed)]
    return whose + notices.running(cluster.name, facts["planes"], facts["proxies"], images, version, known)


def _shares(cluster: Cluster, mesh: Provider, request: Request) -> tuple[list[dict[str, Any]], list[str]]:
    """Where each plane stands, and sentences about what is not settled, or cannot be read: a report says nothing less of everything else for that."""
    shares, said = list[dict[str, Any]](), list[str]()
    for plane in request.planes:
        try:
            state = look(cluster, mesh.cutover.plane(cluster.name, request.namespace, plane)).state
        except MeshError as failed:
            why = str(failed).removeprefix(f"{cluster.name}: ").rstrip(".")
            said.append(f"{cluster.name}: who serves the plane {plane.name} could not be read: {why}.")
            continue
        shares.append(plane_report.standing(plane, state))
        said += [f"{cluster.name}: {one}." for one in plane_report.unfinished(plane, state)]
    return shares, said


def _config(cluster: Cluster, mesh: Provider, namespace: str) -> dict[str, int]:
    """Count the objects of the mesh's kinds that this collection did not make."""
    return look(cluster, mesh.health.config(namespace))


def _leftovers(cluster: Cluster, mesh: Provider, namespace: str, revision: str) -> list[dict[str, Any]]:
    """Return what is left of a revision, as manifests that only name the objects."""
    refs = look(cluster, mesh.install.leftovers(namespace, revision))
    return [{"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name, "namespace": ref.namespace}} for ref in refs]


def _trust(cluster: Cluster, mesh: Provider, namespace: str, line: bytes) -> dict[str, Any]:
    """Return the certificates of the CA, never its key: of the one with which the product says that it signs, or else of the Secret."""
    if signing := bundle(line):
        return {"root": signing[-1].facts(), "intermediate": signing[0].facts()}
    trust = mesh.trust
    refs = trust.objects(namespace)
    live = present(cluster, refs)
    if refs[0] not in live:
        return {}
    material = trust.read(live)
    parts = {"root": bundle(material.roots), "intermediate": bundle(material.certificate)}
    return {part: certificates[0].facts() for part, certificates in parts.items() if certificates}
