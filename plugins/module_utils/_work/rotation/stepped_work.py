# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold what a step of a rotation in steps needs, and what a run did in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..._kube.cluster import Cluster
from ..._kube.lease import Hold
from ..._mesh.contract.rotation import Stepped
from ..._mesh.lease.fence import annotation
from ..._mesh.objects.change import Ref
from ..._mesh.rotation import aim as aims
from ..._mesh.rotation.aim import RotationAim
from ..._mesh.rotation.stepped import Step, StepPlace, complete
from ..._mesh.trust.prepared import PreparedSecret
from ..clock import Clock
from ..install.due import Completed
from ..lease.hold import UnderLease
from .request import SteppedRequest


@dataclass
class SteppedWork(UnderLease):
    """A step, and what a run did in it. `trust` is the trust cluster, which keeps the aim of the rotation."""

    cluster: Cluster
    trust: Cluster
    stepped: Stepped
    request: SteppedRequest
    hold: Hold | None
    clock: Clock
    did: Completed = field(default_factory=Completed)

    @property
    def place(self) -> StepPlace:
        return StepPlace(self.request.authority.mesh, self.cluster.name, self.request.authority.namespace, self.request.may_restart)

    @property
    def renews(self) -> Sequence[PreparedSecret]:
        return self.stepped.renews(self.place.namespace, self.cluster.name)

    @property
    def noted(self) -> dict[str, str]:
        """Return the annotation with the epoch of the Lease, which goes with each write."""
        return annotation(self.hold.epoch if self.hold else 0)

    @property
    def steps(self) -> Sequence[Step]:
        return complete(self.stepped.steps)

    @property
    def kept(self) -> Ref:
        """Return where the trust cluster keeps the aim."""
        return aims.place(self.place.mesh, self.request.kind, self.request.authority.root.namespace)

    def aim(self) -> RotationAim | None:
        return aims.read(self.trust.name, self.trust.get(self.kept))
