# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lease of a mesh on a real API server, with holders that race, pause or are killed, wrong clocks, and a network that loses answers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube import lease as leases
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import Hold, LeaseWish, Taken, check, release, renew, take
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access, bearer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import Lease, ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

from .conftest import Play, Step, Way
from .hostile import CONFLICT, CUT, EVERY, LOST, LOST_IN_STALL, Hostile, hostile

QUICK = Limits(connect=2, read=0.6, patience=30, first_pause=0.02, longest_pause=0.2)

# A run of its own: takes the Lease, says so, and renews it until it is refused; the clock may be set.
RUN = """
import json, sys, time
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import Hold, LeaseWish, take
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import ref
options, mesh, holder, duration = json.loads(sys.argv[1])
cluster, where = connect(options, environ={}), ref(mesh, "meshops-system")
taken = take(cluster, where, LeaseWish(holder, duration))
print(taken.epoch, flush=True)
hold = Hold(cluster, where, holder, taken.epoch)
try:
    while True:
        hold.keep()
        time.sleep(0.05)
        hold.guard()
except Refused as refused:
    print(refused, flush=True)
"""


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.fixture
def where(request: pytest.FixtureRequest) -> Ref:
    """Each test has a mesh of its own."""
    return ref("m" + "".join(letter for letter in request.node.name.lower() if letter.isalnum())[-40:], "meshops-system")


@contextmanager
def running(admin: dict[str, Any], where: Ref, holder: str, duration: int) -> Iterator[subprocess.Popen[str]]:
    """A run that holds the Lease when the block begins."""
    given = json.dumps([admin, where.name.removeprefix("meshops-"), holder, duration])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", RUN, given], stdout=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stdout and process.stdout.readline().strip().isdigit()
        yield process
    finally:
        process.kill()
        process.wait()


def seen(cluster: Cluster, where: Ref) -> Lease:
    return Lease.of(cluster.get(where))


def outcome(work: Callable[[], Taken]) -> Taken | Refused:
    try:
        return work()
    except Refused as refused:
        return refused


@contextmanager
def alive(cluster: Cluster, where: Ref, holder: str) -> Iterator[None]:
    """Renew the Lease from the moment at which this holder has it."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(0.05):
            lease = seen(cluster, where)
            if lease.holder == holder:
                renew(cluster, where, holder, lease.epoch)

    with ThreadPoolExecutor(1) as pool:
        kept = pool.submit(keep)
        try:
            yield
        finally:
            over.set()
            kept.result()


def test_of_two_at_once_exactly_one_wins(cluster: Cluster, where: Ref) -> None:
    winners = []
    for number in range(1, 21):
        start = threading.Barrier(2)

        def one(holder: str, start: threading.Barrier = start) -> Taken | Refused:
            start.wait()
            return outcome(lambda: take(cluster, where, LeaseWish(holder, 15)))

        with alive(cluster, where, "a"), alive(cluster, where, "b"), ThreadPoolExecutor(2) as pool:
            results = list(pool.map(one, "ab"))
        (winner,) = [result for result in results if isinstance(result, Taken)]
        (loser,) = [result for result in results if isinstance(result, Refused)]
        assert f"held by {winner.holder}" in str(loser)
        assert (winner.epoch, winner.took_over) == (number, False)
        assert release(cluster, where, winner.holder).changed
        winners.append(winner.holder)
    assert len(winners) == 20


def test_a_killed_holder_is_replaced_after_the_duration_and_not_before(admin: dict[str, Any], cluster: Cluster, where: Ref) -> None:
    with running(admin, where, "run-1", 5) as process:
        with pytest.raises(Refused, match="held by run-1, which is alive"):
            take(cluster, where, LeaseWish("run-2", 5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed = time.monotonic()
        taken = take(cluster, where, LeaseWish("run-2", 5))
        assert (taken.epoch, taken.took_over) == (2, True)
        assert 5 <= time.monotonic() - killed < 15


def test_a_paused_holder_that_resumes_is_refused(admin: dict[str, Any], cluster: Cluster, where: Ref) -> None:
    with running(admin, where, "run-1", 2) as process:
        process.send_signal(signal.SIGSTOP)
        taken = take(cluster, where, LeaseWish("run-2", 2))
        process.send_signal(signal.SIGCONT)
        said, _nothing = process.communicate(timeout=20)
        assert "no longer held by run-1 in epoch 1: run-2 holds it now" in said
        check(cluster, where, "run-2", taken.epoch)


def test_a_paused_holder_whose_successor_has_ended_is_refused(admin: dict[str, Any], cluster: Cluster, where: Ref) -> None:
    with running(admin, where, "run-1", 60) as process:
        process.send_signal(signal.SIGSTOP)
        assert take(cluster, where, LeaseWish("run-2", 2, break_holder="run-1")).epoch == 2
        release(cluster, where, "run-2")
        process.send_signal(signal.SIGCONT)
        said, _nothing = process.communicate(timeout=20)
        assert "no longer held by run-1 in epoch 1: nobody holds it now (epoch 2" in said
        assert seen(cluster, where).holder == ""


def test_broken_only_by_the_right_name(cluster: Cluster, where: Ref) -> None:
    take(cluster, where, LeaseWish("run-1", 600))
    before = cluster.get(where)
    with pytest.raises(Refused, match="held by run-1 .*, not by run-7 as rotate_break_lease or cutover_break_lease says"):
        take(cluster, where, LeaseWish("run-2", 600, break_holder="run-7"))
    assert cluster.get(where) == before
    started = time.monotonic()
    taken = take(cluster, where, LeaseWish("run-2", 600, break_holder="run-1"))
    assert (taken.epoch, taken.took_over) == (2, True)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("days", [-1, 1])
@pytest.mark.parametrize("whose", ["the holder's", "ours"])
def test_a_clock_that_is_wrong_by_a_day_changes_nothing(cluster: Cluster, where: Ref, monkeypatch: pytest.MonkeyPatch, whose: str, days: int) -> None:
    wrong = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    right, day = leases.now, wrong[:10]
    monkeypatch.setattr(leases, "now", (lambda: wrong) if whose == "the holder's" else right)
    take(cluster, where, LeaseWish("run-1", 4))
    assert seen(cluster, where).renewed.startswith(day) == (whose == "the holder's")
    monkeypatch.setattr(leases, "now", right if whose == "the holder's" else (lambda: wrong))
    with alive(cluster, where, "run-1") if whose == "ours" else _beating(cluster, where, days):
        with pytest.raises(Refused, match="which is alive"):
            take(cluster, where, LeaseWish("run-2", 4))
    started = time.monotonic()
    assert take(cluster, where, LeaseWish("run-2", 4)).took_over
    assert 4 <= time.monotonic() - started < 15


@contextmanager
def _beating(cluster: Cluster, where: Ref, days: int) -> Iterator[None]:
    """Renew the Lease as a machine whose clock is wrong."""

    def beat() -> None:
        time.sleep(0.3)
        live = cluster.get(where)
        assert live
        told = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert cluster.replace({**live, "spec": {**live["spec"], "renewTime": told}})

    with ThreadPoolExecutor(1) as pool:
        beaten = pool.submit(beat)
        yield
        beaten.result()


def test_the_epoch_outlives_its_holders(cluster: Cluster, where: Ref) -> None:
    for number in range(1, 4):
        assert take(cluster, where, LeaseWish(f"run-{number}", 5)).epoch == number
        release(cluster, where, f"run-{number}")
    assert (seen(cluster, where).holder, seen(cluster, where).epoch) == ("", 3)
    cluster.delete([where])
    assert take(cluster, where, LeaseWish("run-4", 5, at_least=3)).epoch == 4


def test_threads_share_a_hold(cluster: Cluster, where: Ref) -> None:
    taken = take(cluster, where, LeaseWish("run-1", 6))
    hold, end = Hold(cluster, where, "run-1", taken.epoch), time.monotonic() + 5

    def wait(_number: int) -> int:
        rounds = 0
        while time.monotonic() < end:
            hold.keep()
            hold.guard()
            rounds += 1
            time.sleep(0.05)
        return rounds

    with ThreadPoolExecutor(8) as pool:
        waiting = pool.map(wait, range(8))
        with pytest.raises(Refused, match="which is alive"):
            take(cluster, where, LeaseWish("run-2", 6))
        assert min(waiting) > 2
    assert seen(cluster, where).epoch == 1


@pytest.fixture(scope="module")
def between(way: Way) -> Iterator[Hostile]:
    with hostile(way.url, way.ca) as proxy:
        yield proxy


@pytest.fixture
def cut_off(between: Hostile, way: Way) -> Iterator[Cluster]:
    yield Cluster(Transport(Access(between.url, headers=(bearer(way.tokens["admin"]),)), "east", limits=QUICK), name="east")
    between.calm()


@pytest.mark.parametrize("fault", [*EVERY, CONFLICT], ids=str)
def test_through_a_bad_network_each_step_happens_once(between: Hostile, cut_off: Cluster, cluster: Cluster, where: Ref, fault: Any) -> None:
    """The version of the object shows how often it was written."""
    for number, step in enumerate((
        lambda: take(cut_off, where, LeaseWish("run-1", 60)).epoch,
        lambda: renew(cut_off, where, "run-1", 1).epoch,
        lambda: check(cut_off, where, "run-1", 1) or 1,
        lambda: int(release(cut_off, where, "run-1").changed),
        lambda: take(cut_off, where, LeaseWish("run-2", 60)).epoch - 1,
        lambda: int(take(cut_off, where, LeaseWish("run-3", 60, break_holder="run-2")).took_over),
    )):  # fmt: skip
        between.befall(fault, "GET POST PUT" if fault is not CONFLICT else "POST PUT", 2)
        assert step() == 1, f"step {number}"
        assert between.befallen or (number == 2 and fault is CONFLICT)
    assert seen(cluster, where) == Lease("run-3", 3, 60, seen(cluster, where).renewed, seen(cluster, where).acquired)


@pytest.mark.parametrize("fault", [CONFLICT, LOST, LOST_IN_STALL, CUT], ids=str)
def test_in_a_storm_of_conflicts_one_wins(between: Hostile, cut_off: Cluster, cluster: Cluster, where: Ref, fault: Any) -> None:
    dice = random.Random(7)
    between.calm()
    between._choose = lambda method, path: fault if method in ("POST", "PUT") and dice.random() < 0.5 else None
    with alive(cluster, where, "a"), alive(cluster, where, "b"), alive(cluster, where, "c"), ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda holder: outcome(lambda: take(cut_off, where, LeaseWish(holder, 20))), "abc"))
    assert len([result for result in results if isinstance(result, Taken)]) == 1, results
    assert seen(cluster, where).epoch == 1


def test_a_storm_without_end_has_one(between: Hostile, cut_off: Cluster, cluster: Cluster, where: Ref) -> None:
    between.befall(CONFLICT, "PUT", 10**6)
    take(cut_off, where, LeaseWish("run-1", 60))
    started = time.monotonic()
    with pytest.raises(NotReady, match="could not be written"):
        release(cut_off, where, "run-1")
    assert time.monotonic() - started < 60
    assert seen(cluster, where).holder == "run-1"


def test_the_module_in_twelve_steps(play: Play, admin: dict[str, Any], cluster: Cluster) -> None:
    make = {"mesh": "twelve", "holder": "run-1", "namespace": "api-lease"}
    modify, delete = {**make, "duration": 30}, {**make, "state": "released"}
    steps = [step for options in (make, modify, delete) for step in _four(options)]
    ran = play(*steps)
    assert [result["failed"] for result in ran.results] == [False] * 12, ran.output
    assert [result["changed"] for result in ran.results] == [True, True, False, False] * 3
    assert [result["epoch"] for result in ran.results] == [1] * 12
    assert [result["holder"] for result in ran.results] == ["run-1"] * 8 + [""] * 4
    for result in ran.results[4:6]:
        (diff,) = result["diff"]
        before, after = diff["before"]["spec"], diff["after"]["spec"]
        assert {name for name in after if before.get(name) != after[name]} == {"leaseDurationSeconds"}
    assert Lease.of(cluster.get(ref("twelve", "api-lease"))).holder == ""


def _four(options: dict[str, Any]) -> list[Step]:
    return [Step("lease", options, check=check) for check in (True, False, True, False)]


def test_the_module_says_who_holds_it(play: Play, admin: dict[str, Any], cluster: Cluster) -> None:
    where = ref("said", "meshops-system")
    take(cluster, where, LeaseWish("run-1", 600))
    wrong, right = play(
        Step("lease", {"mesh": "said", "holder": "run-2", "break_holder": "run-3"}),
        Step("lease", {"mesh": "said", "holder": "run-2", "break_holder": "run-1"}),
    ).results
    assert wrong["failed"] and wrong["holder"] == "run-1"
    assert wrong["msg"].startswith("east: the Lease of mesh said is held by run-1 (epoch 1, last renewed at 20")
    assert (right["holder"], right["epoch"], right["took_over"]) == ("run-2", 2, True)
