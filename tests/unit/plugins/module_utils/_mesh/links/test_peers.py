# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.peers import consumers, peers, require_mutual_trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing

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


def of(signs: str, *trusts: str) -> Standing:
    return Standing("", signs, trusts=frozenset(trusts))


@pytest.mark.parametrize("roots", [
    pytest.param({}, id="nobody"),
    pytest.param({"east": of(OLD, OLD), "west": of(OLD, OLD)}, id="one root"),
    pytest.param({"east": of(OLD, OLD, NEW), "west": of(NEW, OLD, NEW)}, id="in the middle of a rotation"),
    pytest.param({"east": of(NEW, OLD, NEW), "west": of(NEW, NEW)}, id="when one has retired the old root"),
    pytest.param({"east": of("", OLD, NEW), "west": of("", NEW)}, id="nobody knows what they sign under"),
    pytest.param({"east": of(OLD, OLD, ODD), "west": of(ODD, ODD, OLD)}, id="each trusts the other's, with no rotation"),
])  # fmt: skip
def test_clusters_that_trust_each_other_may_be_linked(roots: dict[str, Standing]) -> None:
    require_mutual_trust(roots)


@pytest.mark.parametrize(("roots", "strange"), [
    pytest.param({"west": of(OLD, OLD), "north": of(NEW, NEW), "east": of(OLD, OLD)},
                 ["east does not trust what north signs (root 11111111)", "north does not trust what east signs (root 00000000)",
                  "north does not trust what west signs (root 00000000)", "west does not trust what north signs (root 11111111)"], id="two roots"),
    pytest.param({"east": of(NEW, OLD, NEW), "west": of(NEW, OLD, NEW), "north": of(OLD, OLD)},
                 ["north does not trust what east signs (root 11111111)", "north does not trust what west signs (root 11111111)"],
                 id="a root in common, and the others sign under another already"),
    pytest.param({"east": of("", OLD), "west": of(NEW, NEW)},
                 ["east does not trust what west signs (root 11111111)", "west does not trust what east signs"], id="one of which nobody knows"),
])  # fmt: skip
def test_clusters_that_do_not_are_refused_by_name(roots: dict[str, Standing], strange: list[str]) -> None:
    with pytest.raises(Refused, match="These clusters do not trust each other: ") as refused:
        require_mutual_trust(roots)
    assert refused.value.facts["findings"] == strange
    assert "Nothing was linked." in str(refused.value)


def test_clusters_of_different_roots_are_shown_in_groups() -> None:
    with pytest.raises(Refused, match=r"each other: east, west \(root 00000000\) \| north \(root 11111111, 22222222\)\. east does not"):
        require_mutual_trust({"west": of(OLD, OLD), "north": of(NEW, NEW, ODD), "east": of(OLD, OLD)})


def test_clusters_without_a_root_are_refused_with_what_to_run() -> None:
    with pytest.raises(Refused, match=r"^north, west: the mesh has no root certificate .* Run meshops\.lifecycle\.trust first\.$"):
        require_mutual_trust({"west": of(""), "east": of(OLD, OLD), "north": of("")})
