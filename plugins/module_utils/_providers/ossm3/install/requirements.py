# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OpenShift Service Mesh 3 requires of a cluster before an install."""

from __future__ import annotations

from collections.abc import Sequence

from ...._mesh.install.wish import ControlPlane
from ...._mesh.preflight.requirements import Requirements
from ...istio_family.install.crds import GROUPS
from ...istio_family.install.places import GONE
from . import ambient
from .versions import ISTIO


def _noticed(wish: ControlPlane) -> Sequence[str]:
    """Return what is to be known of a wish, as half sentences."""
    texts = []
    if not wish.version:
        texts.append("mesh_version is not set, so the operator takes its own default, which differs between its versions; name one")
    if wish.charts.get("location"):
        texts.append("mesh_charts has no meaning for this mesh, because the operator has its charts in its image")
    if ambient.wanted(wish):
        texts.append("in ambient mode rotate and cutover refuse the cluster, and workloads without a sidecar reach no other network")
    return texts


# The CRDs come with the operator's bundle, so no Helm release has to own them.
REQUIREMENTS = Requirements(
    versions=ISTIO,
    groups=GROUPS,
    platforms=("openshift",),
    charts=("cni", "gateway", "istiod", "ztunnel"),
    refusing=(("istio-injection", "disabled"),),
    gone=GONE,
    noticed=_noticed,
)
