# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who trusts whom, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.roots import TrustSet, expiry, may_replace, one_root, relation, strangers
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import (
    DAY,
    NOW,
    OTHER_ROOT,
    ROOT,
    issuer,
    make,
    seen,
)

A, B = "12ab" * 16, "34cd" * 16


def trust(cluster: str, signs_under: str, *more: str) -> TrustSet:
    return TrustSet(cluster, signs_under, frozenset({signs_under, *more}))


@pytest.mark.parametrize(("trusts", "said"), [
    pytest.param([], None, id="no cluster"),
    pytest.param([trust("east", A)], None, id="one cluster"),
    pytest.param([trust("east", A), trust("west", A)], None, id="one root"),
    pytest.param([trust("east", A, B), trust("west", B, A)], None, id="in a rotation"),
    pytest.param([trust("west", A), trust("east", A), trust("north", B)],
                 "east, west (root 12ab12ab12ab) | north (root 34cd34cd34cd)", id="two roots"),
    pytest.param([trust("east", A, B), trust("west", B)],
                 "east (root 12ab12ab12ab) | west (root 34cd34cd34cd)", id="trust one way only"),
])  # fmt: skip
def test_strangers(trusts: list[TrustSet], said: str | None) -> None:
    assert strangers(trusts) == said


@pytest.mark.parametrize(("trusts", "lacking", "source", "words"), [
    pytest.param([], ["east", "west"], None, "", id="an empty mesh"),
    pytest.param([trust("east", A)], ["west"], A, "", id="one has it, the other gets it"),
    pytest.param([trust("east", A)], [], None, "", id="its root is nowhere, and nobody needs it"),
    pytest.param([trust("east", A)], ["west"], None, "west would be given a new root, unlike east (root 12ab", id="a second root"),
    pytest.param([trust("east", A)], ["west"], B, "west would be given the root 34cd34cd34cd, unlike east", id="another root"),
    pytest.param([trust("east", B, A), trust("west", A, B)], ["north"], A,
                 "north would be given the root 12ab12ab12ab alone, and what is signed in east (root 34cd34cd34cd) would be strange to it. "
                 "A rotation is under way", id="a cluster that comes between reissue and retire"),
    pytest.param([trust("east", A, B), trust("west", A, B)], ["north"], A, "", id="a cluster that comes before anybody signs under the next root"),
    pytest.param([trust("east", A), trust("west", B)], [], A, "do not share a root: east (root", id="two roots"),
])  # fmt: skip
def test_one_root_before_a_write(trusts: list[TrustSet], lacking: list[str], source: str | None, words: str) -> None:
    found = one_root("shop", trusts, lacking, source)
    assert bool(found) == bool(words)
    assert words in " ".join(found)


def test_trust_is_read_from_a_ca_and_from_facts() -> None:
    read = TrustSet.of("east", seen(issuer(under=(ROOT, OTHER_ROOT))))
    assert read.signs_under == ROOT.fingerprint
    assert read == TrustSet.of("east", read.facts())


@pytest.mark.parametrize(("old", "new", "said", "allowed"), [
    pytest.param("A", "A", "same", True, id="same"),
    pytest.param("A", "AB", "grows", True, id="introduce"),
    pytest.param("AB", "B", "shrinks", True, id="retire"),
    pytest.param("A", "B", "disjoint", False, id="the naive swap"),
    pytest.param("AB", "BC", "overlaps", False, id="both at once"),
    pytest.param("", "A", "grows", False, id="from nothing"),
    pytest.param("A", "", "shrinks", False, id="to nothing"),
])  # fmt: skip
def test_how_a_trust_set_changes(old: str, new: str, said: str, allowed: bool) -> None:
    assert relation(frozenset(old), frozenset(new)) == said
    assert may_replace(frozenset(old), frozenset(new)) is allowed


@pytest.mark.parametrize(("left", "level", "days"), [
    pytest.param(90 * DAY, "ok", 90, id="ok"),
    pytest.param(60 * DAY, "warn", 60, id="warn"),
    pytest.param(14 * DAY, "critical", 14, id="critical"),
    pytest.param(timedelta(hours=5), "critical", 0, id="today"),
    pytest.param(timedelta(0), "expired", 0, id="now"),
    pytest.param(-DAY, "expired", -1, id="yesterday"),
])  # fmt: skip
def test_expiry(left: timedelta, level: str, days: int) -> None:
    certificate = seen(issuer(make("i", ROOT, days=(-10, left / DAY)))).certificate
    assert certificate
    verdict = expiry(certificate, NOW)
    assert (verdict.level, verdict.days) == (level, days)
    assert "CN=i" in verdict.sentence
