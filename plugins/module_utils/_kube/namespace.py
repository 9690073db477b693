# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The namespace for the objects that this collection keeps in a cluster."""

from __future__ import annotations

from .._mesh.objects.change import Change, Ref
from .cluster import Cluster


def ensure(cluster: Cluster, name: str) -> list[Change]:
    """Create a namespace that is missing. One that exists stays as it is, because others use it too."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    made = None if cluster.get(Ref.of(manifest)) else cluster.create(manifest)
    return [made] if made else []
