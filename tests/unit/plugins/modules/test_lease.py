# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lease of a mesh on a cluster in memory. Time passes only in waits."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube import lease as leases
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import Hold, renew
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import Lease, ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import holder_sentence as text
from ansible_collections.meshops.lifecycle.plugins.modules.lease import reconcile
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

WHERE = ref("shop", "meshops-system")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(leases, "time", ticking)
    numbers = iter(range(10**6))
    monkeypatch.setattr(leases, "now", lambda: f"2026-11-21T12:00:00.{next(numbers):06}Z")
    return ticking


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def held(cluster: FakeCluster, holder: str, **more: Any) -> dict[str, Any]:
    options = {"state": "held", "mesh": "shop", "duration": 60, "break_holder": None, "at_least": 0, "namespace": "meshops-system"}
    return reconcile(cluster, {**options, "holder": holder, **more})


def seen(cluster: FakeCluster) -> Lease:
    return Lease.of(cluster.get(WHERE))


def told(result: dict[str, Any]) -> tuple[Any, ...]:
    return result["changed"], result["holder"], result["epoch"], result["took_over"]


def actions(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change["object"], change["action"]) for change in result["changes"]]


def test_taken_kept_given_back_and_taken_again(cluster):
    first = held(cluster, "run-1")
    assert actions(first) == [("Namespace meshops-system", "created"), ("Lease meshops-system/meshops-shop", "created")]
    assert told(first) == (True, "run-1", 1, False)
    before = seen(cluster)
    assert told(held(cluster, "run-1")) == (False, "run-1", 1, False)
    assert seen(cluster).renewed > before.renewed and seen(cluster).acquired == before.acquired
    assert told(held(cluster, "run-1", state="released")) == (True, "", 1, False)
    assert told(held(cluster, "run-1", state="released")) == (False, "", 1, False)
    assert told(held(cluster, "run-2")) == (True, "run-2", 2, False)
    assert told(held(cluster, "run-1", state="released")) == (False, "run-2", 2, False)


def test_check_mode_says_the_same_and_writes_nothing(cluster):
    checking = cluster.checking()
    assert told(held(checking, "run-1")) == (True, "run-1", 1, False)
    assert cluster.get(WHERE) is None
    held(cluster, "run-1")
    before = seen(cluster)
    assert told(held(checking, "run-1")) == (False, "run-1", 1, False)
    assert told(held(checking, "run-2", break_holder="run-1")) == (True, "run-2", 2, True)
    assert told(held(checking, "run-1", state="released")) == (True, "", 1, False)
    Hold(checking, WHERE, "run-2", 2).guard()
    Hold(checking, WHERE, "run-2", 2).keep()
    assert seen(cluster) == before


def test_the_difference_shows_no_times(cluster):
    held(cluster, "run-1")
    (diff,) = held(cluster, "run-1", duration=30)["diff"]
    assert diff["before"]["spec"] == {"holderIdentity": "run-1", "leaseTransitions": 1, "leaseDurationSeconds": 60}
    assert diff["after"]["spec"] == {"holderIdentity": "run-1", "leaseTransitions": 1, "leaseDurationSeconds": 30}


def test_a_dead_holder_is_replaced_after_its_duration_and_not_before(cluster, clock):
    held(cluster, "run-1", duration=30)
    assert told(held(cluster, "run-2")) == (True, "run-2", 2, True)
    assert 30 <= clock.passed < 33


def test_a_living_holder_is_told_at_once(cluster, clock):
    held(cluster, "run-1")
    clock.meanwhile = lambda passed: renew(cluster, WHERE, "run-1", 1) if passed > 20 else None
    with pytest.raises(Refused, match="east: the Lease of mesh shop is held by run-1, which is alive") as refused:
        held(cluster, "run-2")
    assert refused.value.facts == {"holder": "run-1", "epoch": 1}
    assert clock.passed < 22


def test_nobody_watches_for_longer_than_the_own_duration(cluster, clock):
    held(cluster, "run-1", duration=3600)
    with pytest.raises(Refused, match="took it for 3600 s at a time"):
        held(cluster, "run-2", duration=60)
    assert 60 <= clock.passed < 62


def test_what_is_given_back_while_it_is_watched_is_taken(cluster, clock):
    held(cluster, "run-1")
    clock.meanwhile = lambda passed: held(cluster, "run-1", state="released") if passed > 5 else None
    assert told(held(cluster, "run-2")) == (True, "run-2", 2, False)
    assert clock.passed < 7


def test_broken_by_name_and_only_by_the_right_one(cluster, clock):
    held(cluster, "run-1")
    with pytest.raises(Refused, match="held by run-1 .* not by run-7 as rotate_break_lease or cutover_break_lease says"):
        held(cluster, "run-2", break_holder="run-7")
    assert told(held(cluster, "run-2", break_holder="run-1")) == (True, "run-2", 2, True)
    assert clock.passed == 0


def test_given_back_by_name_when_there_is_nothing_to_take_it_for(cluster):
    with pytest.raises(Refused, match="held by run-1 .* not by run-7 as rotate_break_lease or cutover_break_lease says"):
        held(cluster, "run-1") and held(cluster, None, state="released", break_holder="run-7")
    assert told(held(cluster, None, state="released", break_holder="run-1")) == (True, "", 1, False)
    assert told(held(cluster, None, state="released", break_holder="run-1")) == (False, "", 1, False)
    with pytest.raises(Refused, match="no longer held by run-1 in epoch 1: nobody holds it now"):
        Hold(cluster, WHERE, "run-1", 1).guard()
    assert told(held(cluster, "run-2")) == (True, "run-2", 2, False)


def test_shown_without_a_write(cluster):
    assert held(cluster, None, state="shown")["says"] == ""
    held(cluster, "run-1", duration=30)
    before = cluster.get(WHERE)
    shown = held(cluster, None, state="shown")
    assert told(shown) == (False, "run-1", 1, False)
    assert shown["says"].startswith("east: the Lease of mesh shop is held by run-1 in epoch 1, until 2026-11-21T12:00:30Z by its own clock")
    assert "rotate_break_lease or cutover_break_lease, set to run-1, releases it at once" in shown["says"]
    assert cluster.get(WHERE) == before


def test_what_others_wrote_is_shown_without_a_time(cluster):
    assert "until an unknown time" in text("east", "shop", Lease("run-1", 1))
    assert "until an unknown time" in text("east", "shop", Lease("run-1", 1, renewed="yesterday"))


def test_removed_whoever_holds_it(cluster):
    held(cluster, "run-1")
    assert actions(held(cluster.checking(), None, state="absent")) == [("Lease meshops-system/meshops-shop", "deleted")]
    assert seen(cluster).holder == "run-1"
    assert told(held(cluster, None, state="absent")) == (True, "", 0, False)
    assert told(held(cluster, None, state="absent")) == (False, "", 0, False)


def test_the_loser_of_a_race_waits_for_nobody(cluster, clock, monkeypatch):
    """Somebody else creates the Lease between our look and our write."""
    create = cluster.create

    def beaten(manifest):
        if manifest["kind"] != "Lease":
            return create(manifest)
        create({**manifest, "spec": {**manifest["spec"], "holderIdentity": "run-2"}})
        return None

    monkeypatch.setattr(cluster, "create", beaten)
    with pytest.raises(Refused, match="held by run-2, which is alive"):
        held(cluster, "run-1")
    assert clock.passed < 1


def test_a_write_whose_answer_was_lost_counts_once(cluster, monkeypatch):
    """The repeated request conflicts with the first one, which had arrived."""
    held(cluster, "run-1")
    real = cluster.replace
    monkeypatch.setattr(cluster, "replace", lambda manifest: real(manifest) and None)
    assert told(held(cluster, "run-2", break_holder="run-1")) == (True, "run-2", 2, True)
    assert told(held(cluster, "run-2", state="released")) == (True, "", 2, False)


def test_conflicts_without_end_have_one(cluster, monkeypatch):
    held(cluster, "run-1")
    monkeypatch.setattr(cluster, "replace", lambda manifest: None)
    for attempt in (lambda: held(cluster, "run-1"), lambda: held(cluster, "run-1", state="released"), lambda: renew(cluster, WHERE, "run-1", 1)):
        with pytest.raises(NotReady, match="east: Lease meshops-system/meshops-shop could not be written"):
            attempt()


@pytest.mark.parametrize("happens", ["taken over", "taken over and given back", "given back", "removed"])
def test_who_lost_it_writes_no_more(cluster, happens):
    held(cluster, "run-1")
    hold = Hold(cluster, WHERE, "run-1", 1)
    hold.guard()
    if happens == "removed":
        cluster.delete([WHERE])
    else:
        held(cluster, "run-1" if happens == "given back" else "run-2", break_holder="run-1", state="released" if happens == "given back" else "held")
    if happens == "taken over and given back":
        held(cluster, "run-2", state="released")
    for attempt in (hold.guard, hold.keep):
        with pytest.raises(Refused, match="no longer held by run-1 in epoch 1"):
            attempt()
    assert seen(cluster).holder == ("run-2" if happens == "taken over" else "")


def test_waiting_renews_three_times_in_a_duration(cluster, clock):
    held(cluster, "run-1", duration=60)
    hold, renewals = Hold(cluster, WHERE, "run-1", 1), set()
    for _second in range(60):
        hold.keep()
        renewals.add(seen(cluster).renewed)
        clock.sleep(1)
    assert len(renewals) == 3


@pytest.mark.parametrize("wrong", [{"holder": " "}, {"duration": 0}])
def test_nonsense_is_refused(cluster, wrong):
    with pytest.raises(Refused, match="needs a holder with a name"):
        held(cluster, **{"holder": "run-1", **wrong})
    assert cluster.writes == []
