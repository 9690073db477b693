# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State what was seen in a cluster: the CA in its Secret, and what everything in the cluster trusts and signs under."""

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
    """What was seen of a cluster.

    `standing` is what the cluster's CA says; None if nobody can read the CA, and `faults` say why. If a `primary` serves the cluster, `standing` is
    what the CA of the primary says, and `unread` what a CA in the cluster itself says. `authority` is the CA, `bundle` its trust bundle byte for
    byte, `mesh` the mesh for which it was made, `previous` the former CA, and `managed_by` another tool that manages the CA. `ignored` are roots
    that the control plane goes on handing out because it did not accept the CA. `added` are roots that proxies get beside those of the CA, and
    `marks` the certificates that are only marks. `unmeasured` lists what is not measured, by reason. `meshes` are the configurations that say what
    belongs to the mesh. `outgoing` are roots that nothing uses any more and that a product which drives the rotation drops by itself.
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
    tracked: str = ""  # a warning about a tool that knows the CA and does not write it
    primary: Primary | None = None
    unread: Standing | None = None
    unmeasured: Mapping[str, list[str]] = field(default_factory=dict)
    meshes: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    driven: bool = False  # the product drives the rotation itself
    alone: bool = False  # its mesh shares no root between clusters
    outgoing: tuple[Certificate, ...] = ()

    @property
    def online(self) -> bool:
        """Tell whether a new bundle reaches everything without a restart."""
        return all(plane.online for plane in self.planes) and all(user.online for user in self.users)

    def laggards(self, standing: Standing | None = None, stale: Iterable[str] = ()) -> list[Laggard]:
        """Return the laggards behind this cluster's own CA, or behind another one."""
        against = standing or self.standing
        return laggards(against, self.users, stale) if against else []

    @property
    def issuers(self) -> frozenset[str]:
        """Return the roots to which certificates in use lead."""
        return frozenset(user.issuer for user in self.users if user.issuer)


def ignored(given: Iterable[Certificate], own: Standing | None, users: Iterable[TrustUser], rules: Rules) -> tuple[Certificate, ...]:
    """Return what the control planes go on handing out if they did not accept the cluster's CA. Nothing else shows that.

    Their own certificates must belong to it, because otherwise somebody else wrote these bundles.
    """
    handed = tuple(given)
    old, new = frozenset(one.fingerprint for one in handed), own.bundle if own else frozenset()
    shown = {user.issuer for user in users if user.kind == CONTROL_PLANE and user.issuer}
    return () if rules.takes(old, new) or not shown <= old else handed
