# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the wish for a cluster's control plane from the inventory's variables. Preflight and the roles use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..given_text import elements
from ..reach.options import anchor
from .defaults import Defaults
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
VALUES = ("mesh_values", "mesh_site_values", "mesh_cluster_values")


def of_inventory(name: str, variables: Mapping[str, Any], defaults: Defaults) -> ControlPlane:
    """Return the wish as preflight judges it. The address of a remote's primary is unknown then; nothing that preflight judges depends on it."""
    return ControlPlane.of(wished(name, variables, defaults))


def wished(name: str, variables: Mapping[str, Any], defaults: Defaults, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the wish before it is judged. `given`, the inputs of a role, override the inventory, and the inventory overrides the mesh's defaults."""
    inventory = {key: value for key, variable in VARIABLES.items() if (value := variables.get(variable)) not in (None, "")}
    below = {"namespace": defaults.namespace, "revision": defaults.revision, "tags": defaults.tags, **_backups(variables)}
    wish = {**below, **inventory, **(given or {})}
    if "values" not in wish:
        wish["values"] = merged(*(variables.get(variable) for variable in VALUES))
    return {**wish, "cluster": name, "version": str(wish.get("version", "")), "tags": elements(wish["tags"])}


def _backups(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the directory with snapshots, if the inventory names one."""
    backup = variables.get("mesh_backup")
    directory = backup.get("directory") if isinstance(backup, Mapping) else None
    return {"backups": anchor(str(directory), str(variables.get("inventory_dir") or ""))} if directory else {}
