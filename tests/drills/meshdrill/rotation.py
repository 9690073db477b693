# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-rotation: one rotation after the other under load, until every flow has had enough requests. No request may notice them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import play
from .app import Load
from .ground import CLUSTERS, Ground, Seen, nobody_noticed
from .play import Run
from .report import Phase, Promise, Result, promise

KINDS = ("root", "intermediate", "links", "gateways")
LONGEST = 60.0
RETIRED = "root: retire"
# Of a root until it is retired: what comes after is the giving back of the Lease.
WHOLE = "{}: in all"
Rotate = Callable[[str, Load], Run]


def by_playbook(folder: Path, inventory: Path = play.INVENTORY) -> Rotate:
    def rotate(kind: str, load: Load) -> Run:
        given: dict[str, Any] = {"rotate_certificates": [load.another_certificate()]} if kind == "gateways" else {}
        return play.rotate(kind, folder, inventory=inventory, **given).succeeded()

    return rotate


def pods(ground: Ground) -> dict[str, int]:
    """The pods of the mesh with the restarts of their containers, which a rotation must not change."""
    found = {}
    for cluster in CLUSTERS:
        for item in (item for namespace in ("istio-system", "drill") for item in ground.estate.get(cluster, "pods", "-n", namespace)["items"]):
            statuses = [*item["status"].get("containerStatuses", []), *item["status"].get("initContainerStatuses", [])]
            found[f"{cluster}/{item['metadata']['name']}"] = sum(status["restartCount"] for status in statuses)
    return found


def hold(ground: Ground, kinds: Sequence[str], requests: int, rotate: Rotate | None = None, name: str = "rotation") -> Result:
    rotate = rotate or by_playbook(ground.build / "rotate", ground.estate.inventory)
    spans: dict[str, list[float]] = {}
    restarted: list[str] = []

    def act(load: Load) -> list[Phase]:
        phases: list[Phase] = []
        before, begin = pods(ground), time.time()
        while not all(kind in spans for kind in kinds) or load.sent_since(begin) < requests:
            kind = min(kinds, key=lambda kind: len(spans.get(kind, ())))
            done = rotate(kind, load)
            spans.setdefault(kind, []).append(done.until(RETIRED))
            phases += [*done.phases, Phase(WHOLE.format(kind), done.began, spans[kind][-1])]
            ground.say(f"drill-{name}: {kind} rotated in {spans[kind][-1]:.1f} s, {load.sent_since(begin)} requests in the slowest flow")
        after = pods(ground)
        restarted.extend(sorted(pod for pod in before if after.get(pod) != before[pod]))
        return phases

    def judge(seen: Seen) -> list[Promise]:
        slowest = max(spans.get("root", [0.0]))
        return [*nobody_noticed(seen, requests), promise("a root is rotated, from the start of the playbook to retired, within 60 s", slowest, LONGEST),
                Promise("nothing is restarted", ", ".join(restarted) or "nothing", not restarted)]

    return ground.hold(name, act, judge)
