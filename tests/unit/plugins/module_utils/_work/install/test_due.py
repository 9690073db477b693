# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stage is completed until nothing is due, for the real needs of Consul and against a stand-in for its store."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due, DueOrder
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import api
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import gateway, product
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import TOKENS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.running import ALL, Running, running
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Store
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking


def test_everything_is_ordered_and_a_second_run_orders_nothing() -> None:
    cluster = running()
    first, second = (complete(cluster, product.due(PEER), 60, Ticking()) for _time in range(2))
    assert (first.ordered, first.changed) == (ALL, True)
    assert (second.ordered, second.changed) == ([], False)


def test_check_mode_says_what_it_sees_and_orders_nothing() -> None:
    cluster = running(dry_run=True)
    seen = complete(cluster, product.due(PEER), 60, Ticking())
    assert (seen.ordered, seen.changed) == (ALL[:2], True)
    assert cluster.store == Store()


@pytest.mark.parametrize("left", range(1, len(ALL) + 1))
def test_a_run_that_is_killed_at_any_order_is_finished_by_the_next(left: int) -> None:
    cluster = running()
    cluster.dies = left
    with pytest.raises(KeyboardInterrupt):
        complete(cluster, product.due(PEER), 60, Ticking())
    rest = complete(cluster, product.due(PEER), 60, Ticking())
    assert rest.ordered == ALL[left - 1 :]
    assert not complete(cluster, product.due(PEER), 60, Ticking()).changed


def test_what_is_refused_for_now_is_ordered_again() -> None:
    cluster = running(500, 503)
    clock = Ticking()
    assert complete(cluster, product.due(PEER), 60, clock).ordered == ALL
    assert clock.passed > 0


def test_what_is_refused_for_good_is_named_without_what_the_order_held() -> None:
    cluster = running(*[403] * 100)
    with pytest.raises(NotReady) as late:
        complete(cluster, product.due(PEER), 5, Ticking())
    assert "east: after 5 s there is still something to do: the policy meshops-agent (PUT was answered with HTTP 403); " in str(late.value)
    assert MANAGEMENT not in str(late.value)
    assert "node_prefix" not in str(late.value)


def test_what_the_product_denies_ends_long_before_the_wait_does_and_one_denial_does_not() -> None:
    clock, patient = Ticking(), Ticking()
    with pytest.raises(NotReady, match=r"after 2\d s .*HTTP 403.*The token with which this run asks lacks a right. Run site"):
        complete(running(*[403] * 100), product.due(PEER), 600, clock)
    assert clock.passed < 30
    assert complete(running(403, 403), product.due(PEER), 600, patient).ordered == ALL


def test_an_order_that_stands_alone_does_not_keep_others_away() -> None:
    cluster, pods = running(500), [server(0), server(1)]
    due = Due(orders=[DueOrder(f"a reload of {number}", api.put("o", pod, "/v1/config", MANAGEMENT, {"Kind": f"k{number}"}), alone=True)
                      for number, pod in enumerate(pods)])  # fmt: skip
    with pytest.raises(NotReady):
        complete(cluster, Look((), lambda _live, _answers: due), 0, Ticking())
    looked = iter([due, Due()])
    cluster = running(500)
    assert complete(cluster, Look((), lambda _live, _answers: next(looked)), 60, Ticking()).ordered == ["a reload of 1"]


def test_a_server_that_never_answers_is_named() -> None:
    cluster = running(store=Store(expected="another token"))
    with pytest.raises(NotReady, match="consul-server-0 did not list its mesh and policies and proxy-defaults and tokens"):
        complete(cluster, product.due(PEER), 5, Ticking())


def test_objects_that_are_made_of_live_ones_are_applied_when_those_are_there() -> None:
    cluster = running()
    service: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "consul-mesh-gateway", "namespace": "consul"}}
    service |= {"spec": {"type": "LoadBalancer", "ports": [{"port": 8443}]}}

    def balanced(passed: float) -> None:
        if passed > 2 and not cluster.get(Ref.of(service)):
            cluster.apply([{**service, "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}}])

    done = complete(cluster, gateway.due(PEER), 30, Ticking(balanced))
    assert [(str(change.ref), change.action) for change in done.changes] == [("ConfigMap consul/consul-mesh-gateway-address", "created")]
    assert not complete(cluster, gateway.due(PEER), 30, Ticking()).changed


def entry_order(kept: Running, **fields: Any) -> Look[Due]:
    """What is due until the stand-in keeps the entry."""
    wanted = {"Kind": "mesh", **fields}
    pod = server()
    order = DueOrder("the entry mesh/mesh", api.put("order", pod, "/v1/config?cas=0", MANAGEMENT, wanted), before=None, after=wanted)
    return Look([], lambda _live, _answers: Due(orders=[] if "mesh" in kept.store.entries else [order]))


def test_an_order_that_may_be_shown_is_in_the_diff_once() -> None:
    cluster = running(500)
    did = complete(cluster, entry_order(cluster, TLS={}), 60, Ticking())
    assert did.ordered == ["the entry mesh/mesh"]
    headers = {"before_header": "the entry mesh/mesh", "after_header": "the entry mesh/mesh (created)"}
    assert did.diff == [{**headers, "before": {}, "after": {"Kind": "mesh", "TLS": {}}}]


def test_what_the_product_says_of_an_order_that_may_be_shown_is_told() -> None:
    cluster = running(*[500] * 200)
    with pytest.raises(NotReady, match=r"the entry mesh/mesh \(PUT was answered with HTTP 500: no: .*Kind"):
        complete(cluster, entry_order(cluster), 5, Ticking())


def test_objects_that_go_are_removed_before_anything_is_ordered() -> None:
    cluster = running()
    gone = Ref("v1", "Secret", TOKENS, "consul")
    wanted: Look[Due] = Look([gone], lambda live, _answers: Due(removes=[gone] if live["Secret"] else []))
    assert [change.action for change in complete(cluster, wanted, 5, Ticking()).changes] == ["deleted"]
    assert complete(cluster, wanted, 5, Ticking()).changes == []


def test_what_the_product_does_not_take_is_not_waited_for_until_the_end() -> None:
    cluster, clock = running(*[500] * 2000), Ticking()
    with pytest.raises(NotReady, match=r"^east: after 2\d s .*the entry mesh/mesh \(PUT was answered with HTTP 500: no: .*Run again to go on"):
        complete(cluster, entry_order(cluster), 600, clock)
