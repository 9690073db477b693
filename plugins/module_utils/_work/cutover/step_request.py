# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe what the options of the task cutover ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.connection import Connection
from ..._mesh.cutover.observed import ClusterState
from ..._mesh.cutover.orders import Aim
from ..._mesh.cutover.plan import CutoverWish
from ..._mesh.cutover.restarting import RestartPace
from ..._mesh.cutover.waves import DECLARED, GATEWAYS, Wave, WaveWish
from ..lease.hold import LeaseShare
from .fresh import primary_connection


@dataclass(frozen=True)
class CutoverRequest:
    """One step of a cutover in one cluster. With `waits_for_keepers`, labels that another tool keeps are not written but waited for.
    With `back` a wave is turned back, and only what this cutover moved.

    `clusters` are the states of all clusters of the mesh. `primary` leads to the cluster that serves a remote one.
    """

    provider: str
    namespace: str
    step: str
    aim: Aim
    wish: CutoverWish
    wave: int = 0
    spaces: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    back: bool = False
    objects: str = "copy"
    waits_for_keepers: bool = False
    pace: RestartPace = field(default_factory=RestartPace)
    timeout: float = 600
    soak: int = 0
    clusters: tuple[ClusterState, ...] = field(default=(), repr=False)
    lease: LeaseShare | None = None
    primary: Connection | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> CutoverRequest:
        return cls(
            provider=params["provider"],
            namespace=params["namespace"],
            step=params["step"],
            aim=Aim(params.get("target") or "", params.get("former") or ""),
            wish=CutoverWish(WaveWish(gateways=params["gateways"]), by=params["by"]),
            wave=params["wave"],
            spaces=tuple(params["spaces"]),
            services=tuple(params["services"]),
            back=params["back"],
            objects=params["objects"],
            waits_for_keepers=params["kept"] == "wait",
            pace=RestartPace(params["parallel"], {pattern: int(most) for pattern, most in params["budgets"].items()}),
            timeout=params["timeout"],
            soak=params["soak"],
            clusters=tuple(ClusterState.of(json.loads(text)) for text in params["clusters"]),
            lease=LeaseShare.of(params),
            primary=primary_connection(params.get("primary_kube")),
        )

    def of_wave(self, cluster: str) -> Wave:
        """What moves at once in this cluster."""
        if self.services:
            return Wave(self.wave, GATEWAYS, services={cluster: self.services})
        return Wave(self.wave, DECLARED, spaces={cluster: self.spaces})
