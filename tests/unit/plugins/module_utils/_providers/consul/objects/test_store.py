# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared entries get into Consul as a whole set, in an order that it accepts, and those of others stay. No real Consul was asked."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import entries, ownership
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.keeper import Keeper
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens

LIVE = {"Pod": [server(0), server(1)], "Secret": [tokens()]}
SUBSETS = {name: {"filter": f"Service.Meta.version == {name}"} for name in ("v1", "v2", "v3")}
RESOLVER = {"kind": "service-resolver", "name": "web", "subsets": {name: SUBSETS[name] for name in ("v1", "v2")}, "connectTimeout": "2s"}
SPLITTER = {"kind": "service-splitter", "name": "web", "splits": [{"weight": 80, "serviceSubset": "v1"}, {"weight": 20, "serviceSubset": "v2"}]}
ROUTER = {"kind": "service-router", "name": "web", "routes": [{"destination": {"numRetries": 3, "requestTimeout": "90s", "retryOn": ["reset"]}}]}
DEFAULTS = {"kind": "service-defaults", "name": "web", "protocol": "http"}
ALLOW = {"kind": "service-intentions", "name": "web", "sources": [{"name": "shop", "action": "allow"}, {"name": "*", "action": "deny"}]}
OPEN = {"kind": "service-intentions", "name": "api", "sources": [{"name": "web", "action": "allow"}]}
WHOLE = [ALLOW, OPEN, ROUTER, SPLITTER, RESOLVER, DEFAULTS]


def with_entries(*declared: dict[str, Any], wish: ControlPlane = PEER, **more: Any) -> ControlPlane:
    return replace(wish, values={**wish.values, "entries": {"declared": list(declared), **more}})


def judged(wish: ControlPlane, keeper: Keeper, live: dict[str, Any] | None = None) -> Due:
    live = live or LIVE
    (stage,) = entries.stages(wish, Settings.of(wish).entries)
    assert stage.then
    return stage.then.judge(live, {question: keeper.answer(question) for question in stage.then.questions(live)})


def completed(wish: ControlPlane, keeper: Keeper, writes: int = 100) -> bool:
    """Run as the work does: send what is due, and look again. A run that is killed sends only so many writes. Return whether nothing is due."""
    for _round in range(20):
        due = judged(wish, keeper)
        if due.complete:
            return True
        for order in due.orders:
            if writes == 0:
                return False
            writes -= 1
            assert keeper.answer(order.question) is not None, keeper.refused
    raise AssertionError("it never ends")


def test_protocols_come_first_and_what_denies_comes_last() -> None:
    keeper = Keeper()
    assert completed(with_entries(*WHOLE), keeper)
    assert keeper.log == [
        "+service-defaults/web", "+service-intentions/api", "+service-resolver/web", "+service-splitter/web", "+service-router/web", "+service-intentions/web",
    ]  # fmt: skip
    assert keeper.refused == []


def test_a_second_run_finds_nothing_to_do_whatever_consul_added() -> None:
    keeper = Keeper()
    completed(with_entries(*WHOLE), keeper)
    keeper.log.clear()
    assert judged(with_entries(*WHOLE), keeper).complete
    assert keeper.log == []


def test_entries_that_left_the_set_go_in_reverse() -> None:
    keeper = Keeper()
    completed(with_entries(*WHOLE), keeper)
    keeper.put("service-resolver", "theirs", ConnectTimeout="5s")
    keeper.log.clear()
    assert completed(with_entries(), keeper)
    assert keeper.log == [
        "-service-router/web", "-service-splitter/web", "-service-resolver/web", "-service-defaults/web", "-service-intentions/api", "-service-intentions/web",
    ]  # fmt: skip
    assert list(keeper.entries) == [("service-resolver", "theirs")]


def test_a_secondary_gets_the_entries_of_its_primary() -> None:
    wish = with_entries(*WHOLE, wish=SECONDARY)
    assert entries.stages(wish, Settings.of(wish).entries) == []
    assert completed(with_entries(*WHOLE, wish=PRIMARY), keeper := Keeper())
    assert len(keeper.entries) == 6


WORLDS = {
    "first run": ([], WHOLE),
    "change": ([DEFAULTS, RESOLVER], WHOLE),
    "removal": (WHOLE, [DEFAULTS]),
    "other subsets": (WHOLE, [DEFAULTS, {**RESOLVER, "subsets": {"v3": SUBSETS["v3"]}}, {**SPLITTER, "splits": [{"weight": 100, "serviceSubset": "v3"}]}]),
}


@pytest.mark.parametrize("world", WORLDS)
def test_a_run_that_was_killed_after_any_write_is_finished_by_the_next(world: str) -> None:
    before, after = WORLDS[world]
    first = Keeper()
    completed(with_entries(*before), first)
    whole = deepcopy(first)
    whole.log.clear()
    completed(with_entries(*after), whole)
    assert len(whole.log) > 1
    for writes in range(len(whole.log)):
        keeper = deepcopy(first)
        assert not completed(with_entries(*after), keeper, writes)
        assert completed(with_entries(*after), keeper)
        assert contents(keeper) == contents(whole)
        assert keeper.refused == []


def contents(keeper: Keeper) -> dict[Any, Any]:
    return {key: {name: value for name, value in one.items() if name != "ModifyIndex"} for key, one in keeper.entries.items()}


def test_a_subset_is_replaced_by_way_of_a_resolver_with_both() -> None:
    before, after = WORLDS["other subsets"]
    completed(with_entries(*before), keeper := Keeper())
    keeper.log.clear()
    assert completed(with_entries(*after), keeper)
    routes = [line for line in keeper.log if "resolver" in line or "splitter" in line]
    assert routes == ["+service-resolver/web", "+service-splitter/web", "+service-resolver/web"]
    assert list(keeper.entries["service-resolver", "web"]["Subsets"]) == ["v3"]


def test_a_change_for_which_there_is_no_order_is_refused_before_anything_is_written() -> None:
    both = [{**DEFAULTS, "name": name} for name in ("web", "api")]
    split = {**SPLITTER, "splits": [{"weight": 50}, {"weight": 50, "service": "api"}]}
    completed(with_entries(*both, split), keeper := Keeper())
    grpc = [{**one, "protocol": "grpc"} for one in both]
    with pytest.raises(Refused, match=r"^east: no order is possible .* service-defaults/api .*in a first run"):
        judged(with_entries(*grpc, split), keeper)


class TestOthers:
    """Entries that somebody else wrote."""

    def test_are_refused_if_they_differ(self) -> None:
        keeper = Keeper()
        keeper.put("service-resolver", "web", ConnectTimeout="5s")
        says = r"^east: the entry service-resolver/web is there already, written by somebody else, and differs in connectTimeout, subsets; .* entries.adopt"
        with pytest.raises(Refused, match=says):
            judged(with_entries(*WHOLE), keeper)

    def test_are_refused_even_if_they_say_nothing(self) -> None:
        keeper = Keeper()
        keeper.put("service-defaults", "web")
        with pytest.raises(Refused, match="written by somebody else, and differs in protocol"):
            judged(with_entries(DEFAULTS), keeper)

    def test_stay_theirs_if_they_are_equal(self) -> None:
        keeper = Keeper()
        keeper.put("service-defaults", "web", Protocol="HTTP")
        assert completed(with_entries(DEFAULTS), keeper)
        assert keeper.log == []
        assert completed(with_entries(), keeper)
        assert keeper.log == []

    @pytest.mark.parametrize("adopt", ["service-resolver/web", "*"])
    def test_are_overwritten_on_request(self, adopt: str) -> None:
        keeper = Keeper()
        keeper.put("service-resolver", "web", ConnectTimeout="5s")
        assert completed(with_entries(RESOLVER, adopt=[adopt]), keeper)
        assert keeper.entries["service-resolver", "web"]["Meta"][ownership.OWNER] == "shop"

    def test_are_not_overwritten_if_an_object_of_kubernetes_would_write_them_again(self) -> None:
        keeper = Keeper()
        keeper.put("service-defaults", "web", Protocol="tcp", Meta={"external-source": "kubernetes"})
        with pytest.raises(Refused, match="made from an object in Kubernetes.*delete that object first"):
            judged(with_entries(DEFAULTS, adopt=["*"]), keeper)

    def test_of_another_mesh_are_named(self) -> None:
        keeper = Keeper()
        keeper.put("service-defaults", "web", Protocol="tcp", Meta={ownership.OWNER: "bank"})
        with pytest.raises(Refused, match="written by a run for the mesh bank"):
            judged(with_entries(DEFAULTS), keeper)

    def test_with_fields_that_nobody_here_knows_are_not_called_equal(self) -> None:
        keeper = Keeper()
        keeper.put("service-defaults", "web", Protocol="http", Novelty={"A": 1})
        with pytest.raises(Refused, match="differs in fields that this collection does not know"):
            judged(with_entries(DEFAULTS), keeper)

    def test_that_changed_between_the_look_and_the_write_are_not_overwritten(self) -> None:
        keeper = Keeper()
        (order,) = judged(with_entries(DEFAULTS), keeper).orders
        keeper.put("service-defaults", "web", Protocol="grpc")
        assert keeper.answer(order.question) == "false"
        assert keeper.entries["service-defaults", "web"]["Protocol"] == "grpc"

    def test_count_for_what_the_declared_ones_need(self) -> None:
        with pytest.raises(Refused, match=r"^east: the entry service-splitter/web: .* protocol of web is tcp; .*no service-resolver/web defines"):
            judged(with_entries(SPLITTER), Keeper())
        keeper = Keeper()
        keeper.put("proxy-defaults", "global", Config={"protocol": "http"})
        keeper.put("service-resolver", "web", Subsets={"v1": {}, "v2": {}})
        assert completed(with_entries(SPLITTER), keeper)

    def test_that_are_broken_by_themselves_stop_nobody(self) -> None:
        keeper = Keeper()
        keeper.put("service-splitter", "old", Splits=[{"Weight": 100, "ServiceSubset": "lost"}])
        assert [order.what for order in judged(with_entries(DEFAULTS), keeper).orders] == ["the entry service-defaults/web"]


class TestNeeded:
    """What the collection itself needs in an entry."""

    def test_stays_in_an_entry_that_is_declared_and_in_one_that_is_not_any_more(self) -> None:
        keeper = Keeper()
        keeper.put("proxy-defaults", "global", MeshGateway={"Mode": "local"})
        assert completed(with_entries({"kind": "proxy-defaults", "config": {"protocol": "http"}}), keeper)
        both = keeper.entries["proxy-defaults", "global"]
        assert (both["Config"], both["MeshGateway"]) == ({"protocol": "http"}, {"Mode": "local"})
        assert completed(with_entries(), keeper)
        left = keeper.entries["proxy-defaults", "global"]
        assert (left["MeshGateway"], left.get("Config"), left.get("Meta")) == ({"Mode": "local"}, None, None)
        assert completed(with_entries(), keeper)

    def test_what_is_declared_wins(self) -> None:
        assert completed(with_entries({"kind": "proxy-defaults", "mesh_gateway": {"mode": "remote"}}), keeper := Keeper())
        assert keeper.entries["proxy-defaults", "global"]["MeshGateway"] == {"Mode": "remote"}

    def test_peerings_pass_gateways_whatever_a_mesh_declares(self) -> None:
        assert completed(with_entries({"kind": "mesh", "tls": {"incoming": {"tlsMinVersion": "TLSv1_2"}}}), keeper := Keeper())
        assert keeper.entries["mesh", "mesh"]["Peering"] == {"PeerThroughMeshGateways": True}

    def test_the_probe_stays_exported(self) -> None:
        probe = {"Name": ownership.PROBE, "Consumers": [{"Peer": "west"}]}
        keeper = Keeper()
        keeper.put("exported-services", "default", Services=[probe])
        mine = {"kind": "exported-services", "services": [{"name": "web", "consumers": [{"peer": "west"}]}]}
        assert completed(with_entries(mine), keeper)
        assert [one["Name"] for one in keeper.entries["exported-services", "default"]["Services"]] == [ownership.PROBE, "web"]
        assert completed(with_entries(), keeper)
        assert keeper.entries["exported-services", "default"]["Services"] == [probe]

    def test_the_probe_may_be_exported_later_and_nobody_edited_the_entry(self) -> None:
        mine = {"kind": "exported-services", "services": [{"name": "web", "consumers": [{"peer": "west"}]}]}
        completed(with_entries(mine), keeper := Keeper())
        entry = keeper.entries["exported-services", "default"]
        probe = {"Name": ownership.PROBE, "Consumers": [{"Peer": "west"}]}
        keeper.put("exported-services", "default", Services=[*entry["Services"], probe], Meta=entry["Meta"])
        assert not next(ownership.kept("exported-services", [keeper.entries["exported-services", "default"]])).edited
        assert judged(with_entries(mine), keeper).complete


class TestEdition:
    """What only Consul Enterprise has."""

    SPLIT = {**SPLITTER, "splits": [{"weight": 100, "namespace": "blue"}]}

    def test_is_refused_by_the_name_of_its_field(self) -> None:
        says = r"^east: the entry service-splitter/web has splits\[0\].namespace, which only Consul Enterprise knows, and 1.22.3 is the community edition"
        with pytest.raises(Refused, match=says):
            judged(with_entries(DEFAULTS, self.SPLIT), Keeper())

    def test_is_written_where_enterprise_runs(self) -> None:
        assert completed(with_entries(DEFAULTS, self.SPLIT), Keeper("1.22.3+ent"))

    def test_the_default_namespace_is_everybodys(self) -> None:
        assert completed(with_entries(DEFAULTS, {**SPLITTER, "splits": [{"weight": 100, "namespace": "default"}]}), Keeper())


def test_a_diff_shows_an_entry_as_consul_has_it() -> None:
    completed(with_entries(DEFAULTS), keeper := Keeper())
    (order,) = judged(with_entries({**DEFAULTS, "protocol": "grpc"}), keeper).orders
    assert order.before == {"Kind": "service-defaults", "Name": "web", "Protocol": "http"}
    assert order.after == {"Kind": "service-defaults", "Name": "web", "Protocol": "grpc"}


def test_an_entry_that_somebody_edited_is_set_right_and_known_as_edited() -> None:
    completed(with_entries(DEFAULTS), keeper := Keeper())
    kept = keeper.entries["service-defaults", "web"]
    assert not next(ownership.kept("service-defaults", [kept])).edited
    keeper.put("service-defaults", "web", Protocol="http2", Meta=kept["Meta"])
    assert next(ownership.kept("service-defaults", [keeper.entries["service-defaults", "web"]])).edited
    assert completed(with_entries(DEFAULTS), keeper)
    assert keeper.entries["service-defaults", "web"]["Protocol"] == "http"


@pytest.mark.parametrize(("live", "says"), [
    pytest.param({"Pod": []}, "no server of Consul is ready", id="no server"),
    pytest.param({"Pod": [server(0)]}, "the server consul-server-0 did not list its exported-services and mesh and ", id="no token"),
])
def test_whoever_does_not_answer_is_waited_for(live, says) -> None:
    due = judged(with_entries(DEFAULTS), Keeper(), live)
    assert due.fault.startswith(says)
    assert not due.complete
