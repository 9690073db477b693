# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List what a mirror of charts and images must hold."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ...module_utils._mesh.errors import MeshError
from ...module_utils._mesh.install import mirror
from ...module_utils._work.install import inventory_supply
from ..hosts import Once, Variables, members


def mesh_mirror_list(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    return mirror.listing(need for needs in each(hosts, hostvars, inventory_supply.needs) for need in needs)


def each(hosts: Iterable[str], hostvars: Mapping[str, Any], ask: Callable[[str, Variables], list[Any]]) -> Iterator[list[Any]]:
    """Ask about each cluster. Leave out clusters whose variables are unreadable or invalid: preflight's findings name them."""
    seen = Once.of(hostvars)
    for member in members(hosts, seen):
        with contextlib.suppress(MeshError):
            yield ask(member.name, seen[member.name])
