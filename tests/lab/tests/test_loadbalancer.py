# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from meshlab.loadbalancer import assignments, wants_address

POOL = "198.18.1.0/29"


def service(name: str, address: str | None = None, kind: str = "LoadBalancer", **spec: Any) -> dict[str, Any]:
    status = {"loadBalancer": {"ingress": [{"ip": address}]}} if address else {}
    return {"metadata": {"namespace": "n", "name": name}, "spec": {"type": kind, **spec}, "status": status}


def decide(*services: dict[str, Any]) -> tuple[dict[str, str | None], list[str]]:
    writes, without = assignments({("n", one["metadata"]["name"]): one for one in services}, POOL)
    return {name: address for (_namespace, name), address in writes.items()}, [name for _namespace, name in without]


def test_each_service_gets_its_own() -> None:
    assert decide(service("a"), service("b")) == ({"a": "198.18.1.1", "b": "198.18.1.2"}, [])


def test_what_has_an_address_keeps_it_and_others_step_aside() -> None:
    assert decide(service("a"), service("b", "198.18.1.1")) == ({"a": "198.18.1.2"}, [])


def test_the_address_of_a_deleted_service_is_free_again() -> None:
    assert decide(service("b", "198.18.1.2"), service("c")) == ({"c": "198.18.1.1"}, [])


def test_two_with_one_address_do_not_both_keep_it() -> None:
    assert decide(service("a", "198.18.1.1"), service("b", "198.18.1.1")) == ({"b": "198.18.1.2"}, [])


def test_an_address_of_another_pool_is_replaced() -> None:
    assert decide(service("a", "198.18.9.1")) == ({"a": "198.18.1.1"}, [])


def test_a_service_that_changed_its_type_gives_its_address_back() -> None:
    assert decide(service("a", "198.18.1.1", kind="ClusterIP"), service("b", kind="ClusterIP")) == ({"a": None}, [])


def test_an_address_that_is_asked_for_is_given_if_free() -> None:
    assert decide(service("a", loadBalancerIP="198.18.1.5"), service("b", loadBalancerIP="198.18.1.5"), service("c", loadBalancerIP="10.0.0.1")) == (
        {"a": "198.18.1.5", "b": "198.18.1.1", "c": "198.18.1.2"}, [])


def test_an_exhausted_pool_is_told() -> None:
    writes, without = decide(*(service(f"s{n}") for n in range(8)))
    assert len(writes) == 6 and without == ["s6", "s7"]


def test_another_controllers_services_are_left_alone() -> None:
    assert not wants_address(service("a", loadBalancerClass="other"))
    leaving = service("a")
    leaving["metadata"]["deletionTimestamp"] = "now"
    assert not wants_address(leaving)
