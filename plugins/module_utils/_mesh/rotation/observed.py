# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who was seen to hold what: the trust that a cluster's Secret gives, and the trust that everything in the cluster lives by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..trust.certificate import Authority, Certificate
from ..trust.standing import Standing
from .primary import Primary
from .rules import Rules
from .trust_users import CONTROL_PLANE, ControlPlaneDeployment, Laggard, TrustUser, laggards


@dataclass(frozen=True)
class Observed:
    """What was seen of a cluster. `standing` is None where it has no CA of its own that can be read; `faults` are sentences that tell why.
    Where a `primary` serves it, that is what its primary's CA says, and `unread` what the one says that lies in the cluster, if one does.
    `unmeasured` is what is not held against it, by the reason, and `meshes` the configurations that say what belongs to the mesh.

    `mesh` is the one that its CA was made for, `bundle` that CA's trust bundle byte for byte, `authority` the CA as it was found,
    `previous` what the former CA was, `managed_by` who else looks after that CA. `ignored` is what the control plane goes on handing out
    because it does not take that CA, `added` what its proxies are given beside it. `marks` are the certificates that are only marks.
    """

    cluster: str
    uid: str
    standing: Standing | None = None
    previous: Standing | None = None
    authority: Authority | None = None
    mesh: str = ""
    bundle: bytes = b""
    users: tuple[TrustUser, ...] = ()
    planes: tuple[ControlPlaneDeployment, ...] = ()
    ignored: tuple[Certificate, ...] = ()
    added: tuple[Certificate, ...] = ()
    faults: tuple[str, ...] = ()
    managed_by: str = ""
    tracked: str = ""  # what to mind where a tool knows that CA and does not write it, as a sentence
    primary: Primary | None = None
    unread: Standing | None = None
    unmeasured: Mapping[str, list[str]] = field(default_factory=dict)
    meshes: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    driven: bool = False  # by the product itself
    alone: bool = False  # its mesh shares no root between clusters

    @property
    def online(self) -> bool:
        """Whether a new bundle reaches everything without a restart."""
        return all(plane.online for plane in self.planes) and all(user.online for user in self.users)

    def laggards(self, standing: Standing | None = None, stale: Iterable[str] = ()) -> list[Laggard]:
        """Measured by this cluster's own CA, unless another is given."""
        against = standing or self.standing
        return laggards(against, self.users, stale) if against else []

    @property
    def issuers(self) -> frozenset[str]:
        """The roots that certificates in use lead to."""
        return frozenset(user.issuer for user in self.users if user.issuer)


def ignored(given: Iterable[Certificate], own: Standing | None, users: Iterable[TrustUser], rules: Rules) -> tuple[Certificate, ...]:
    """What the control planes go on handing out, where they do not take the CA that lies there: nothing tells of it but this.

    What they themselves show has to be of it, or else it is others who wrote these bundles.
    """
    handed = tuple(given)
    old, new = frozenset(one.fingerprint for one in handed), own.bundle if own else frozenset()
    shown = {user.issuer for user in users if user.kind == CONTROL_PLANE and user.issuer}
    return () if rules.takes(old, new) or not shown <= old else handed
