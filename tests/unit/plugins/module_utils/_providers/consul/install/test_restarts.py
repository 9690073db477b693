# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers restart one after the other, the leader last. A stand-in plays the StatefulSet and the quorum; nothing here was run against a real Consul."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.restarts import Place, due
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import Completed, complete
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import NEW, OLD, Servers, pod
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SECONDARY

HERE = Place("mesh")
FIRST, SECOND, THIRD = (f"consul-server-{number}" for number in range(3))
WEST = Place("mesh", primary="east", addresses=["192.0.2.10:8443"])


def run(cluster: Servers, place: Place = HERE, timeout: float = 120) -> Completed:
    return complete(cluster, due(place), timeout, cluster.clock)


def secondary(**parts: Any) -> Servers:
    return Servers(standing="secondary", **parts)


def test_followers_restart_first_and_the_leader_last() -> None:
    cluster = Servers()
    done = run(cluster)
    assert (cluster.restarted, cluster.handed) == ([FIRST, THIRD, SECOND], [SECOND])
    assert [(str(change.ref), change.action) for change in done.changes] == [(f"Pod mesh/{name}", "deleted") for name in cluster.restarted]
    assert {(cluster.live(name) or {})["metadata"]["labels"]["controller-revision-hash"] for name in cluster.names} == {NEW}


def test_a_lead_that_comes_back_is_handed_over_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing remembers that it was handed over: an election may have given it back before the server restarted."""
    cluster = Servers()
    said = cluster.said

    def returning(question: Any) -> Any:
        answer = said(question)
        cluster.leader = SECOND if len(cluster.handed) == 1 else cluster.leader
        return answer

    monkeypatch.setattr(cluster, "said", returning)
    run(cluster)
    assert (cluster.restarted, cluster.handed) == ([FIRST, THIRD, SECOND], [SECOND, SECOND])


def test_a_leader_that_cannot_hand_over_its_lead_does_not_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Servers()
    said = cluster.said
    monkeypatch.setattr(cluster, "said", lambda question: Answer(500, b"no peer") if "transfer-leader" in question.path else said(question))
    with pytest.raises(NotReady, match=f"the handover of the lead of {SECOND}.*HTTP 500"):
        run(cluster)
    assert cluster.restarted == [FIRST, THIRD]


def test_a_run_that_is_killed_when_the_lead_was_handed_over_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Servers()
    said = cluster.said

    def dying(question: Any) -> Any:
        answer = said(question)
        if "transfer-leader" in question.path:
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(cluster, "said", dying)
        with pytest.raises(KeyboardInterrupt):
            run(cluster)
    run(cluster)
    assert (cluster.restarted, cluster.handed) == ([FIRST, THIRD, SECOND], [SECOND])


def test_the_only_server_restarts_without_a_handover() -> None:
    cluster = Servers(pod(0), leader=0)
    run(cluster)
    assert (cluster.restarted, cluster.handed) == ([FIRST], [])


def test_a_second_run_restarts_nothing() -> None:
    cluster = Servers(*(pod(number, NEW) for number in range(3)))
    assert (run(cluster).changed, cluster.restarted) == (False, [])


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_run_that_is_killed_after_any_deletion_is_finished_by_the_next(after: int) -> None:
    """The next run comes at once, while the server that was deleted is away: it waits for it before it goes on."""
    cluster = Servers()
    cluster.dies = after
    with pytest.raises(KeyboardInterrupt):
        run(cluster)
    run(cluster)
    assert sorted(cluster.restarted) == cluster.names
    assert cluster.restarted[-1] == SECOND
    assert not run(cluster).changed


def test_check_mode_names_all_and_deletes_none() -> None:
    cluster = Servers(dry_run=True)
    assert [change.ref.name for change in run(cluster).changes] == [FIRST, THIRD, SECOND]
    assert all(cluster.live(name) for name in cluster.names)


def test_no_server_restarts_while_another_one_is_down() -> None:
    cluster = Servers(pod(0), pod(1), pod(2, NEW, ready=False))
    with pytest.raises(NotReady, match=f"no server restarts while another one is down .{THIRD}.; read its events and its log"):
        run(cluster, timeout=10)
    assert cluster.restarted == []


def test_a_server_that_a_wrong_template_keeps_down_is_replaced_first() -> None:
    cluster = Servers(pod(0), pod(1), pod(2, "wrong", ready=False))
    run(cluster)
    assert cluster.restarted == [THIRD, FIRST, SECOND]


def test_a_missing_pod_is_waited_for() -> None:
    cluster = Servers()
    cluster.backend.handle("DELETE", f"/api/v1/namespaces/mesh/pods/{THIRD}", {}, None, "")
    with pytest.raises(NotReady, match="1 of 3"):
        run(cluster, timeout=10)


@pytest.mark.parametrize(("change", "says"), [
    pytest.param({"Leader": False}, "the servers have no leader", id="no leader"),
    pytest.param({"Voter": False}, f"{FIRST} and {SECOND} and {THIRD} does not vote yet", id="no voters"),
    pytest.param({"SerfStatus": "failed"}, "does not vote yet, or has not caught up", id="not alive"),
])
def test_a_quorum_that_is_not_whole_is_waited_for(change: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Servers()
    well = cluster.member
    monkeypatch.setattr(cluster, "member", lambda name: {**well(name), **change})
    with pytest.raises(NotReady, match=says):
        run(cluster, timeout=10)
    assert cluster.restarted == []


@pytest.mark.parametrize("raft", [
    pytest.param({"state": "Candidate", "applied_index": "5000"}, id="neither leads nor follows"),
    pytest.param({"state": "Follower", "applied_index": "4000"}, id="is far behind"),
    pytest.param({}, id="says nothing"),
])
def test_what_a_server_says_of_itself_counts_more_than_a_list_of_the_leader_that_is_old(raft: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Servers()
    said = cluster.said

    def own(question: Any) -> Any:
        late = question.path == "/v1/agent/self" and question.pod == THIRD
        return Answer(200, json.dumps({"Stats": {"raft": raft}}).encode()) if late else said(question)

    monkeypatch.setattr(cluster, "said", own)
    with pytest.raises(NotReady, match=f"{THIRD} does not vote yet, or has not caught up"):
        run(cluster, timeout=10)
    assert cluster.restarted == []


def test_servers_that_name_different_leaders_are_cut_off_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Servers()
    said = cluster.said

    def parted(question: Any) -> Any:
        cluster.leader = question.pod
        return said(question)

    monkeypatch.setattr(cluster, "said", parted)
    with pytest.raises(NotReady, match=f"the servers follow different leaders .{FIRST}, {SECOND}, {THIRD}."):
        run(cluster, timeout=10)


@pytest.mark.parametrize("answer", [Answer(403, b"Permission denied"), Answer(500, b"no"), Answer(200, b"{}")], ids=["forbidden", "broken", "empty"])
def test_a_server_that_does_not_say_who_votes_stops_the_restarts(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Servers()
    monkeypatch.setattr(cluster, "said", lambda _question: answer)
    with pytest.raises(NotReady, match="did not say which servers vote"):
        run(cluster, timeout=10)


def test_the_controller_has_to_see_the_change_first() -> None:
    cluster = Servers()
    live = copy.deepcopy(next(iter(cluster.list("apps/v1", "StatefulSet", "mesh"))))
    live["status"]["observedGeneration"] = 1
    cluster.backend.seed(live)
    with pytest.raises(NotReady, match="has not seen the change"):
        run(cluster, timeout=10)


class TestSecondary:
    def test_it_restarts_while_its_primary_answers(self) -> None:
        cluster = secondary()
        run(cluster, WEST)
        assert cluster.restarted == [FIRST, THIRD, SECOND]

    def test_it_does_not_while_its_primary_is_silent(self) -> None:
        cluster = secondary()
        cluster.reaching, cluster.gateways = set(), {key: ["192.0.2.10:8443"] for key in cluster.names}
        with pytest.raises(NotReady, match="cannot reach the primary east, so no server restarts: .*mesh_values.servers.restart_without_primary"):
            run(cluster, WEST, timeout=10)
        assert cluster.restarted == []

    def test_a_reason_lets_it_restart_all_the_same(self) -> None:
        cluster = secondary()
        cluster.reaching = set()
        run(cluster, Place("mesh", "east", WEST.addresses, reason="the primary is being built anew"))
        assert cluster.restarted == [FIRST, THIRD, SECOND]

    def test_nobody_asks_for_the_primary_while_nothing_is_to_restart(self) -> None:
        cluster = secondary(revision=OLD)
        cluster.reaching = set()
        assert not run(cluster, WEST).changed

    def test_a_primary_that_moved_is_reached_by_one_follower_before_others_restart(self) -> None:
        cluster = secondary()
        cluster.reaching, cluster.gateways = set(), {key: ["192.0.2.99:8443"] for key in cluster.names}
        cluster.after = ["192.0.2.10:8443"]
        known = cluster.said

        def said(question: Any) -> Any:
            cluster.reaching = {name for name, gateways in cluster.gateways.items() if gateways == cluster.after}
            return known(question)

        cluster.said = said  # type: ignore[method-assign]
        run(cluster, WEST)
        assert cluster.restarted == [FIRST, THIRD, SECOND]

    def test_a_primary_that_does_not_answer_at_its_new_address_either_costs_one_follower_and_never_the_leader(self) -> None:
        cluster = secondary()
        cluster.reaching, cluster.gateways = set(), {key: ["192.0.2.99:8443"] for key in cluster.names}
        cluster.after = ["192.0.2.10:8443"]
        with pytest.raises(NotReady, match="cannot reach the primary east"):
            run(cluster, WEST, timeout=60)
        assert cluster.restarted == [FIRST]

    def test_the_only_server_is_the_leader_and_never_restarts_without_the_primary(self) -> None:
        cluster = Servers(pod(0), standing="secondary", leader=0)
        cluster.reaching, cluster.gateways = set(), {FIRST: ["192.0.2.99:8443"]}
        with pytest.raises(NotReady, match="cannot reach the primary east"):
            run(cluster, WEST, timeout=10)


def test_an_install_restarts_its_servers_after_their_access_is_there() -> None:
    names = [stage.name for stage in install.stages(SECONDARY)]
    assert names.index("restarts") == names.index("servers") + 1
    assert [stage.then is not None for stage in install.stages(PEER) if stage.name == "restarts"] == [True]


@pytest.mark.parametrize("wish", [PEER, SECONDARY], ids=["peer", "secondary"])
def test_kubernetes_never_replaces_a_server_by_itself(wish: Any) -> None:
    (servers,) = (one for stage in install.stages(wish) for one in stage.manifests if one["kind"] == "StatefulSet")
    assert servers["spec"]["updateStrategy"] == {"type": "OnDelete"}
