# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill of Consul: what it declares, in which order it acts, and how it judges, with stand-ins for the mesh and the load."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceSet
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import READY
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import entries
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Entries
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY
from meshdrill import consul, consul_acts, consul_scenery
from meshdrill.app import ledgers
from meshdrill.consul import Course
from meshdrill.consul_acts import ACTS, Act
from meshdrill.consul_mesh import Mesh, Said, token_of
from meshdrill.errors import DrillError
from meshdrill.ground import Seen
from meshdrill.ledger import Request
from meshdrill.report import Phase, Promise

CLUSTERS = ("east", "west")


def lost_and_answered(flow: str, begin: float, lost: int, answered: int) -> list[Request]:
    return [Request(flow, begin + number * 0.001, 0.001, "200" if number >= lost else "503") for number in range(lost + answered)]


class TestScenery:
    def test_the_first_client_asks_both_datacenters_and_the_second_its_own(self) -> None:
        assert consul_scenery.flows(CLUSTERS) == [
            "east-inside-pooled", "east-inside-handshake", "east-across-pooled", "east-across-handshake", "west-inside-pooled", "west-inside-handshake"]

    def test_a_flow_with_handshakes_opens_a_connection_for_each_request_and_the_others_keep_theirs(self) -> None:
        words = consul_scenery.arguments(CLUSTERS, "east", 40)
        fresh = [words[place + 1] for place, word in enumerate(words) if word == "-fresh"]
        assert fresh == ["east-inside-handshake", "east-across-handshake"]
        assert "east-across-pooled=http://127.0.0.1:9003/@40" in words

    def test_what_a_client_did_outlives_it(self) -> None:
        client = next(one for one in consul_scenery.objects(CLUSTERS, "west", 40) if one["metadata"]["name"] == "client")
        pod = client["spec"]["template"]["spec"]
        assert pod["volumes"] == [{"name": "ledger", "hostPath": {"path": str(ledgers("west")), "type": "Directory"}}]
        args, mounts = pod["containers"][0]["args"], pod["containers"][0]["volumeMounts"]
        assert args[args.index("-ledger") + 1] == mounts[0]["mountPath"]
        assert args[args.index("-await") + 1] == f"http://127.0.0.1:{READY}/ready", "a client that is made anew would send before its Envoy serves"

    @pytest.mark.parametrize("cluster", CLUSTERS)
    def test_every_port_that_is_asked_is_an_upstream_of_the_client(self, cluster: str) -> None:
        client = next(one for one in consul_scenery.workloads(CLUSTERS, cluster) if one["service"] == "client")
        ports = {one["port"] for one in client["upstreams"]}
        asked = {int(word.split("127.0.0.1:")[1].split("/")[0]) for word in consul_scenery.arguments(CLUSTERS, cluster, 40) if "=http" in word}
        assert asked <= ports and client["port"] not in ports and 9000 not in ports

    def test_whoever_is_called_from_the_other_side_lets_it_call(self) -> None:
        for service in ("pooled", "fresh"):
            declared = next(one for one in consul_scenery.workloads(CLUSTERS, "west") if one["service"] == service)
            assert declared["callers"] == [{"service": "client"}, {"service": "client", "cluster": "east"}]

    def test_a_failover_goes_to_the_peer_or_through_the_federation(self) -> None:
        (pooled, fresh) = consul_scenery.entries(CLUSTERS, "east", "peering")
        assert (pooled["Name"], fresh["Name"], pooled["Failover"]) == ("pooled", "fresh", {"*": {"Targets": [{"Peer": "west"}]}})
        assert consul_scenery.entries(CLUSTERS, "east", "federation")[0]["Failover"] == {"*": {"Datacenters": ["east", "west"]}}
        assert consul_scenery.entries(CLUSTERS, "west", "federation") == []

    @pytest.mark.parametrize(("mesh", "wish"), [("peering", PEER), ("federation", PRIMARY)])
    def test_the_entries_are_ones_that_the_provider_takes(self, mesh: str, wish: ControlPlane) -> None:
        declared = consul_scenery.entries(CLUSTERS, "east", mesh)
        assert [one.name for one in entries.judged(wish, Entries(declared=declared))] == ["fresh", "pooled"]

    @pytest.mark.parametrize("cluster", CLUSTERS)
    def test_the_services_are_ones_that_the_inventory_may_declare(self, cluster: str) -> None:
        made = ServiceSet.of(cluster, "default", consul_scenery.workloads(CLUSTERS, cluster))
        assert [one.service for one in made.services] == ["pooled", "fresh", "client"]
        deployments = {one["metadata"]["name"] for one in consul_scenery.objects(CLUSTERS, cluster, 40) if one["kind"] == "Deployment"}
        assert {one.name for one in made.services} == deployments

    @pytest.mark.parametrize(("mesh", "wish"), [("peering", PEER), ("federation", PRIMARY)])
    def test_each_workload_gets_its_sidecar(self, mesh: str, wish: ControlPlane) -> None:
        services = ServiceSet.of("east", "default", consul_scenery.workloads(CLUSTERS, "east")).services
        made = {one["metadata"]["name"]: one for one in consul_scenery.objects(CLUSTERS, "east", 40)}
        parts = [PROVIDERS["consul"].stories.workloads.joined(wish, service, made[service.name]) for service in services]
        assert [len(part["spec"]["template"]["spec"]["containers"]) for part in parts] == [2, 2, 2]

    def test_servers_wait_before_they_end_and_listen_on_loopback_only(self) -> None:
        for one in consul_scenery.objects(CLUSTERS, "east", 40):
            if one["kind"] == "Deployment" and one["metadata"]["name"] != "client":
                (container,) = one["spec"]["template"]["spec"]["containers"]
                assert container["lifecycle"]["preStop"]["sleep"]["seconds"] > 5
                assert "127.0.0.1:8080" in container["args"]


class TestActs:
    def test_a_peering_has_no_primary_that_could_be_down(self) -> None:
        assert "primary-down" not in [act.name for act in consul.chosen("peering", [])]
        assert "primary-down" in [act.name for act in consul.chosen("federation", [])]

    def test_what_may_lose_says_why(self) -> None:
        assert all(bool(act.why) is not act.safe for act in ACTS)

    def test_an_unknown_act_is_named_with_those_there_are(self) -> None:
        with pytest.raises(DrillError, match="A peering has no act primary-down; there are failover, leader"):
            consul.chosen("peering", ["primary-down"])

    def test_the_acts_that_the_story_asks_for_are_there(self) -> None:
        """And whatever else the provider rotates."""
        wanted = {"failover", "leader", "root", "gossip", "agents", "restore", "gateway", "east-dies", "primary-down"}
        assert {act.name for act in ACTS} == wanted | set(PROVIDERS["consul"].stories.rotations)


class Played(Mesh):
    """A mesh that notes what is played."""

    def __init__(self) -> None:
        super().__init__(None, "peering", Path("/nowhere"))  # type: ignore[arg-type]
        self.played: list[dict[str, Any]] = []

    def play(self, name: str, kind: str, *words: str, **variables: Any) -> Any:
        self.played.append({"playbook": name, **variables})
        return SimpleNamespace(succeeded=lambda: None)

    def elected(self, cluster: str, servers: int = 3) -> float:
        return 0.0


@pytest.mark.parametrize("kind", ["root", *sorted(PROVIDERS["consul"].stories.rotations)])
def test_each_rotation_may_do_what_it_has_to(kind: str) -> None:
    """Those of sidecars restart the load's own workloads, and are refused without leave."""
    mesh = Played()
    assert next(act for act in ACTS if act.name == kind).work(mesh) == []
    assert mesh.played == [{"playbook": "rotate", "rotate": kind, "rotate_min_age": 0, "rotate_restart": True}]


class FakeLoad:
    """Each question finds more requests."""

    sent = 0

    def sent_since(self, _begin: float) -> int:
        self.sent += 3000
        return self.sent


SAFE, OTHER = Act("safe", lambda _mesh: []), Act("other", lambda _mesh: [], safe=False, why="what was on its way", keeps="west-inside")


def course(*acts: Act, do: Any = None, requests: int = 0) -> Course:
    ground: Any = SimpleNamespace(say=lambda _text: None)
    mesh: Any = None
    return Course(ground, mesh, acts, requests, do or (lambda act, _mesh: act.work(_mesh)))


def test_the_load_reads_what_the_clients_of_both_clusters_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consul, "ledgers", lambda cluster: tmp_path / cluster)
    load = consul.ConsulLoad(SimpleNamespace(estate=None, rate=40.0, say=print), None)  # type: ignore[arg-type]
    for cluster, clients in (("east", ("client-1", "client-2")), ("west", ("client-1",))):
        (tmp_path / cluster).mkdir()
        for client in clients:
            (tmp_path / cluster / client).write_text(f"{cluster}-inside-pooled 1000000 1000 200\n")
    assert sorted(one.flow for one in load.requests()) == ["east-inside-pooled", "east-inside-pooled", "west-inside-pooled"]
    assert len(load.requests()) == 3


def test_the_load_counts_its_own_flows() -> None:
    load = consul.ConsulLoad(SimpleNamespace(estate=None, rate=40.0, say=print), None)  # type: ignore[arg-type]
    begin = time.time() - 10
    asked = [one for number, name in enumerate(load.flows) for one in lost_and_answered(name, begin + 1, 0, 5 + number)]
    load.requests = lambda: asked  # type: ignore[method-assign]
    assert load.sent_since(begin) == 5
    load.requests = lambda: asked[6:]  # type: ignore[method-assign]
    assert load.sent_since(begin) == 0


class TestCourse:
    def test_safe_acts_are_repeated_until_each_flow_has_its_requests_and_the_others_come_once_and_last(self) -> None:
        done: list[str] = []
        made = course(OTHER, SAFE, replace(SAFE, name="second"), do=lambda act, _mesh: done.append(act.name) or [], requests=20000)
        phases = made.act(FakeLoad())  # type: ignore[arg-type]
        assert done == [phase.name for phase in phases]
        assert done[0:3] == ["safe", "second", "safe"] and done[-1] == "other" and done.count("other") == 1
        assert len(done) >= 4

    def test_what_comes_once_is_not_repeated_for_the_sake_of_requests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(consul.time, "sleep", lambda _seconds: None)
        made = course(replace(SAFE, name="once", once=True), SAFE, requests=20000)
        names = [phase.name for phase in made.act(FakeLoad())]  # type: ignore[arg-type]
        assert names.count("once") == 1 and set(names[1:]) == {"safe"}
        alone = course(replace(SAFE, name="once", once=True), requests=20000)
        names = [phase.name for phase in alone.act(FakeLoad())]  # type: ignore[arg-type]
        assert names[0] == "once" and set(names[1:]) == {"nothing is done"}

    def test_a_command_that_hangs_is_a_broken_promise_too(self) -> None:
        def do(_act: Act, _mesh: Any) -> list[Promise]:
            raise subprocess.TimeoutExpired("kubectl", 60)

        made = course(SAFE, do=do)
        made.act(FakeLoad())  # type: ignore[arg-type]
        assert [one.met for one in made.findings] == [False]

    def test_an_act_that_fails_is_a_broken_promise_and_the_others_are_held(self) -> None:
        def do(act: Act, _mesh: Any) -> list[Promise]:
            if act.name == "safe":
                raise DrillError("east: 3 servers vote: not within 180 s.")
            return []

        made = course(SAFE, replace(SAFE, name="second"), do=do)
        assert [phase.name for phase in made.act(FakeLoad())] == ["safe", "second"]  # type: ignore[arg-type]
        assert [(one.text, one.met) for one in made.findings] == [("safe comes to its end", False)]


class TestJudging:
    def seen(self, *requests: list[Request], name: str = "safe") -> Seen:
        return Seen({}, [], [Phase(name, 100.0, 10.0)], [one for more in requests for one in more])

    def test_a_loss_in_a_safe_act_breaks_its_promise(self) -> None:
        (lossless,) = consul.losses([SAFE], self.seen(lost_and_answered("east-inside-pooled", 101.0, 0, 50)))
        assert lossless.met
        (lossy,) = consul.losses([SAFE], self.seen(lost_and_answered("east-inside-pooled", 101.0, 1, 50)))
        assert (lossy.met, lossy.seen) == (False, "1")

    def test_a_loss_outside_of_an_act_is_not_its_own(self) -> None:
        (lossless,) = consul.losses([SAFE], self.seen(lost_and_answered("east-inside-pooled", 120.0, 5, 0)))
        assert lossless.met

    def test_what_may_lose_is_counted_and_the_rest_of_it_judged(self) -> None:
        requests = [lost_and_answered("east-inside-pooled", 101.0, 7, 3), lost_and_answered("west-inside-pooled", 101.0, 0, 10)]
        kept, counted = consul.losses([OTHER], self.seen(*requests, name="other"))
        assert (kept.text, kept.met) == ("other loses nothing of west-inside*", True)
        assert (counted.seen, counted.met) == ("7 of 10 lost", True) and "what was on its way" in counted.text
        requests[1] = lost_and_answered("west-inside-handshake", 101.0, 2, 8)
        kept, _counted = consul.losses([OTHER], self.seen(*requests, name="other"))
        assert not kept.met

    def test_what_was_not_held_is_not_kept(self) -> None:
        assert not consul.losses([OTHER], self.seen(name="safe"))[-1].met

    def test_too_few_requests_are_a_broken_promise(self) -> None:
        made = course(SAFE, requests=20000)
        assert not made.judge(self.seen(lost_and_answered("east-inside-pooled", 101.0, 0, 50)))[0].met


class Answering(Mesh):
    """A mesh in which each command is answered by a function."""

    def __init__(self, answer: Any) -> None:
        super().__init__(None, "federation", Path("/nowhere"))  # type: ignore[arg-type]
        self.answer = answer

    def consul(self, cluster: str, *words: str, given: str = "", pod: str = "") -> Said:
        return self.answer(words)


class TestWithoutPrimary:
    def test_each_line_is_judged_by_whether_consul_did_it(self) -> None:
        """As in the reference: reads, keys, local tokens and leaves work; config entries and global tokens do not."""
        def answer(words: tuple[str, ...]) -> Said:
            globally = "token" in words and "create" in words and "-local" not in words
            return Said(1, "rpc error: connection reset by peer") if words[:3] == ("consul", "config", "write") or globally else Said(0, "fine")

        told = consul_acts._west_without_primary(Answering(answer))
        assert len(told) == 8 and all(one.met for one in told)
        assert "connection reset by peer" in told[-1].seen

    def test_a_consul_that_does_everything_or_nothing_breaks_promises(self) -> None:
        for code, broken in ((0, 2), (1, 6)):
            told = consul_acts._west_without_primary(Answering(lambda _words, code=code: Said(code, "x")))
            assert sum(not one.met for one in told) == broken


class Restored(Answering):
    """A mesh whose playbooks are noted, and that has the keys of a snapshot after a restore."""

    def __init__(self, folder: Path, keeps: bool) -> None:
        super().__init__(self.said)
        self.folder, self.keeps, self.played, self.keys = folder, keeps, [], set()

    def said(self, words: tuple[str, ...]) -> Said:
        if words[:3] == ("consul", "kv", "put"):
            self.keys.add(words[3])
        return Said(0 if words[:3] != ("consul", "kv", "get") or words[3] in self.keys else 1, "")

    def http(self, _cluster: str, _path: str, pod: str = "") -> Said:
        return Said(0, '{"Roots": [{"ID": "a"}], "Servers": [{"Node": "consul-server-0", "Leader": true, "Voter": true}]}')

    def elected(self, _cluster: str, servers: int = 3) -> float:
        return 0.0

    def play(self, name: str, kind: str, *words: str, **variables: Any) -> Any:
        self.played.append((name, *words, variables.get("backup_file", "")))
        if name == "backup":
            (self.folder / "snapshots" / "east@stock.20261127T120000Z.snapshot").touch()
        elif not self.keeps:
            self.keys.discard("drill/after")
        return SimpleNamespace(succeeded=lambda: None)


@pytest.mark.parametrize("keeps", [False, True])
def test_a_restore_is_judged_by_what_was_written_before_and_after_the_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps: bool) -> None:
    monkeypatch.setattr(consul_acts, "WATCHED", 0.0)
    mesh = Restored(tmp_path, keeps)
    told = consul_acts._restore(mesh)
    assert [one.met for one in told] == [not keeps, True]
    assert mesh.played == [("backup", ""), ("restore", "--limit", "east", str(tmp_path / "snapshots/east@stock.20261127T120000Z.snapshot"))]
    assert (tmp_path / "snapshots.key").stat().st_mode & 0o777 == 0o600


def test_a_refusal_of_consul_is_an_error_with_its_words() -> None:
    with pytest.raises(DrillError, match="Consul refused what the drill asked for: Permission denied"):
        Said(1, "Permission denied\n").well()


def test_a_token_is_known_by_its_accessor() -> None:
    assert token_of("AccessorID:       11-22\nSecretID:         33\n") == ["11-22"]


def test_waiting_ends_with_what_did_not_hold() -> None:
    begin = time.monotonic()
    with pytest.raises(DrillError, match="west signs again: not within 0 s"):
        Answering(None).until(lambda: False, "west signs again", 0.0)
    assert time.monotonic() - begin < 5
