# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Consul requires of a cluster before an install."""

from __future__ import annotations

from ...._mesh.preflight.requirements import Requirements
from ..names import NAME
from ..objects import mesh_wide
from ..settings import PARTS
from .versions import VERSIONS

REQUIREMENTS = Requirements(
    versions=VERSIONS,
    groups=("consul.hashicorp.com", "auth.consul.hashicorp.com"),
    platforms=("openshift",),
    charts=tuple(sorted((*PARTS, NAME))),
    one_primary=True,  # a datacenter is federated, or a peer of others: a peering on top of a federation says ACTIVE and serves nothing
    between=mesh_wide.faults,
    refusing=(("consul.hashicorp.com/connect-inject", "false"),),
)
