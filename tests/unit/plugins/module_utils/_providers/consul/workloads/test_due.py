# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service gets in Consul before its workloads have a sidecar, and what goes when nobody names it. Not run against a real Consul: store.py stands in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import Caller, ServiceSet, ServiceWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT_TLS, SHARED
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.entry import Entry
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.ownership import kept as kept_entries
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.ownership import meta
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import workloads
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.services import Services
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens

SHOP = ServiceWish("shop", "shop", 8080, name="shop", protocol="http", callers=(Caller("web"), Caller("web", "west"), Caller("web", "east")))
STOCK = ServiceWish("stock", "shop", 8081, name="stock")
KEY, CA = "a2V5IG9mIHRoZSB3b3JrbG9hZHM=", b"-----BEGIN CERTIFICATE-----\nca\n"


@dataclasses.dataclass
class Datacenter:
    """A cluster with its Consul, as far as a run sees it."""

    wish: ControlPlane = PEER
    store: Services = dataclasses.field(default_factory=Services)
    key: str = KEY
    secrets: dict[tuple[str, str], dict[str, Any]] = dataclasses.field(default_factory=dict)

    @property
    def live(self) -> dict[str, Any]:
        agent = {"metadata": {"name": AGENT_TLS, "namespace": "consul"}, "data": {"ca.crt": encoded(CA)}}
        shared = {"metadata": {"name": SHARED, "namespace": "consul"}, "data": {"replication": encoded(b"t0ken-of-replication")}}
        return {"Pod": [server(0), server(1)], "Secret": [tokens(workloads=self.key), agent, shared, *self.secrets.values()]}

    def look(self, wanted: Look[Due]) -> Due:
        live = self.live
        return wanted.judge(live, {question: self.store.answer(question) for question in wanted.questions(live)})

    def steps(self, wanted: Look[Due]) -> Iterator[str]:
        """Do what is due, one write at a time, and yield it. Whoever stops in between leaves what a killed run does."""
        while not (due := self.look(wanted)).complete:
            assert not due.fault, due.fault
            for one in due.manifests:
                self.secrets[one["metadata"]["namespace"], one["metadata"]["name"]] = one
                yield f"Secret {one['metadata']['name']}"
            for ref in due.removes:
                self.secrets.pop((str(ref.namespace), ref.name), None)  # an object that is gone already is no error
                yield f"no {ref}"
            for order in due.orders:
                assert self.store.answer(order.question) is not None
                yield order.what


def of(*services: ServiceWish, name: str = "inventory") -> ServiceSet:
    return ServiceSet(name, services)


def kept(datacenter: Datacenter) -> dict[tuple[str, str], str]:
    return {place: decoded(one["data"]["token"]).decode() for place, one in datacenter.secrets.items()}


def test_a_service_gets_its_secret_a_token_and_its_entries_once() -> None:
    east = Datacenter()
    assert list(east.steps(workloads.due(PEER, of(SHOP, STOCK)))) == [
        "Secret shop-consul", "Secret stock-consul", "the token of the service shop/shop", "the token of the service shop/stock",
        "the entry service-defaults shop", "the entry service-intentions shop", "the entry exported-services default",
    ]  # fmt: skip
    assert east.look(workloads.due(PEER, of(SHOP, STOCK))).complete
    assert decoded(east.secrets["shop", "shop-consul"]["data"]["ca.crt"]) == CA


def test_a_token_is_its_service_and_nothing_else() -> None:
    east = Datacenter()
    list(east.steps(workloads.due(PEER, of(SHOP))))
    (token,) = list(east.store.tokens.values())
    assert token["ServiceIdentities"] == [{"ServiceName": "shop"}]
    assert not {"Policies", "Roles", "NodeIdentities"} & set(token)
    assert token["SecretID"] == kept(east)["shop", "shop-consul"]


def test_a_token_that_may_be_more_is_set_right() -> None:
    east = Datacenter()
    list(east.steps(workloads.due(PEER, of(STOCK))))
    next(iter(east.store.tokens.values()))["Policies"] = [{"Name": "global-management"}]
    assert list(east.steps(workloads.due(PEER, of(STOCK)))) == ["the token of the service shop/stock"]


def test_each_service_of_each_cluster_has_a_token_of_its_own() -> None:
    secrets = []
    for wish in (PEER, dataclasses.replace(PEER, cluster="west"), dataclasses.replace(PEER, mesh="other")):
        datacenter = Datacenter(wish)
        list(datacenter.steps(workloads.due(wish, of(SHOP, STOCK, dataclasses.replace(SHOP, namespace="shop-2")))))
        secrets += kept(datacenter).values()
    assert len(set(secrets)) == len(secrets) == 9
    assert not [one for one in secrets if KEY in one]


def test_who_may_call_and_which_peers_know_of_it() -> None:
    east = Datacenter()
    list(east.steps(workloads.due(PEER, of(SHOP))))
    allowed = {"Name": "web", "Action": "allow"}
    assert east.store.entries["service-intentions/shop"]["Sources"] == [allowed, {**allowed, "Peer": "west"}], "each once: Consul refuses doubles"
    assert east.store.entries["exported-services/default"]["Services"] == [{"Name": "shop", "Consumers": [{"Peer": "west"}]}]


def test_a_federation_has_one_service_and_exports_nothing() -> None:
    east = Datacenter(PRIMARY)
    list(east.steps(workloads.due(PRIMARY, of(SHOP))))
    assert "Peer" not in json.dumps(east.store.entries)
    assert not [name for name in east.store.entries if name.startswith("exported")]


def test_a_secondary_leaves_entries_to_its_primary() -> None:
    west = Datacenter(SECONDARY, Services(expected="t0ken-of-replication"))
    assert list(west.steps(workloads.due(SECONDARY, of(SHOP)))) == ["Secret shop-consul", "the token of the service shop/shop"]
    assert not next(iter(west.store.tokens.values()))["Local"], "its sidecars ask other datacenters"


def test_what_users_set_stays() -> None:
    denied = {"Name": "web", "Action": "deny", "Precedence": 9}
    known = {
        "service-defaults/shop": {"Kind": "service-defaults", "Name": "shop", "Protocol": "http2", "ModifyIndex": 5},
        "service-intentions/shop": {"Kind": "service-intentions", "Name": "shop", "Sources": [denied], "ModifyIndex": 6},
        "exported-services/default": {"Kind": "exported-services", "Name": "default", "ModifyIndex": 8,
                                      "Services": [{"Name": "stock", "Consumers": [{"Peer": "north"}]}]},
    }  # fmt: skip
    east = Datacenter(store=Services(entries=known))
    list(east.steps(workloads.due(PEER, of(SHOP))))
    assert east.store.entries["service-defaults/shop"]["Protocol"] == "http2"
    assert east.store.entries["service-intentions/shop"]["Sources"] == [denied, {"Name": "web", "Action": "allow", "Peer": "west"}]
    assert [one["Name"] for one in east.store.entries["exported-services/default"]["Services"]] == ["stock", "shop"]


@pytest.mark.parametrize(("kind", "name"), [("service-defaults", "shop"), ("service-intentions", "shop"), ("exported-services", "default")])
def test_an_entry_of_a_declared_set_is_not_completed_but_refused(kind: str, name: str) -> None:
    """The next run of the declaration would take back what this one adds."""
    declared = {"Kind": kind, "Name": name, "Meta": {"meshops.lifecycle/set": "shop"}, "ModifyIndex": 5}
    east = Datacenter(store=Services(entries={f"{kind}/{name}": declared}))
    with pytest.raises(Refused, match=rf"^east: the entry {kind}/{name} is declared in mesh_values.entries, and lacks"):
        east.look(workloads.due(PEER, of(SHOP)))


def test_the_probe_exports_its_service_beside_a_declared_set() -> None:
    service = probe.services(ProbeWish("east", "", ("east", "west")))[0]
    declared = {"Kind": "exported-services", "Name": "default", "Meta": {"meshops.lifecycle/set": "shop"}, "ModifyIndex": 5}
    east = Datacenter(store=Services(entries={"exported-services/default": declared}))
    assert "the entry exported-services default" in list(east.steps(workloads.due(PEER, of(service, name="probe"))))
    marked = {**east.store.entries["exported-services/default"], "Meta": meta(Entry("exported-services", "default", {}), "shop")}
    (live,) = kept_entries("exported-services", [marked])
    assert not live.edited


def test_a_service_that_nobody_names_loses_its_secret_and_then_its_token() -> None:
    east = Datacenter()
    list(east.steps(workloads.due(PEER, of(SHOP, STOCK))))
    list(east.steps(workloads.due(PEER, of(dataclasses.replace(STOCK, service="echo"), name="probe"))))
    assert list(east.steps(workloads.spare(PEER, of(STOCK)))) == ["no Secret shop/shop-consul", "the token of the service shop/shop"]
    assert sorted(kept(east)) == [("shop", "echo-consul"), ("shop", "stock-consul")]
    assert len(east.store.tokens) == 2, "another set keeps its own"


def test_with_another_key_come_new_tokens_and_the_old_ones_go() -> None:
    east = Datacenter()
    list(east.steps(workloads.due(PEER, of(STOCK))))
    before = dict(kept(east))
    east.key = "bmV3IGtleQ=="
    assert list(east.steps(workloads.due(PEER, of(STOCK)))) == ["Secret stock-consul", "the token of the service shop/stock"]
    assert list(east.steps(workloads.spare(PEER, of(STOCK)))) == ["the token of the service shop/stock"]
    (token,) = list(east.store.tokens.values())
    assert token["SecretID"] == kept(east)["shop", "stock-consul"] != before["shop", "stock-consul"]


@pytest.mark.parametrize("kept_steps", range(10))
def test_a_run_that_was_killed_is_finished_by_the_next(kept_steps: int) -> None:
    whole, killed = Datacenter(), Datacenter()
    list(whole.steps(workloads.due(PEER, of(SHOP, STOCK))))
    for _step in zip(range(kept_steps), killed.steps(workloads.due(PEER, of(SHOP, STOCK))), strict=False):
        pass
    list(killed.steps(workloads.due(PEER, of(SHOP, STOCK))))
    assert (killed.secrets, killed.store) == (whole.secrets, whole.store)
    for _step in zip(range(kept_steps), killed.steps(workloads.spare(PEER, of())), strict=False):
        pass
    list(killed.steps(workloads.spare(PEER, of())))
    assert (killed.secrets, killed.store.tokens) == ({}, {})


@pytest.mark.parametrize(("live", "says"), [
    pytest.param({"Pod": []}, "no server of Consul is ready", id="no server"),
    pytest.param({"Pod": [server(0)]}, "the server consul-server-0 did not list its tokens", id="no token"),
    pytest.param({"Pod": [server(0)], "Secret": [tokens()]}, "the Secret consul-tokens lacks workloads, which the role trust writes", id="no key"),
])
def test_what_is_not_there_yet_is_waited_for(live: Any, says: str) -> None:
    wanted, store = workloads.due(PEER, of(STOCK)), Services()
    due = wanted.judge(live, {question: store.answer(question) for question in wanted.questions(live)})
    assert due.fault == says


def test_where_no_server_is_left_nothing_is_spare() -> None:
    wanted = workloads.spare(PEER, of())
    assert wanted.judge({"Pod": []}, {}).complete
    assert wanted.judge({"Pod": [server(0, ready=False)]}, {}).fault == "no server of Consul is ready"


def test_a_chart_has_tokens_of_its_own() -> None:
    wish = dataclasses.replace(PEER, charts={"source": "repository"})
    wanted = workloads.spare(wish, of())
    assert (wanted.reads, wanted.judge({}, {}).complete) == ((), True)


def test_no_secret_is_shown() -> None:
    east = Datacenter()
    due = east.look(workloads.due(PEER, of(STOCK)))
    secret = decoded(due.manifests[0]["data"]["token"]).decode()
    assert secret not in repr(due.orders)
    assert [Ref.of(one).kind for one in due.manifests] == ["Secret"]
