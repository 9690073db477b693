# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kind of datacenter a cluster is: a peer of others, the primary of a federation, or a secondary."""

from __future__ import annotations

import hashlib

from ..._mesh.errors import Refused
from ..._mesh.install.wish import ControlPlane

PEER, PRIMARY, SECONDARY = "peer", "primary", "secondary"


def kind(wish: ControlPlane) -> str:
    """Return the kind. A remote cluster is a secondary, and whoever serves remotes is their primary."""
    if wish.role == "remote":
        return SECONDARY
    return PRIMARY if wish.serves_remotes else PEER


def federated(wish: ControlPlane) -> bool:
    return kind(wish) != PEER


def primary(wish: ControlPlane) -> str:
    """Return the name of the datacenter that rules over this one's configuration, intentions and CA. It may be this one."""
    return wish.primary if kind(wish) == SECONDARY else wish.cluster


def cluster_id(wish: ControlPlane) -> str:
    """Return the identifier of the trust domain, always the same for a cluster of a mesh, so that a datacenter that is built anew keeps its identities."""
    return uuid(wish.mesh, primary(wish), "trust domain")


def uuid(*words: str) -> str:
    """Return a UUID made of words. It is no secret."""
    digits = hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]
    marked = f"{digits[:12]}8{digits[13:16]}{'89ab'[int(digits[16], 16) % 4]}{digits[17:]}"
    return "-".join((marked[:8], marked[8:12], marked[12:16], marked[16:20], marked[20:]))


def require_possible(wish: ControlPlane) -> None:
    """Refuse what Consul cannot be."""
    if kind(wish) == SECONDARY and wish.serves_remotes:
        raise Refused(f"{wish.cluster}: a secondary datacenter cannot be the primary of others. Give them the mesh_primary {wish.primary}.")
    if kind(wish) == SECONDARY and wish.primary == wish.cluster:
        raise Refused(f"{wish.cluster}: mesh_primary names the cluster itself. Name the primary datacenter, or set mesh_role to primary.")
