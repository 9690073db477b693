# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step of a plane is asked for, and everything that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.lease import Hold
from ..._mesh.contract.provider import Provider
from ..._mesh.cutover.declared import planes
from ..._mesh.cutover.planes import ALL, Plane
from ..._mesh.cutover.shifts import PlaneScene
from ..._mesh.cutover.write import Write
from ..._mesh.errors import Refused
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.managed_by import managed_by
from ..clock import Clock
from ..lease.hold import LeaseShare, UnderLease
from ..look import look

WRITE, WAIT = "write", "wait"
OPENED, CLOSED = "open", "drain"


@dataclass(frozen=True)
class ShiftRequest:
    """Which plane, which colour of it is tested, and which share of the traffic it gets, or what becomes of its gateways' pods. Otherwise it is looked at.

    `wait` is for what somebody else writes that another tool keeps. `word` is what the user called the colour, and `wave` is the number of the step.
    """

    plane: Plane
    provider: str
    namespace: str
    mesh: str
    to: str
    share: int | None
    test: bool
    back: bool
    wait: bool
    word: str
    wave: int
    timeout: int
    lease: LeaseShare | None = field(repr=False)
    gateways: str = ""

    @classmethod
    def of(cls, cluster: str, params: Mapping[str, Any]) -> ShiftRequest:
        known = planes(params["planes"])
        if params["plane"] not in known:
            raise Refused(f"{cluster}: mesh_planes declares no plane {params['plane']}; it declares {', '.join(known) or 'none'}.")
        plane, share = known[params["plane"]], params.get("share")
        if share is not None and not 0 <= share <= ALL:
            raise Refused(f"{cluster}: a share of {share} percent cannot be given; give one from 0 to {ALL}.")
        return cls(
            plane=plane,
            provider=params["provider"],
            namespace=params["namespace"],
            mesh=params["mesh"],
            to=plane.colour_of(params["to"], params["mesh"]) if params.get("to") else "",
            share=share,
            test=params["test"],
            back=params["back"],
            wait=params["kept"] == WAIT,
            word=params.get("to") or "",
            wave=params["wave"],
            timeout=params["timeout"],
            lease=LeaseShare.of(params),
            gateways=params.get("gateways") or "",
        )

    @property
    def writes(self) -> bool:
        return self.share is not None or bool(self.gateways)


@dataclass
class ShiftWork(UnderLease):
    """Everything that a shift needs."""

    cluster: Cluster
    mesh: Provider
    request: ShiftRequest
    hold: Hold | None
    clock: Clock
    changes: list[Change] = field(default_factory=list)
    kept: dict[Ref, dict[str, Any]] = field(default_factory=dict)

    def scene(self) -> PlaneScene:
        return look(self.cluster, self.mesh.cutover.plane(self.cluster.name, self.request.namespace, self.request.plane))

    def put(self, write: Write) -> bool:
        """Return whether it was written, and not left to whoever keeps the object."""
        if write.before is None:
            raise AssertionError(f"{write.ref} was not read")
        keeper = managed_by(write.before).writer
        if self.request.wait and keeper:
            where = {"kind": write.ref.kind, "namespace": write.ref.namespace, "name": write.ref.name}
            self.kept[write.ref] = {**where, "keeper": keeper, "patch": write.body}
            return False
        self.guard()
        self.changes.append(self.cluster.amend(write.before, write.body))
        return True
