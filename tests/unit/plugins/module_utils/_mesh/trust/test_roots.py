# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether clusters trust each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.roots import shared_root_faults, strangers
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import (
    OTHER_ROOT,
    ROOT,
    issuer,
    seen,
)

A, B = "12ab" * 16, "34cd" * 16


def trust(cluster: str, signs_under: str, *more: str) -> Standing:
    return Standing(cluster, signs_under, trusts=frozenset({signs_under, *more}))


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
def test_strangers(trusts: list[Standing], said: str | None) -> None:
    assert strangers(trusts) == said


@pytest.mark.parametrize(("trusts", "lacking", "source", "words"), [
    pytest.param([], ["east", "west"], None, "", id="an empty mesh"),
    pytest.param([trust("east", A)], ["west"], A, "", id="one has it, the other gets it"),
    pytest.param([trust("east", A)], [], None, "", id="its root is nowhere, and nobody needs it"),
    pytest.param([trust("east", A)], ["west"], None, "west would get a new root, unlike east (root 12ab", id="a second root"),
    pytest.param([trust("east", A)], ["west"], B, "west would get the root 34cd34cd34cd, unlike east", id="another root"),
    pytest.param([trust("east", B, A), trust("west", A, B)], ["north"], A,
                 "north would get the root 12ab12ab12ab alone, and would not trust what is signed in east (root 34cd34cd34cd). "
                 "A rotation is under way", id="a cluster that comes between reissue and retire"),
    pytest.param([trust("east", A, B), trust("west", A, B)], ["north"], A, "", id="a cluster that comes before anybody signs under the next root"),
    pytest.param([trust("east", A), trust("west", B)], [], A, "do not share a root: east (root", id="two roots"),
])  # fmt: skip
def test_one_root_before_a_write(trusts: list[Standing], lacking: list[str], source: str | None, words: str) -> None:
    found = shared_root_faults("shop", trusts, lacking, source)
    assert bool(found) == bool(words)
    assert words in " ".join(found)


def test_trust_is_read_from_a_ca_and_from_facts() -> None:
    read = Standing.read("east", seen(issuer(under=(ROOT, OTHER_ROOT))))
    assert read.signs_under == ROOT.fingerprint
    assert read == Standing.of(read.facts())
    assert read.trust() == {"signs_under": ROOT.fingerprint, "trusts": sorted([ROOT.fingerprint, OTHER_ROOT.fingerprint])}
    assert Standing.of({"cluster": "east", **read.trust()}) == replace(read, signer="")
