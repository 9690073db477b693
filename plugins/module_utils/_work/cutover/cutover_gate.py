# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read how a cluster does after a wave of a cutover, for module cutover_gate and its action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._kube.waiting import waiting
from ..._mesh.connection import Connection
from ..._mesh.contract.cutover import Cutover
from ..._mesh.contract.health import Health
from ..._mesh.cutover.gate import ProbeReading, Reading, since
from ..._mesh.cutover.observed import ClusterState
from ..._mesh.cutover.orders import Aim
from ..._mesh.cutover.plan import mesh_late, wave_late
from ..._mesh.cutover.user_gate import Gate, gate_of
from ..._mesh.cutover.waves import Wave
from ..._mesh.errors import MeshError
from ..._mesh.few_names import few
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..follow import Pace
from ..look import look
from .fresh import PRIMARY_CONNECTION, FreshLook, primary_connection
from .knocking import knocked
from .probing import ProbeOrder, probed
from .sending import gone_astray
from .user_gates import answers

_HEADERS: dict[str, Any] = {"headers": {"type": "dict"}, "ca": {"type": "path"}}
_QUERY: dict[str, Any] = {"url": {"required": True}, "query": {"required": True}, "most": {"type": "float"}, "least": {"type": "float"}, **_HEADERS}
_PAGE: dict[str, Any] = {
    "url": {"required": True},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "contains": {},
    "most_seconds": {"type": "float"},
    **_HEADERS,
}
_GATE: dict[str, Any] = {
    "name": {"required": True},
    "prometheus": {"type": "dict", "options": _QUERY, "required_one_of": [("most", "least")]},
    "http": {"type": "dict", "options": _PAGE},
}
_PROBES: dict[str, Any] = {
    "targets": {"type": "list", "elements": "str", "default": []},
    "requests": {"type": "int", "default": 50},
    "timeout": {"type": "float", "default": 5.0},
    "trust_domain": {"default": "cluster.local"},
    "gateway": {"type": "bool", "default": True},
    "destinations": {"type": "bool", "default": True},
}
TASK: dict[str, Any] = {
    "argument_spec": {
        **MESH_OPTIONS,
        **PRIMARY_CONNECTION,
        "target": {"required": True},
        "former": {"required": True},
        "wave": {"type": "int", "default": 0},
        "spaces": {"type": "list", "elements": "str", "default": []},
        "services": {"type": "list", "elements": "str", "default": []},
        "finished": {"type": "bool", "default": False},
        "probes": {"type": "dict", "options": _PROBES},
        "gates": {
            "type": "list",
            "elements": "dict",
            "options": _GATE,
            "default": [],
            "required_one_of": [("prometheus", "http")],
            "mutually_exclusive": [("prometheus", "http")],
        },
        "since": {"type": "dict", "default": {}},
        "timeout": {"type": "int", "default": 60},
    },
    "prepare": complete,
}
_GRACE = 30.0  # a wave has been followed to its end: what is late now has fallen back, and may come again


@dataclass(frozen=True)
class GateRequest:
    """`since` are facts of the reading before the first wave; empty makes this one the first. `patience` is how long probes may take to work at all.

    If it is `finished`, everything has to follow the target, with the tags too.

    `primary` is the cluster that serves a remote one.
    """

    provider: str
    namespace: str
    aim: Aim
    wave: int
    spaces: tuple[str, ...]
    services: tuple[str, ...]
    probes: ProbeOrder
    gates: tuple[Gate, ...]
    since: Mapping[str, Any] = field(repr=False)
    patience: float = 0.0
    primary: Connection | None = None
    finished: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> GateRequest:
        probes = params["probes"] or {}
        return cls(
            provider=params["provider"],
            namespace=params["namespace"],
            aim=Aim(params["target"], params["former"]),
            wave=params["wave"],
            spaces=tuple(params["spaces"]),
            services=tuple(params["services"]),
            probes=ProbeOrder(**{**probes, "patience": 0.0 if params["since"] else params["timeout"]}),
            gates=tuple(gate_of(wish) for wish in params["gates"]),
            since=params["since"],
            patience=params["timeout"],
            primary=primary_connection(params["primary_kube"]),
            finished=params["finished"],
        )

    @property
    def compares(self) -> bool:
        """Only the probes of a cutover tell what both revisions know."""
        return bool(self.probes.requests and self.probes.targets and self.probes.destinations)

    @property
    def first(self) -> bool:
        return not self.since


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None, connect: Connector | None = None) -> dict[str, Any]:
    """A bad reading is no failure of the task: who reads it decides."""
    request, ticking = GateRequest.of(params), clock or SystemClock()
    mesh = provider(request.provider)
    looking = FreshLook(cluster, mesh.cutover, request.namespace, request.primary, connect)
    state, fault = _settled(cluster, looking, request, ticking)
    counted, silent = _counted(cluster, mesh.cutover, request, state)
    probes, notices = _probed(cluster, mesh.health, request, state, ticking) if request.probes.requests else ([], [])
    reading = Reading(
        cluster.name,
        probes,
        rejected={} if request.first else since(counted, request.since.get("counted") or {}),
        late=_late(state, request) if state else (),
        plain=_plain(state, request) if state else (),
        gates=answers(request.gates),
        counted=counted,
        faults=[said for said in (fault, silent) if said],
        wave=request.wave,
        astray=gone_astray(cluster, mesh.cutover, min(_GRACE, request.patience), ticking) if request.compares else [],
    )
    return {"changed": False, "reading": reading.facts(), "since": dict(request.since), "notices": [f"{cluster.name}: {said}." for said in notices]}


def _probed(cluster: Cluster, health: Health, request: GateRequest, state: ClusterState | None, clock: Clock) -> tuple[list[ProbeReading], list[str]]:
    """First the probes' own paths, then those through the gateways of users, which a gateway wave moves."""
    own = probed(cluster, health, request.probes, clock) if request.probes.targets else []
    if not state or not request.probes.gateway:
        return own, []
    through, notices = knocked(cluster, health, state, request.probes.load, None if request.first else request.since)
    return [*own, *through], notices


def _settled(cluster: Cluster, looking: FreshLook, request: GateRequest, clock: Clock) -> tuple[ClusterState | None, str]:
    """Look until nothing of the wave is late, for a short time only; or say why nothing can be seen."""
    end = clock.monotonic() + min(_GRACE, request.patience)
    with waiting() as say:
        for pause in Pace(0.5, 2.0).pauses():
            try:
                state = looking.scene().state
            except MeshError as failed:
                return None, f"what follows which revision could not be read: {_said(failed, cluster)}"
            late = [*_late(state, request), *_plain(state, request)]
            if clock.monotonic() >= end or not late:
                return state, ""
            say(f"{len(late):,} fell back: {few(late, 3)}")
            clock.sleep(pause)
    raise AssertionError("unreachable")


def _said(failed: MeshError, cluster: Cluster) -> str:
    return str(failed).removeprefix(f"{cluster.name}: ").rstrip(".")


def _late(state: ClusterState, request: GateRequest) -> Sequence[str]:
    """What of the wave is not moved; after the step finish, what of everything is not the target's."""
    if request.finished:
        return mesh_late(state, request.aim)
    wave = Wave(request.wave, "", {state.cluster: request.spaces}, {state.cluster: request.services} if request.services else {})
    return wave_late(state, wave, request.aim)


def _plain(state: ClusterState, request: GateRequest) -> Sequence[str]:
    """Pods without a proxy that should have one: those of the wave, or of all namespaces if there is no wave."""
    return [f"{space.name}/{pod}" for space in state.spaces if not request.wave or space.name in request.spaces for pod in space.plain]


def _counted(cluster: Cluster, cutover: Cutover, request: GateRequest, state: ClusterState | None) -> tuple[Mapping[str, int], str]:
    """The control planes that serve a remote cluster count in their own cluster what its proxies rejected."""
    if state and state.served_by:
        return {}, ""
    try:
        return look(cluster, cutover.rejected(request.namespace, request.aim.target)), ""
    except MeshError as failed:
        return {}, f"what proxies rejected could not be read: {_said(failed, cluster)}"
