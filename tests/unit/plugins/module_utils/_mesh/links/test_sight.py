# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether control planes still see of a cluster what they saw before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.sight import Sight, behind

WAS = Sight("east", "istiod-1", "p1", True, "synced", 1, {"app/a": 2, "app/b": 1, "app/c": 0}, frozenset({"192.0.2.1:15443"}))
NOW = replace(WAS, taken=2)
OTHER = replace(NOW, viewer="north", pod="istiod-9")
SILENT = Sight("east", "istiod-1", fault="does not tell what it sees")


def told(now: Sequence[Sight], before: Sequence[Sight] = (WAS,), written: Sequence[str] = ("east",), settled: bool = False) -> list[str]:
    return behind("west", before, now, ["east"], written, settled)


@pytest.mark.parametrize(("now", "late"), [
    pytest.param([NOW], [], id="as before"),
    pytest.param([replace(NOW, endpoints={"app/a": 1, "app/b": 7})], [], id="scaled meanwhile"),
    pytest.param([], ["east: no control plane runs there"], id="no istiod"),
    pytest.param([SILENT], ["east: istiod-1 does not tell what it sees"], id="silent"),
    pytest.param([replace(NOW, synced=False, status="syncing")], ["east: istiod-1 reports west as syncing"], id="syncing"),
    pytest.param([replace(NOW, synced=False, status="timeout")], ["east: istiod-1 reports west as timeout"], id="timeout"),
    pytest.param([replace(NOW, synced=False, status="")], ["east: istiod-1 does not know west"], id="unknown"),
    pytest.param([WAS], ["east: istiod-1 has not taken the new credential"], id="synced, but by the old one"),
    pytest.param([replace(NOW, endpoints={"app/a": 2})], ["east: istiod-1 lost the endpoints in west of app/b"], id="endpoints wiped, istio#61043"),
    pytest.param([replace(NOW, gateways=frozenset())], ["east: istiod-1 lost the gateways to the network of west"], id="gateway gone, istio#60920"),
    pytest.param([NOW, replace(NOW, pod="istiod-2", instance="p2")], ["east: istiod-2 may not have taken the new credential yet"], id="a replica that is new"),
    pytest.param([replace(NOW, instance="restarted", taken=1)], ["east: istiod-1 may not have taken the new credential yet"], id="restarted meanwhile"),
])  # fmt: skip
def test_right_after_the_write(now: list[Sight], late: list[str]) -> None:
    assert told(now) == late


@pytest.mark.parametrize("seen", [replace(WAS, taken=None), replace(WAS, instance="restarted")])
def test_one_that_does_not_count_gets_time(seen: Sight) -> None:
    assert told([seen], settled=False) == ["east: istiod-1 may not have taken the new credential yet"]
    assert told([seen], settled=True) == []


def test_one_that_counts_is_not_believed_for_waiting() -> None:
    assert told([WAS], settled=True) == ["east: istiod-1 has not taken the new credential"]


def test_one_that_an_earlier_run_has_switched_gets_time_too() -> None:
    assert told([WAS], before=[], written=[]) == ["east: istiod-1 may not have taken the new credential yet"]
    assert told([WAS], before=[], written=[], settled=True) == []


def test_without_a_look_before_it_has_to_see_something_if_any_other_does() -> None:
    blind = replace(NOW, endpoints={})
    assert told([blind, OTHER], before=[], written=[], settled=True) == ["east: istiod-1 sees no endpoint in west, but others do"]
    assert told([blind], before=[], written=[], settled=True) == []


def test_many_that_are_lost_are_counted() -> None:
    was = replace(WAS, endpoints={f"app/{number}": 1 for number in range(9)})
    assert told([replace(NOW, endpoints={})], before=[was]) == ["east: istiod-1 lost the endpoints in west of app/0, app/1, app/2 and of 6 more"]
