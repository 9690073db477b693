# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where charts and images come from, on the controller: each filter is one call of a decision."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..module_utils._mesh.errors import MeshError
from ..module_utils._mesh.install import mirror
from ..module_utils._work.install import inventory_supply
from ..plugin_utils.hosts import Variables, members, told


def preflight_notices(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    today = datetime.now(UTC).date()
    return [sentence for found in _each(hosts, hostvars, lambda name, given: inventory_supply.told(name, given, today)) for sentence in found]


def mesh_mirror_list(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    return mirror.listing(need for found in _each(hosts, hostvars, inventory_supply.needs) for need in found)


def _each(hosts: Iterable[str], hostvars: Mapping[str, Any], ask: Callable[[str, Variables], list[Any]]) -> Iterator[list[Any]]:
    """Of a host whose variables cannot be read, or wish what cannot be, nothing is told here: preflight's findings do so, and it stops no other."""
    for member in members(hosts, hostvars):
        with contextlib.suppress(MeshError):
            yield ask(member.name, Variables(member.name, hostvars[member.name]))


class FilterModule:
    """The filters about charts and images."""

    def filters(self) -> dict[str, Any]:
        return {filter_.__name__: told(filter_) for filter_ in (preflight_notices, mesh_mirror_list)}
