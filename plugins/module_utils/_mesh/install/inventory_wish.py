# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory wishes of a cluster's control plane, before anything was read: as the roles wish it, from the same variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..given_text import elements
from .wish import ControlPlane, merged

VARIABLES = {
    "mesh": "mesh_name",
    "network": "mesh_network",
    "provider": "mesh_provider",
    "version": "mesh_version",
    "revision": "mesh_revision",
    "tags": "mesh_revision_tags",
    "default_revision": "mesh_default_revision",
    "namespace": "mesh_namespace",
    "trust_domain": "mesh_trust_domain",
    "role": "mesh_role",
    "primary": "mesh_primary",
    "platform": "mesh_platform",
    "crds": "mesh_crds",
    "charts": "mesh_charts",
    "inventory": "inventory_dir",
    "mirror": "mesh_mirror",
}
_VALUES = ("mesh_values", "mesh_site_values", "mesh_cluster_values")
# What the roles take where the inventory says nothing and ControlPlane has another default.
_DEFAULTS: dict[str, Any] = {"revision": "stable", "tags": ("default",), "charts": {"source": "repository"}}


def of_inventory(name: str, variables: Mapping[str, Any]) -> ControlPlane:
    """Where a remote's primary is reached is not known yet; no value that is looked at before the first write depends on it."""
    given = {key: variables.get(variable) for key, variable in VARIABLES.items()}
    known = {key: value for key, value in given.items() if value not in (None, "")}
    if "tags" in known:
        known["tags"] = elements(known["tags"])
    values = merged(*(variables.get(variable) for variable in _VALUES))
    return ControlPlane.of({**_DEFAULTS, **known, "version": str(known.get("version", "")), "cluster": name, "values": values})
