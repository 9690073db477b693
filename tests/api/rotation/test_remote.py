# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations of a mesh in which west has no control plane: the stand-in for east's istiod hands its bundle to both clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .play import Stopped
from .stand_in import CACERTS
from .test_steps import Pulled, signers, until
from .two import PREVIOUS, Two, intermediate, root, settled


@pytest.fixture
def remote(two: Two) -> Two:
    return two.with_a_remote()


def alike(two: Two) -> bool:
    """Whether the CA in west, which nothing reads, matches the CA of east."""
    found = two.state()
    return bool(found["east"] == found["west"])


def test_a_root_and_again(remote: Two) -> None:
    states: dict[str, dict[str, Any]] = {}

    def between(step: str) -> None:
        states[step] = remote.state()

    remote.play(between=between).run()
    assert [states[step]["west"]["handed out"] for step in ("introduce", "reissue", "retire", "finish")] == [
        ["old"],
        ["old root 2"],
        ["mark old root 2"],
        ["root 2"],
    ]
    assert [states[step]["east"] == states[step]["west"] for step in states] == [True] * 4
    assert remote.state() == settled()
    assert not remote.play().run().changed


@pytest.mark.parametrize("last", ["reissue", "retire"], ids=["after introduce", "after reissue"])
def test_turned_back(remote: Two, last: str) -> None:
    before = signers(remote)
    with pytest.raises(Pulled):
        remote.play(between=until(last)).run()
    remote.play(rollback=True).run()
    assert remote.state() == settled("old")
    assert signers(remote) == before


def test_intermediates(remote: Two) -> None:
    before = signers(remote)
    remote.play(kind="intermediate").run()
    assert remote.state() == settled("old")
    assert not before & signers(remote)
    assert not remote.play(kind="intermediate").run().changed


@pytest.mark.parametrize("give", [lambda two: two.clusters["west"].delete([CACERTS]), lambda two: two.give("west", intermediate("west", root(31)))],
                         ids=["no CA at all", "one of another root"])  # fmt: skip
def test_whatever_lies_in_a_cluster_where_nobody_reads_it(remote: Two, give: Callable[[Two], Any]) -> None:
    """It does not count as foreign, because nothing was ever signed with it."""
    give(remote)
    there = remote.clusters["west"].get(CACERTS) is not None
    remote.play().run()
    assert (remote.clusters["west"].get(CACERTS) is not None, remote.clusters["west"].get(PREVIOUS)) == (there, None)
    assert not there or alike(remote)
    assert not remote.play().run().changed


def test_nothing_is_seen_of_it_without_its_primary(remote: Two) -> None:
    kube = {**remote.kube, "east": {**remote.kube["east"], "context": "nobody"}}
    with pytest.raises(Stopped, match="west cannot be judged: west: its primary east was not seen to be through: .*nobody"):
        remote.play(kube=kube).run()


def test_by_the_playbook_with_fewer_forks_than_clusters(remote: Two) -> None:
    """A remote cluster that waits for its primary must not keep the primary from its turn."""
    done = remote.rotate("--forks", "1", rotate_timeout=20).succeeded()
    assert "west: not begun: does not trust the new root yet, served by east" in done.said
    assert remote.state() == settled()
    assert remote.rotate().succeeded().changed == 0


@pytest.mark.parametrize("point", [f"after:{number}" for number in range(2, 13)])
def test_killed_and_run_again(remote: Two, point: str) -> None:
    place, _told = remote.counted(point)
    remote.alone(place, kind="root", duration=2)
    remote.play(kind="root", duration=2).run()
    assert remote.state() == settled()
    assert not remote.play().run().changed
