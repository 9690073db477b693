# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.federation import Credential, consumers, peers, require_common_root
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member

EAST, WEST = Member("east", mesh="shop"), Member("west", mesh="shop")
EDGE = Member("edge", mesh="shop", role="remote", primary="west")
OTHER = Member("other", mesh="bank")
OLD, NEW, ODD = "0" * 8 + "old", "1" * 8 + "new", "2" * 8 + "odd"


@pytest.mark.parametrize(("name", "discovered"), [
    pytest.param("east", [WEST, EDGE], id="a primary discovers primaries and remotes"),
    pytest.param("west", [EAST, EDGE], id="its own remote among them"),
    pytest.param("edge", [], id="a remote discovers none"),
    pytest.param("other", [], id="nobody discovers another mesh"),
])
def test_who_discovers_whom(name: str, discovered: list[Member]) -> None:
    assert peers([EAST, OTHER, WEST, EDGE], name) == discovered


@pytest.mark.parametrize(("name", "by"), [
    pytest.param("east", [WEST], id="a primary, by primaries and by no remote"),
    pytest.param("edge", [EAST, WEST], id="a remote, by every primary"),
    pytest.param("other", [], id="by nobody of another mesh"),
])
def test_by_whom_a_cluster_is_discovered(name: str, by: list[Member]) -> None:
    assert consumers([EAST, OTHER, WEST, EDGE], name) == by


def test_a_cluster_that_is_not_in_the_inventory_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="^north: the inventory has no cluster of this name"):
        peers([EAST], "north")


@pytest.mark.parametrize("roots", [
    pytest.param({}, id="nobody"),
    pytest.param({"east": [OLD], "west": [OLD]}, id="one root"),
    pytest.param({"east": [OLD, NEW], "west": [NEW]}, id="in the middle of a rotation"),
])
def test_clusters_with_a_root_in_common_may_be_linked(roots: dict[str, list[str]]) -> None:
    require_common_root(roots)


def test_clusters_of_different_roots_are_refused_in_groups_by_name() -> None:
    with pytest.raises(Refused) as refused:
        require_common_root({"west": [OLD], "north": [NEW, ODD], "east": [OLD]})
    assert "do not share a root CA: east, west (root 00000000) | north (root 11111111, 22222222). " in str(refused.value)
    assert "Nothing was linked." in str(refused.value)


def test_pairs_that_overlap_without_a_root_that_all_trust_are_refused() -> None:
    with pytest.raises(Refused, match="do not share a root CA"):
        require_common_root({"east": [OLD, NEW], "west": [NEW, ODD], "north": [ODD, OLD]})


def test_clusters_without_a_root_are_refused_with_what_to_run() -> None:
    with pytest.raises(Refused, match=r"^north, west: no root certificate .* Run meshops\.lifecycle\.trust first\.$"):
        require_common_root({"west": [], "east": [OLD], "north": []})


def test_a_credential_does_not_print_its_token() -> None:
    assert repr(Credential("west", "https://west", b"ca", b"s3cret")) == "Credential('west', 'https://west')"
