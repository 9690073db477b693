# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look once at everything in a cluster, whether the product or this collection drives its rotation."""

from __future__ import annotations

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.rotation.observed import Observed
from ..._mesh.rotation.primary import Primary
from ..clock import Clock
from . import driven
from .watch import Watch


def observe(cluster: Cluster, mesh: Provider, namespace: str, clock: Clock, primary: Primary | None = None, target: str = "") -> Observed:
    if mesh.driven_rotation:
        return driven.observe(cluster, mesh, mesh.driven_rotation, namespace, clock, target)
    return Watch(cluster, mesh, namespace, clock, primary=primary, target=target).observe()
