# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters of one mesh whose revisions have different names, which no istiod since 1.29 reads aright."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.domains import faults


def wish(cluster: str, **more: Any) -> ControlPlane:
    usual = {"mesh": "shop", "revision": "stable", "namespace": "istio-system", "trust_domain": "shop.example", "version": "1.31.1"}
    return ControlPlane(cluster, **{**usual, **more})


def aliased(domain: Any) -> dict[str, Any]:
    return {"values": {"istiod": {"meshConfig": {"trustDomainAliases": domain}}}}


@pytest.mark.parametrize("wishes", [
    [], [wish("east")], [wish("east"), wish("west")], [wish("east", revision=""), wish("west", revision="default")],
    [wish("east", trust_domain="cluster.local"), wish("west", trust_domain="cluster.local", revision="green")],
    [wish("east", version="1.28.9"), wish("west", version="v1.28.9", revision="green")],
    [wish("east", **aliased(["shop.example"])), wish("west", revision="green", **aliased(["shop.example"]))],
    [wish("east"), wish("west", trust_domain="west.example")],
])  # fmt: skip
def test_what_istiod_reads_or_does_not_need_is_no_fault(wishes: list[ControlPlane]) -> None:
    """One revision everywhere, though it has two names; the usual trust domain; an istiod that does not read it; an alias."""
    assert faults(wishes) == {}


def told(other: str, theirs: str, own: str, domain: str) -> str:
    return (
        f"istiod reads the trust domain of {other} from the ConfigMap istio-system/istio-{own} there, where mesh_revision makes istio-system/istio-{theirs}, "
        f"so it would expect cluster.local instead of {domain} and refuse those workloads; give all clusters one mesh_revision and mesh_namespace, or name "
        f"{domain} in meshConfig.trustDomainAliases of istiod in mesh_values"
    )


def test_another_revision_is_a_fault_in_both_clusters() -> None:
    assert faults([wish("east"), wish("west", revision="green", trust_domain="west.example")]) == {
        "east": [told("west", "green", "stable", "west.example")], "west": [told("east", "stable", "green", "shop.example")],
    }  # fmt: skip


def test_clusters_that_have_the_same_are_told_together() -> None:
    green = [wish(f"west-{number}", revision="green") for number in range(7)]
    found = faults([wish("east"), *green, wish("north", trust_domain="north.example", revision="blue")])
    names = "west-0, west-1, west-2, west-3, west-4 and 2 more"
    assert found["east"] == [told(names, "green", "stable", "shop.example"), told("north", "blue", "stable", "north.example")]
    assert found["west-3"] == [told("east", "stable", "green", "shop.example"), told("north", "blue", "green", "north.example")]


@pytest.mark.parametrize(("east", "west", "where"), [
    ({}, {"namespace": "mesh"}, {"east", "west"}), ({"version": "1.28.4"}, {"revision": "green"}, {"west"}),
    ({"version": ""}, {"revision": ""}, {"east", "west"}),
    ({}, {"revision": "green", "role": "remote", "primary": "east"}, {"east"}), (aliased("shop.example"), {"revision": "green"}, {"east", "west"}),
])  # fmt: skip
def test_who_reads_it_is_told(east: dict[str, Any], west: dict[str, Any], where: set[str]) -> None:
    """Not an istiod before 1.29, and not a remote cluster, which has none. Aliases that are no list are none."""
    assert faults([wish("east", **east), wish("west", **west)]).keys() == where
