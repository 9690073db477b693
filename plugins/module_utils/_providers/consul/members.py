# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of the pools in which agents gossip: of a datacenter, and of the servers of a federation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_ALIVE, _LEFT, _FAILED = 1, 3, 4


def datacenters(members: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return each datacenter of a WAN pool: synced, or how many of its servers are alive. Servers that left do not count."""
    by_datacenter: dict[str, list[bool]] = {}
    for member in members:
        if member.get("Status") != _LEFT:
            by_datacenter.setdefault(_datacenter(member), []).append(member.get("Status") == _ALIVE)
    return {name: "synced" if all(alive) else f"{sum(alive)} of {len(alive)} servers alive" for name, alive in sorted(by_datacenter.items())}


def staying(members: Sequence[Mapping[str, Any]], datacenter: str) -> list[str]:
    """Return the servers of a datacenter that a WAN pool counts on: those that are alive in its eyes, and those that it waits for."""
    own = [one for one in members if _datacenter(one) == datacenter and one.get("Status") in (_ALIVE, _FAILED)]
    return sorted(str(one.get("Name")) for one in own)


def _datacenter(member: Mapping[str, Any]) -> str:
    return str((member.get("Tags") or {}).get("dc") or str(member.get("Name")).rpartition(".")[2])


def down(members: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the members that failed and did not leave. The pool waits for them to come back, for three days."""
    return sorted(str(member.get("Name")) for member in members if member.get("Status") == _FAILED)
