# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Consul requires of a cluster before an install."""

from __future__ import annotations

from ...._mesh.install.wish import ControlPlane
from ...._mesh.preflight.requirements import Requirements
from ..envoy import unnamed
from ..names import NAME
from ..objects import mesh_wide
from ..settings import PARTS, VERSION, Settings
from . import images
from .chart import stages as chart
from .versions import VERSIONS


def _noticed(wish: ControlPlane) -> list[str]:
    """Return what is to be known before an install. The chart's Envoy is in an image that does not tell its version."""
    said = "" if chart.used(wish) else unnamed(wish.version or VERSION, images.of(wish, Settings.of(wish).images).envoy)
    return [said] if said else []


REQUIREMENTS = Requirements(
    versions=VERSIONS,
    groups=("consul.hashicorp.com", "auth.consul.hashicorp.com"),
    platforms=("openshift",),
    charts=tuple(sorted((*PARTS, NAME))),
    one_primary=True,  # a datacenter is federated, or a peer of others: a peering on top of a federation says ACTIVE and serves nothing
    between=mesh_wide.faults,
    noticed=_noticed,
    refusing=(("consul.hashicorp.com/connect-inject", "false"),),
)
