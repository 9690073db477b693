# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public filters: what your own play may ask about the clusters of an inventory. Each filter is one call of a decision, and has a page."""

from __future__ import annotations

from typing import Any

from ..plugin_utils import filters, query
from ..plugin_utils.deciding import mesh, mirror


class FilterModule:
    """The public filters."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            mesh_connection=mesh.mesh_connection,
            mesh_environment=mesh.mesh_environment,
            mesh_expected=mesh.mesh_expected,
            mesh_helm=mesh.mesh_helm,
            mesh_links=mesh.mesh_links,
            mesh_mirror_list=mirror.mesh_mirror_list,
            mesh_query=query.cut,
            mesh_root=mesh.mesh_root,
        )
