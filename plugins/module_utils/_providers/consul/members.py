# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of a WAN pool, which is what a federation consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_ALIVE, _LEFT = 1, 3


def datacenters(members: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return each datacenter of a WAN pool: synced, or how many of its servers are alive. Servers that left do not count."""
    by_datacenter: dict[str, list[bool]] = {}
    for member in members:
        if member.get("Status") != _LEFT:
            name = str((member.get("Tags") or {}).get("dc") or str(member.get("Name")).rpartition(".")[2])
            by_datacenter.setdefault(name, []).append(member.get("Status") == _ALIVE)
    return {name: "synced" if all(alive) else f"{sum(alive)} of {len(alive)} servers alive" for name, alive in sorted(by_datacenter.items())}
