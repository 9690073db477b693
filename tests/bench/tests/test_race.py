# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from meshbench.contestants import KUBECTL, LOOP, OURS, STARTUP, Scene
from meshbench.errors import BenchError
from meshbench.figures import Run
from meshbench.measure import AuditLog
from meshbench.race import OFTEN, Lane, Race
from meshbench.workload import objects


def lane(name: str) -> Lane:
    return Lane(name, Scene(Path("none"), Path("none"), "", objects(name), []), (), AuditLog())


def race(walls: dict[str, float], rounds: int = 6, broken: str = "", often: int = OFTEN) -> tuple[Race, Counter[str]]:
    seen: Counter[str] = Counter()

    def attempt(name: str, number: int) -> tuple[Lane, Run]:
        seen[name] += 1
        if name == broken and number == 2:
            raise BenchError("it broke.")
        return lane(name), Run(walls[name], 1.0, 1, 0)

    found = Race("P1", rounds, lambda text: None, often)
    found.run(list(walls), attempt)
    return found, seen


def test_a_slow_peer_rests_after_a_minute_but_we_do_not() -> None:
    _race, seen = race({OURS: 100.0, KUBECTL: 30.0, STARTUP: 1.0})
    assert seen == {OURS: 6, KUBECTL: OFTEN, STARTUP: 6}


def test_where_one_run_is_enough_a_slow_peer_has_one() -> None:
    assert race({OURS: 1.0, KUBECTL: 200.0}, often=1)[1][KUBECTL] == 1


def test_a_quick_peer_runs_in_every_round() -> None:
    assert race({OURS: 1.0, KUBECTL: 9.0})[1][KUBECTL] == 6


def test_a_peer_that_fails_is_left_out_with_its_reason_and_its_earlier_runs() -> None:
    found, seen = race({OURS: 1.0, KUBECTL: 1.0}, broken=KUBECTL)
    assert found.outcome.left_out == {KUBECTL: "it broke."} and KUBECTL not in found.outcome.runs and seen[KUBECTL] == 2


def test_our_own_failure_ends_it() -> None:
    with pytest.raises(BenchError, match="it broke"):
        race({OURS: 1.0}, broken=OURS)


def test_a_sample_is_scaled_by_what_it_leaves_out() -> None:
    found, _seen = race({STARTUP: 1.0, LOOP: 3.0}, rounds=1)
    assert found.outcome.runs[LOOP][0].wall == 1.0 + 2.0 * 150 / 12


class Api:
    def __init__(self, names: dict[str, list[str]], number: str) -> None:
        self.names, self.number = names, number

    def get(self, path: str) -> dict[str, Any]:
        if path.endswith("configmap-00"):
            return {"data": {"number": self.number}}
        return {"items": [{"metadata": meta} for meta in self.names[path.rpartition("/")[2]]]}


class Server:
    def __init__(self, manifests: list[dict[str, Any]], number: str = "0") -> None:
        kinds = {manifest["kind"] for manifest in manifests}
        plural = {kind: f"{kind.lower()[:-1]}ies" if kind.endswith("y") else f"{kind.lower()}s" for kind in kinds}
        self.api = Api({plural[kind]: [one["metadata"] for one in manifests if one["kind"] == kind] for kind in kinds}, number)


@pytest.mark.parametrize(("change", "number", "said"), [("none", "0", ""), ("lost", "0", "left out 1 ServiceEntry"), ("none", "drifted", "did not mend")])
def test_nobody_is_fast_by_leaving_something_out(change: str, number: str, said: str) -> None:
    manifests = objects(KUBECTL)
    server: Any = Server(manifests, number)
    if change == "lost":
        server.api.names["serviceentries"] = server.api.names["serviceentries"][1:]
    checked = Lane(KUBECTL, Scene(Path("none"), Path("none"), "", manifests, []), (server,), AuditLog())
    if said:
        with pytest.raises(BenchError, match=said):
            checked.check()
    else:
        checked.check()
