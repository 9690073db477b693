# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-cutover-kill: a cutover and its way back are killed at every one of their writes, run again, and end in the same state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed

from . import play, revisions, sightings, state
from .app import NAMESPACE, STREAM, Load
from .byhand import MESH
from .cutover import nobody_is_plain, wish
from .ground import CLUSTERS, Ground, Seen, served
from .kill import LEASE, Kills, Way
from .report import Phase, Promise, Result
from .revisions import Pair
from .scenery import CANARY, DECOY, stage

NAMESPACES = (MESH, "meshops-system", NAMESPACE, CANARY)
KINDS = f"{state.KINDS},statefulsets,daemonsets,poddisruptionbudgets"
WIDE = "namespaces,mutatingwebhookconfigurations,validatingwebhookconfigurations"


def way(name: str, to: str, pair: Pair, folder: Path, inventory: Path = play.INVENTORY) -> Way:
    """Nothing is retired, so that the way back begins with both revisions and a kill costs no installation. Helm's own writes are not seen by a kill point."""
    given = wish(to, pair, cutover_retire=False, cutover_lease_duration=LEASE)
    return Way(lambda point: play.playbook("cutover", name, folder / name, given, armed(point) if point else None, inventory), name)


def ways(pair: Pair, folder: Path, inventory: Path = play.INVENTORY) -> list[Way]:
    return [way("forward", pair.target, pair, folder, inventory), way("back", pair.former, pair, folder, inventory)]


def hold(
    ground: Ground, only: Sequence[int], servers: int, variables: Callable[[str], revisions.Variables], chosen: Sequence[Way] = (), wide: str = WIDE
) -> Result:
    """With points, each is a kill whose next run goes to its end. Without, each run goes on where the last was killed, until nothing is left to write."""
    pair = revisions.between(ground.estate, CLUSTERS, variables)

    def seen_now() -> dict[str, Any]:
        return {cluster: state.read(ground.estate, cluster, NAMESPACES, KINDS, wide) for cluster in CLUSTERS}

    kills = Kills(ground, chosen or ways(pair, ground.build / "cutover-kill", ground.estate.inventory), seen_now, only, drill="cutover-kill", chained=not only)

    def act(load: Load) -> list[Phase]:
        ground.estate.kubectl_all("-n", CANARY, "delete", "pod", DECOY, "--ignore-not-found")
        return kills.act(load)

    def judge(seen: Seen) -> list[Promise]:
        return [*served(seen, 0, [STREAM]), *kills.ended(), *nobody_is_plain(seen)]

    return ground.hold("cutover-kill", act, judge, stage(CLUSTERS, pair.former, servers), sightings.PODS)
