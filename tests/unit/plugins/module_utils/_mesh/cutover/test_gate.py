# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wave goes on only if everything that was asked answered well."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gate import (
    ALL,
    BACK,
    GO,
    NONE,
    STOP,
    WAVE,
    Measure,
    ProbeReading,
    Reading,
    UserGate,
    since,
    verdict,
)

GOOD = Reading("east", [ProbeReading("east to west", 50, 50, 0.02)], {"east to west": ProbeReading("east to west", 50, 50, 0.02)})


def test_all_good_goes_on() -> None:
    assert verdict([GOOD, replace(GOOD, cluster="west", gates=[UserGate("errors", True)])], Measure(), 2, [1]).way == GO


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"probes": [ProbeReading("in", 50, 49)]}, "the probe in got 49 of 50 answers (98.00%), and needs 100.00%"),
        (
            {"probes": [ProbeReading("in", 50, 47, others="503 (2), no answer (1)")]},
            "the probe in got 47 of 50 answers (94.00%), and needs 100.00%; instead came: 503 (2), no answer (1)",
        ),
        ({"probes": [ProbeReading("in", 0, 0)]}, "the probe in sent nothing"),
        ({"probes": [ProbeReading("in", 9, 9, 1.5)]}, "the probe in waited 1.50 s for its slowest answers, and may wait 1.00 s"),
        ({"probes": [ProbeReading("east to west", 9, 9, 0.6)]}, "the probe east to west waited 0.60 s for its slowest answers, 0.02 s before the wave"),
        ({"rejected": {"listener": 2, "route": 0}}, "proxies rejected 2 listener configurations; the logs of the control planes say which"),
        ({"late": ["Deployment shop/a has 1 of 2 pods"]}, "not moved: Deployment shop/a has 1 of 2 pods"),
        ({"plain": ["shop/a-1"]}, "pods run without a proxy: shop/a-1"),
        ({"probes": [ProbeReading("in", 50, 0, 0.0, "plain text")]}, "the probe in failed: plain text"),
        ({"faults": ["what proxies rejected could not be read: no answer"]}, "what proxies rejected could not be read: no answer"),
        (
            {"astray": ["a:80 goes to nobody"]},
            "a:80 goes to nobody; restart the control planes of the revision that is wrong, or leave this out with cutover_probe.destinations: false",
        ),
        ({"gates": [UserGate("errors", value="0.3")]}, "the gate errors failed: it saw 0.3"),
        ({"gates": [UserGate("errors", True, fault="connection refused")]}, "the gate errors could not be asked: connection refused"),
    ],
)
def test_each_fault_turns_the_wave_back_and_says_why(change: dict[str, Any], reason: str) -> None:
    said = verdict([GOOD, replace(GOOD, cluster="west", **change)], Measure(), 2, [1])
    assert (said.way, said.waves, said.reasons) == (BACK, (2,), (f"west: {reason}.",))


def test_the_user_chooses_how_far_it_turns_back() -> None:
    bad = [replace(GOOD, late=["x"])]
    assert verdict(bad, Measure(rollback=ALL), 3, [1, 2]).waves == (3, 2, 1)
    assert verdict(bad, Measure(rollback=NONE), 3, [1, 2]) == verdict(bad, Measure(rollback=NONE), 3)
    assert verdict(bad, Measure(rollback=NONE), 3, [1, 2]).way == STOP


def test_what_was_slow_before_may_stay_slow_and_small_numbers_mean_nothing() -> None:
    slow = ProbeReading("in", 9, 9, 0.09)
    assert verdict([Reading("east", [slow], {"in": ProbeReading("in", 9, 9, 0.001)})], Measure(), 1).way == GO
    assert verdict([Reading("east", [replace(slow, slowest=0.9)], {"in": ProbeReading("in", 9, 9, 0.8)})], Measure(), 1).way == GO
    assert verdict([Reading("east", [replace(slow, slowest=0.9)], {"in": slow})], Measure(), 1).way == BACK
    assert verdict([Reading("east", [replace(slow, slowest=0.9)], {"in": slow})], Measure(slower=0), 1).way == GO


def test_gates_that_no_cluster_was_asked_and_faults_of_the_wave_are_reasons_too() -> None:
    said = verdict([GOOD], Measure(), 2, [1], [UserGate("approval", value="no")], ["east: not moved."])
    assert (said.way, said.reasons) == (BACK, ("east: not moved.", "The gate approval failed: it saw no."))
    assert verdict([GOOD], Measure(), 2, [1], [UserGate("approval", True)]).way == GO


def test_before_the_first_wave_and_after_the_last_there_is_no_wave_to_turn_back() -> None:
    bad = [replace(GOOD, late=["x"])]
    assert verdict(bad, Measure(), 0).waves == ()
    assert verdict(bad, Measure(rollback=ALL), 0, [1, 2]).waves == (2, 1)


def test_after_the_finish_its_pointers_turn_back_before_the_waves() -> None:
    bad = [replace(GOOD, late=["x"])]
    for rollback, pointers, waves in ((WAVE, True, ()), (ALL, True, (2, 1)), (NONE, False, ())):
        said = verdict(bad, Measure(rollback=rollback), 0, [1, 2], finished=True)
        assert (said.pointers, said.waves, said.way == STOP) == (pointers, waves, rollback == NONE)
    assert not verdict([GOOD], Measure(), 0, finished=True).pointers
    assert not verdict(bad, Measure(), 2).pointers


def test_no_gate_passes_because_no_probe_was_asked() -> None:
    assert verdict([replace(GOOD, probes=[])], Measure(requests=50), 0).reasons == ("east: no probe was asked.",)
    assert verdict([replace(GOOD, probes=[])], Measure(), 0).way == GO
    assert verdict([replace(GOOD, probes=[], faults=["x"])], Measure(requests=50), 0).reasons == ("east: x.",)


def test_counters_are_compared_and_one_that_began_anew_is_not_negative() -> None:
    assert since({"cds": 5, "lds": 2, "rds": 1}, {"cds": 3, "lds": 7}) == {"cds": 2, "lds": 2, "rds": 1}


def test_a_reading_passes_through_json_and_takes_what_was_before_from_the_first() -> None:
    first = json.loads(json.dumps(replace(GOOD, counted={"cds": 3}).facts()))
    later = replace(GOOD, probes=[ProbeReading("east to west", 50, 49, 0.5)], gates=[UserGate("errors", True, "0")], faults=["x"], late=[], wave=2)
    later = replace(later, plain=[], astray=["y"])
    read = Reading.of(json.loads(json.dumps(later.facts())), first)
    assert read == replace(later, before={"east to west": GOOD.probes[0]})
    assert Reading.of(first).before == {}
