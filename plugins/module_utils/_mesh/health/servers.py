# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What some meshes have beside the replicas of a control plane: servers of which a majority decides, and an agent on each node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Quorum:
    """Servers of which a majority decides. `leader` is empty if they name none, or several.

    `role` is what they are to those of other clusters, in the mesh's own word; empty if nobody noted it.
    """

    leader: str
    voters: int
    role: str = ""


@dataclass(frozen=True)
class OtherCatalogue:
    """What the servers of a cluster see of another one's services: how many, or None if they cannot read that.

    `lacking` are those that something here sends requests to and that are not among them.
    """

    cluster: str
    services: int | None
    lacking: Sequence[str] = ()


@dataclass(frozen=True)
class NodeAgents:
    """The agents of a mesh, one on each node: on how many nodes they should be, and on how many they are ready."""

    desired: int
    ready: int
    reason: str = ""
    lasting: bool = False


def agent_faults(agents: NodeAgents | None) -> Iterator[str]:
    """Yield a fault if workloads of some nodes have no agent. A mesh without agents has none."""
    if agents and agents.ready < agents.desired:
        reason = f": {agents.reason}" if agents.reason else ""
        yield f"the agent of the mesh is ready on {agents.ready} of {agents.desired} nodes{reason}"
