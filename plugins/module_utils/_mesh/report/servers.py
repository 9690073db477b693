# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers and agents of meshes that have them, as rows of a table of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SERVERS = ("CLUSTER", "ROLE", "SERVERS", "VOTE", "LEADER", "AGENTS ON NODES", "SEES SERVICES OF")


def row(name: str, facts: Mapping[str, Any] | str) -> list[list[str]]:
    """Return the row of a cluster whose mesh has servers with a quorum; none for others."""
    quorum = None if isinstance(facts, str) else facts.get("quorum")
    if isinstance(facts, str) or not quorum:
        return []
    planes, agents = facts.get("planes", []), facts.get("agents")
    desired, ready = (sum(plane[number] for plane in planes) for number in ("desired", "ready"))
    on_nodes = f"{agents['ready']}/{agents['desired']}" if agents else "none"
    others = ", ".join(map(_seen, facts.get("catalogues", []))) or "-"
    return [[name, quorum["role"] or "-", f"{ready}/{desired}", str(quorum["voters"]), quorum["leader"] or "none", on_nodes, others]]


def _seen(catalogue: Mapping[str, Any]) -> str:
    """Return how many services of another cluster the servers see, and how many of those that are sent requests are missing."""
    services, lacking = catalogue["services"], len(catalogue["lacking"])
    return f"{catalogue['cluster']} {'unread' if services is None else services}" + (f" ({lacking} missing)" if lacking else "")
