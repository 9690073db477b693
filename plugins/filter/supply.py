# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where charts and images come from, on the controller: each filter is one call of a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._mesh import mirror
from ..module_utils._mesh.errors import MeshError
from ..module_utils._module import foreseeing


def preflight_notices(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    today = datetime.now(UTC).date()
    return [told for name in _clusters(hosts, hostvars) for told in foreseeing.told(name, hostvars[name], today)]


def mesh_mirror_list(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    try:
        return mirror.listing(need for name in _clusters(hosts, hostvars) for need in foreseeing.needs(name, hostvars[name]))
    except MeshError as error:
        raise AnsibleFilterError(str(error)) from error


def _clusters(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    return [name for name in hosts if hostvars[name].get("mesh_name") and hostvars[name].get("mesh_kube")]


class FilterModule:
    """The filters about charts and images."""

    def filters(self) -> dict[str, Any]:
        return {"preflight_notices": preflight_notices, "mesh_mirror_list": mesh_mirror_list}
