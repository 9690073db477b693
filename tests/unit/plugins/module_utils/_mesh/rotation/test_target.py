# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choosing the root with which a rotation ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.target import ACTIVE, FORMER, MAKE, UPCOMING, RootCandidates, choose, turn_back
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Certificate

NOW = datetime(2026, 8, 27, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def root(fingerprint: str, age: timedelta = timedelta(days=400)) -> Certificate:
    start = NOW - age
    return Certificate("CN=root", "CN=root", "1", start, start + timedelta(days=3650), True, None, "EC P-256", fingerprint * 64, "ECDSA_WITH_SHA256")


OLD, NEXT = root("a"), root("b", timedelta(minutes=2))


@pytest.mark.parametrize(
    ("known", "which", "fingerprint"),
    [
        (RootCandidates("shop", True, OLD), MAKE, ""),
        (RootCandidates("shop", True, OLD, NEXT), UPCOMING, NEXT.fingerprint),
        (RootCandidates("shop", True, NEXT), ACTIVE, NEXT.fingerprint),
        # Killed between the last two writes: the new root is in its place, and its Secret beside is still there.
        (RootCandidates("shop", True, NEXT, NEXT), ACTIVE, NEXT.fingerprint),
        (RootCandidates("shop", True, OLD, OLD), ACTIVE, OLD.fingerprint),
        (RootCandidates("shop", False, OLD), ACTIVE, OLD.fingerprint),
        (RootCandidates("shop", False, NEXT), ACTIVE, NEXT.fingerprint),
    ],
)
def test_the_target(known: RootCandidates, which: str, fingerprint: str) -> None:
    choice = choose(known, NOW, HOUR)
    assert (choice.which, choice.fingerprint) == (which, fingerprint)


def test_a_root_that_has_expired_is_followed_at_any_age() -> None:
    short = replace(NEXT, not_after=NOW)
    assert choose(RootCandidates("shop", True, short), NOW, HOUR).which == MAKE
    assert choose(RootCandidates("shop", True, short, OLD), NOW, HOUR).which == UPCOMING


LATE = replace(root("c"), not_after=NOW)


@pytest.mark.parametrize("active", [OLD, NEXT, LATE, replace(OLD, not_after=NOW)], ids=["old", "young", "itself", "expired too"])
def test_a_root_that_expired_on_the_way_to_it_is_not_gone_to(active: Certificate) -> None:
    """`itself`: a run was killed between the last two writes, and nobody repeated it until the root had expired."""
    choice = choose(RootCandidates("shop", True, active, LATE), NOW, HOUR)
    assert (choice.which, choice.fingerprint) == (MAKE, "")
    assert f"{LATE}, which expired at 2026-08-27" in choice.says


def test_the_way_back_from_a_root_that_has_expired_is_open() -> None:
    assert turn_back(RootCandidates("shop", True, OLD, LATE), []).fingerprint == OLD.fingerprint


def test_a_young_root_is_rotated_where_no_age_is_asked_for() -> None:
    assert choose(RootCandidates("shop", True, NEXT), NOW, timedelta(0)).which == MAKE


def test_why_a_young_root_is_kept_is_said() -> None:
    assert "is 2 minutes old, and stays until it is 60 minutes old (rotate_min_age)" in choose(RootCandidates("shop", True, NEXT), NOW, HOUR).says


def test_without_a_root_there_is_nothing_to_rotate() -> None:
    with pytest.raises(Refused, match="The mesh shop has no root to rotate"):
        choose(RootCandidates("shop", True, None), NOW, HOUR)


class TestTurningBack:
    @pytest.mark.parametrize(
        ("known", "which", "fingerprint"),
        [
            (RootCandidates("shop", True, OLD, NEXT), ACTIVE, OLD.fingerprint),
            (RootCandidates("shop", False, NEXT, former=frozenset({OLD.fingerprint})), FORMER, OLD.fingerprint),
        ],
    )
    def test_the_former_root_is_the_target(self, known: RootCandidates, which: str, fingerprint: str) -> None:
        choice = turn_back(known, [])
        assert (choice.which, choice.fingerprint) == (which, fingerprint)

    def test_not_after_a_cluster_retired_it(self) -> None:
        with pytest.raises(Refused, match="west trusts only the new root by now. To go back, start a new rotation"):
            turn_back(RootCandidates("shop", True, OLD, NEXT), ["west"])

    @pytest.mark.parametrize(
        "known",
        [
            RootCandidates("shop", True, OLD),
            RootCandidates("shop", True, NEXT, NEXT),
            RootCandidates("shop", False, OLD, former=frozenset({OLD.fingerprint})),
        ],
    )
    def test_not_without_a_rotation(self, known: RootCandidates) -> None:
        with pytest.raises(Refused, match="no rotation is under way"):
            turn_back(known, [])

    def test_not_to_two_roots(self) -> None:
        two = replace(RootCandidates("shop", False, NEXT), former=frozenset({"c" * 64, "d" * 64}))
        with pytest.raises(Refused, match="had several roots before"):
            turn_back(two, [])
