# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts may be clusters of a mesh, without reading the variables of every host again for each host and task.

The first play of our playbooks puts each cluster into a group of its mesh. These groups only spare looking: whoever is found by them is read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

CLUSTERS = "meshops_clusters"
_ALL = "all"


def group(mesh: str) -> str:
    """Return the group of a mesh's clusters, in letters that Ansible allows. Two meshes may share one group."""
    return "meshops_mesh_" + re.sub(r"\W", "_", mesh)


def known(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> bool:
    """Return whether the host exists. Searching the list would make Ansible render each entry, but it knows the names of its own inventory."""
    if hosts and _of_ansible(hostvars) and len(hosts) == len(hostvars):
        return name in hostvars
    return name in hosts


def near(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str, mesh: str) -> Sequence[str]:
    """Return the hosts of the mesh's group, and hosts without such a group, as with --limit; all hosts if the playbook made no groups."""
    groups = _groups(hostvars, name)
    if CLUSTERS not in groups or len(hosts) != len(groups[_ALL]):
        return list(hosts)
    seen, own = set(groups[CLUSTERS]), set(groups.get(group(mesh), ()))
    return [each for each in groups[_ALL] if each in own or each not in seen]


def _of_ansible(hostvars: Mapping[str, Any]) -> bool:
    """Return whether these are Ansible's own hostvars, which have all hosts of the inventory."""
    return getattr(hostvars, "raw_get", None) is not None


def unrendered(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a host's variables as they are written. Ansible keeps them below those that it renders when they are read."""
    return getattr(variables, "_vars", variables)


def _groups(hostvars: Mapping[str, Any], name: str) -> Mapping[str, Sequence[str]]:
    groups: Mapping[str, Sequence[str]] = unrendered(hostvars[name]).get("groups") or {}
    return groups
