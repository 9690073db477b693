# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
import itertools

import pytest
from meshlab import plan
from meshlab.errors import LabError
from meshlab.plan import Plan

ALL = [Plan(f"c{n}", n) for n in range(1, plan.LARGEST + 1)]


def networks(one: Plan) -> list[ipaddress.IPv4Network]:
    return [ipaddress.ip_network(text) for text in (one.pool, one.pods, one.services)]


def test_ranges_of_all_clusters_are_apart() -> None:
    every = [network for one in ALL for network in networks(one)]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(every, 2))
    assert all(network.subnet_of(ipaddress.ip_network(plan.RANGE)) for network in every)


def test_nodes_and_pools_are_on_the_bridge_and_nothing_else_is() -> None:
    bridge = ipaddress.ip_interface(f"{plan.BRIDGE_ADDRESS}/{plan.NODE_PREFIX}").network
    for one in ALL:
        pool, pods, services = networks(one)
        assert ipaddress.ip_address(one.node) in bridge and pool.subnet_of(bridge)
        assert not pods.overlaps(bridge) and not services.overlaps(bridge)
        assert not any(ipaddress.ip_address(one.node) in networks(other)[0] for other in ALL)


def test_fixed_services_lie_in_the_service_range() -> None:
    for one in ALL:
        assert {ipaddress.ip_address(a) in ipaddress.ip_network(one.services) for a in (one.dns_service, one.kubernetes_service)} == {True}


def test_interface_names_fit() -> None:
    assert all(len(one.link) <= 15 for one in ALL)


def test_numbers_are_kept_and_gaps_filled() -> None:
    assert plan.assign(["north", "east"], {"east": 1, "south": 3}) == [Plan("north", 2), Plan("east", 1)]


def test_a_name_twice_is_one_cluster() -> None:
    assert plan.assign(["east", "east"], {}) == [Plan("east", 1)]


def test_one_cluster_too_many() -> None:
    taken = {f"c{n}": n for n in range(1, plan.LARGEST + 1)}
    with pytest.raises(LabError, match="room for 15 clusters and `more` is one too many"):
        plan.assign(["more"], taken)


@pytest.mark.parametrize("name", ["", "East", "-a", "a-", "1a", "a_b", "a.b", "a" * 31, "../x"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a cluster"):
        plan.check_name(name)


@pytest.mark.parametrize("name", ["a", "east", "dc-1", "a" * 30])
def test_good_names(name: str) -> None:
    plan.check_name(name)


def test_foreign_routes_in_the_range_are_found() -> None:
    routes = [{"dst": "default", "dev": "eth0"}, {"dst": "10.0.0.0/8", "dev": "eth0"}, {"dst": "198.18.5.0/24", "dev": "tun0"},
              {"dst": "198.18.0.0/20", "dev": plan.BRIDGE}, {"dst": plan.RANGE, "dev": "", "type": "unreachable"}]
    assert plan.overlapping(routes) == ["198.18.5.0/24 on tun0"]


def test_next_free_address() -> None:
    assert plan.next_free("198.18.1.0/24", []) == "198.18.1.1"
    assert plan.next_free("198.18.1.0/24", ["198.18.1.1", "198.18.1.3"]) == "198.18.1.2"
    assert plan.next_free("198.18.1.0/30", ["198.18.1.1", "198.18.1.2"]) is None
