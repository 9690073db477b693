# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each step of the module on one cluster: what it writes, what it waits for, and what it refuses."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio import ISTIO
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import pointers
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import CutoverCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import HOOKS, NAMESPACE, REV, World, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

GATEWAY = {"inject.istio.io/templates": "gateway"}
ARGO = [{"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]


def cluster(*workloads: dict[str, Any], validates: str = "green", **more: Any) -> CutoverCluster:
    there = World.of([space("shop", **{REV: "prod"}), space("bank", **{REV: "prod"})], workloads or [deployment("shop", "a")], {"prod": "blue"})
    there.live |= more
    own = {"service": {"name": f"istiod-{validates}", "namespace": NAMESPACE}}
    there.live["ValidatingWebhookConfiguration"][0]["webhooks"] = [{"name": "any", "clientConfig": {"service": {"name": "istiod-blue"}}}]
    there.live["ValidatingWebhookConfiguration"] += [
        {"metadata": {"name": f"istio-validator-{validates}", "labels": {REV: validates}}, "webhooks": [{"name": "any", "clientConfig": own}]},
    ]
    return CutoverCluster(there)


def ask(there: CutoverCluster, step: str = "move", clock: Ticking | None = None, connect: Any = None, **options: Any) -> dict[str, Any]:
    """The module's work, as its door takes the options."""
    told = {name: spec.get("default") for name, spec in cutover.TASK["argument_spec"].items()}
    wanted = {"provider": "istio", "namespace": NAMESPACE, "mesh": "prod", "step": step, "target": "green", "former": "blue", "timeout": 30, **options}
    return cutover.reconcile(there, {**told, **wanted}, connect, clock or Ticking())


def statefulset(replicas: int = 3) -> dict[str, Any]:
    one = deployment("shop", "store")
    one["spec"] |= {"replicas": replicas, "updateStrategy": {"type": "OnDelete"}}
    return one


def budget(allowed: int, app: str) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": {"name": app, "namespace": "shop"}, "spec": spec, "status": {"disruptionsAllowed": allowed, "currentHealthy": 0, "expectedPods": 1}}


def made(there: CutoverCluster) -> dict[str, int]:
    """Pods in shop by the revision of their proxies."""
    pods = [pod["metadata"]["annotations"].get(REV, "") for pod in there.backend.of("Pod") if pod["metadata"]["namespace"] == "shop"]
    return {revision: pods.count(revision) for revision in sorted(set(pods))}


def test_a_wave_moves_its_namespaces_and_nothing_else() -> None:
    there = cluster(deployment("shop", "a"), deployment("bank", "b"))
    told = ask(there, spaces=["shop"], wave=3)
    assert [(one["object"], one["action"]) for one in told["changes"]] == [("Namespace shop", "updated"), ("Deployment shop/a", "updated")]
    assert {key: told[key] for key in ("changed", "step", "wave", "target", "former", "late", "restarted", "kept")} == {
        "changed": True, "step": "move", "wave": 3, "target": "green", "former": "blue", "late": [], "restarted": 1, "kept": [],
    }  # fmt: skip
    assert told["follows"]["green"] == {"namespaces": 1, "workloads": 1, "made": 1, "served": 1}
    assert json.loads(told["state"])["cluster"] == "east"
    again = ask(there, spaces=["shop"])
    assert (again["changed"], again["changes"]) == (False, [])
    back = ask(there, spaces=["shop"], target="blue", former="green")
    assert (back["follows"].keys(), there.live("Namespace", None, "shop")["metadata"]["labels"][REV]) == ({"blue"}, "prod")


def test_check_mode_says_what_it_would_write_and_stores_nothing() -> None:
    door = deployment("shop", "door", {REV: "blue"}, annotations=GATEWAY)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "door", "namespace": "shop"}, "spec": {"selector": {"app": "door"}}}
    there = cluster(deployment("shop", "a"), door, StatefulSet=[statefulset(2)])
    there.backend.seed(service)
    before, checking = there.picture(), there.checking()
    checking.ask_all = there.ask_all  # type: ignore[method-assign]
    told = [ask(checking, spaces=["shop"]), ask(checking, services=["shop/door"]), ask(checking, "prepare")]
    assert [[(one["object"].split("-")[0], one["action"]) for one in each["changes"]] for each in told] == [
        [("Namespace shop", "updated"), ("Deployment shop/a", "updated"), ("Pod shop/store", "deleted"), ("Pod shop/store", "deleted")],
        [("Namespace shop", "updated"), ("Deployment shop/door", "created"), ("Deployment shop/door", "updated")],
        [],
    ]
    assert there.picture() == before


def test_no_more_workloads_start_anew_at_once_than_wanted() -> None:
    there = cluster(*(deployment("shop", f"a{number}") for number in range(7)))
    most: list[int] = []

    def rolling() -> None:
        owners = [one for one in there.backend.of("Deployment") if one["metadata"]["namespace"] == "shop"]
        most.append(sum(one["status"]["observedGeneration"] != one["metadata"]["generation"] for one in owners))

    there.backend.idle = True
    there.watch(rolling)
    told = ask(there, spaces=["shop"], parallel=3, clock=Ticking(lambda _passed: there.backend.control()))
    assert (max(most), told["restarted"], made(there)) == (3, 7, {"green": 7})
    most.clear()
    told = ask(there, spaces=["shop"], target="blue", former="green", budgets={"sh*": 1}, clock=Ticking(lambda _passed: there.backend.control()))
    assert (max(most), made(there)) == (1, {"blue": 7})


def test_a_restart_waits_for_its_disruption_budget() -> None:
    there = cluster(deployment("shop", "a"), deployment("shop", "b"), PodDisruptionBudget=[budget(0, "a")])
    seconds: list[float] = []

    def allow(passed: float) -> None:
        seconds.append(passed)
        if passed > 5:
            there.live("PodDisruptionBudget", "shop", "a")["status"]["disruptionsAllowed"] = 1
        else:
            assert made(there) == {"blue": 1, "green": 1}

    ask(there, spaces=["shop"], clock=Ticking(allow))
    assert made(there) == {"green": 2}
    assert seconds[-1] > 5


def test_what_did_not_start_anew_in_time_is_named() -> None:
    there = cluster(deployment("shop", "a"), deployment("shop", "b"), PodDisruptionBudget=[budget(0, "a")])
    with pytest.raises(NotReady, match=r"Deployment shop/a: waits for its turn, or for its disruption budget") as failed:
        ask(there, spaces=["shop"])
    assert failed.value.facts["changed"]
    assert failed.value.facts["late"] == ["Deployment shop/a: waits for its turn, or for its disruption budget"]
    assert [one["object"] for one in failed.value.facts["changes"]] == ["Namespace shop", "Deployment shop/b"]


def test_pods_are_evicted_one_by_one_as_their_budget_allows() -> None:
    there = cluster(StatefulSet=[statefulset()], PodDisruptionBudget=[budget(0, "store")])
    there.backend.idle = True
    counts: list[int] = []
    there.watch(lambda: counts.append(sum(made(there).values())))

    def tick(passed: float) -> None:
        if passed > 3:
            there.live("PodDisruptionBudget", "shop", "store")["status"]["disruptionsAllowed"] = 1
        there.backend.control()

    told = ask(there, spaces=["shop"], clock=Ticking(tick))
    assert (told["restarted"], made(there), min(counts)) == (4, {"green": 4}, 3)  # with the Deployment a
    assert [one["action"] for one in told["changes"]].count("deleted") == 3


def test_a_killed_eviction_goes_on_with_the_pods_that_are_left() -> None:
    there = cluster(StatefulSet=[statefulset()])
    ask(there, spaces=["shop"])
    ask(there, spaces=["shop"], target="blue", former="green")
    pods = [pod for pod in there.backend.of("Pod") if pod["metadata"]["name"].startswith("store")]
    pods[0]["metadata"]["annotations"][REV] = "green"
    there.live("Namespace", None, "shop")["metadata"]["labels"][REV] = "green"
    told = ask(there, spaces=["shop"])
    assert [one["action"] for one in told["changes"]].count("deleted") == 2


def kept_by_argo(there: CutoverCluster) -> CutoverCluster:
    meta = there.live("Namespace", None, "shop")["metadata"]
    meta |= {"annotations": {"argocd.argoproj.io/tracking-id": "app:/Namespace:shop/shop"}, "managedFields": ARGO}
    return there


def test_what_another_tool_keeps_is_waited_for_and_what_it_does_not_say_is_written() -> None:
    there = kept_by_argo(cluster())
    with pytest.raises(NotReady, match="Namespace shop is kept by Argo CD, for its Application app, which has to write it") as failed:
        ask(there, spaces=["shop"], kept="wait")
    record = {"meshops.lifecycle/cutover-former": f"{REV}=prod"}
    patch = {"metadata": {"labels": {REV: "green", "istio-injection": None}, "annotations": record}}
    wanted = [{"kind": "Namespace", "namespace": "", "name": "shop", "keeper": "Argo CD, for its Application app", "patch": patch}]
    assert failed.value.facts["kept"] == wanted
    assert there.live("Namespace", None, "shop")["metadata"]["labels"][REV] == "prod"

    def hook(_passed: float) -> None:
        there.live("Namespace", None, "shop")["metadata"]["labels"][REV] = "green"

    told = ask(there, spaces=["shop"], kept="wait", clock=Ticking(hook))
    assert (made(there), [one["object"] for one in told["changes"]][-1]) == ({"green": 1}, "Deployment shop/a")
    assert ask(kept_by_argo(cluster()), spaces=["shop"])["kept"] == []


def test_check_mode_says_what_another_tool_has_to_write() -> None:
    there = kept_by_argo(cluster())
    checking = there.checking()
    checking.ask_all = there.ask_all  # type: ignore[method-assign]
    assert [one["name"] for one in ask(checking, spaces=["shop"], kept="wait")["kept"]] == ["shop"]


class Meddling:
    """Somebody writes an annotation between the look and the write."""

    def __init__(self, there: CutoverCluster, times: int) -> None:
        self.there, self.times = there, times

    def __getattr__(self, name: str) -> Any:
        return getattr(ISTIO.stories.cutover, name)

    def writes(self, *args: Any) -> Any:
        found = ISTIO.cutover.writes(*args)
        if self.times:
            self.times -= 1
            live = self.there.live("Namespace", None, "shop")
            live["metadata"].setdefault("annotations", {})["note"] = str(self.times)
        return found


@pytest.mark.parametrize("times", [1, 3])
def test_what_changed_since_the_look_is_looked_at_again(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    there = cluster()
    monkeypatch.setattr(cutover, "provider", lambda _name: type("Mesh", (), {"cutover": Meddling(there, times)}))
    ask(there, spaces=["shop"])
    assert made(there) == {"green": 1}
    assert there.live("Namespace", None, "shop")["metadata"]["annotations"]["note"] == "0"
    monkeypatch.setattr(cutover, "provider", lambda _name: type("Mesh", (), {"cutover": Meddling(there, 10_000)}))
    with pytest.raises(NotReady, match="Namespace shop has changed since it was read"):
        ask(there, spaces=["shop"], target="blue", former="green")


def test_finish_comes_after_all_waves() -> None:
    there = cluster(deployment("shop", "a"), deployment("bank", "b"))
    ask(there, spaces=["shop"])
    before = there.picture()
    with pytest.raises(Refused, match="blue still serves Deployment bank/b. Move all waves before you finish"):
        ask(there, "finish")
    assert there.picture() == before
    ask(there, spaces=["bank"])
    told = ask(there, "finish")
    kinds = ["Service", "MutatingWebhookConfiguration", "Namespace", "Namespace", "ValidatingWebhookConfiguration"]
    assert [one["object"].split()[0] for one in told["changes"]] == kinds
    assert (told["default_revision"], told["turned"], there.live("Namespace", None, "shop")["metadata"]["labels"][REV]) == ("green", [], "prod")


def test_nothing_is_led_to_a_control_plane_that_is_not_ready() -> None:
    there = cluster()
    there.backend.objects = {key: one for key, one in there.backend.objects.items() if key[3] != "istiod-green"}
    with pytest.raises(Refused, match="the control plane green is not ready"):
        ask(there, "finish")


def test_the_validator_stays_where_it_is_while_nobody_refuses_a_faulty_object() -> None:
    there = cluster()
    ask(there, spaces=["shop", "bank"])
    there.backend.planes = {}
    there.backend.known = ((), [])
    with pytest.raises(NotReady, match=r"nobody refused a faulty VirtualService istio-system/meshops-cutover-trial \(the API server would have stored it\)"):
        ask(there, "finish")
    assert there.live("ValidatingWebhookConfiguration", None, "istiod-default-validator")["metadata"]["labels"][REV] == "blue"


def test_a_revision_goes_only_when_nothing_in_any_cluster_needs_it() -> None:
    there = cluster()
    with pytest.raises(Refused, match="blue is still needed: the revision tag prod leads to it"):
        ask(there, "retire_first")
    elsewhere = cluster()
    elsewhere.name = "west"
    others = [ask(elsewhere, "prepare")["state"]]
    ask(there, spaces=["shop", "bank"])
    ask(there, "finish")
    with pytest.raises(Refused, match="west: blue is still needed"):
        ask(there, "retire_first", clusters=others)
    told = ask(there, "retire_first", clusters=[ask(there, "prepare")["state"]])
    assert told["releases"] == [{"name": "istiod-blue", "namespace": NAMESPACE}]
    tag = [f"Service {NAMESPACE}/istiod-revision-tag-prod", "MutatingWebhookConfiguration istio-revision-tag-prod"]
    assert [one["object"] for one in told["changes"]] == [*tag, "ValidatingWebhookConfiguration istiod-default-validator"], "the notes that name blue"
    assert ask(there, "retire_first", clusters=others[:0])["changes"] == []
    last = ask(there, "retire_last")
    assert [one["object"] for one in last["changes"]] == ["MutatingWebhookConfiguration istio-sidecar-injector-blue"]
    assert ask(there, "retire_last")["changes"] == []


def test_a_soak_only_waits() -> None:
    there, clock = cluster(), Ticking()
    told = ask(there, "soak", clock, soak=60)
    assert (told["changed"], told["seconds"], clock.passed, there.writes) == (False, 60, 60, [])


def test_the_primary_of_a_remote_cluster_is_asked_at_every_look() -> None:
    remote = cluster()
    remote.name = "west"
    for name in ("istiod-blue", "istiod-green"):
        remote.backend.objects.pop(("apps/v1", "deployments", NAMESPACE, name))
    primary = cluster()

    def answers(questions: Any) -> Any:
        """Its istiods serve the proxies of the remote cluster."""
        bodies = [json.loads(answer.body) for answer in remote.ask_all(questions)]
        return [Answer(200, json.dumps([{**row, "cluster_id": "west"} for row in rows]).encode()) for rows in bodies]

    primary.ask_all = answers  # type: ignore[method-assign]
    told = ask(remote, spaces=["shop"], primary_kube={"cluster": "east", "host": "https://east"}, connect=lambda _connection, **_how: primary)
    assert (told["served_by"], told["late"], made(remote)) == ("east", [], {"green": 1})


def finished(*workloads: dict[str, Any]) -> CutoverCluster:
    there = cluster(*workloads)
    own = {"service": {"name": "istiod-blue", "namespace": NAMESPACE}}
    there.backend.seed({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                        "metadata": {"name": "istio-validator-blue", "labels": {REV: "blue"}}, "webhooks": [{"name": "any", "clientConfig": own}]})  # fmt: skip
    ask(there, spaces=["shop", "bank"])
    ask(there, "finish")
    return there


def test_what_the_finish_led_to_the_target_is_led_back_and_namespaces_stay() -> None:
    there = finished(deployment("shop", "a"), deployment(NAMESPACE, "late", {REV: "prod"}))
    told = ask(there, "turn_back", clock=Ticking(start=datetime(2030, 1, 1, tzinfo=UTC)), target="blue", former="green")
    assert [one["object"] for one in told["changes"]] == [
        "Namespace bank", "Namespace shop", f"Service {NAMESPACE}/istiod-revision-tag-prod", "MutatingWebhookConfiguration istio-revision-tag-prod",
        f"Deployment {NAMESPACE}/late", "ValidatingWebhookConfiguration istiod-default-validator",
    ]  # fmt: skip
    assert (told["step"], told["target"], told["turned"], told["default_revision"]) == ("turn_back", "blue", ["bank", "shop"], "blue")
    assert made(there) == {"green": 1}
    assert [tag["webhook"] for tag in told["tags"]] == ["blue"]
    assert ask(there, "turn_back", target="blue", former="green")["changes"] == []


def test_no_pointer_turns_back_while_a_namespace_still_follows_it() -> None:
    there = kept_by_argo(finished())
    with pytest.raises(NotReady, match="Namespace shop is kept by Argo CD, for its Application app, which has to write it"):
        ask(there, "turn_back", target="blue", former="green", kept="wait")
    assert there.live("MutatingWebhookConfiguration", None, "istio-revision-tag-prod")["metadata"]["labels"][REV] == "green"
    checking = there.checking()
    checking.ask_all = there.ask_all  # type: ignore[method-assign]
    assert len(ask(checking, "turn_back", target="blue", former="green")["changes"]) == 4, "check mode shows all of it, for whoever has to write a part"


def test_pointers_turn_back_to_a_control_plane_that_is_ready_and_only_where_a_name_holds_namespaces() -> None:
    there = finished()
    there.backend.objects = {key: one for key, one in there.backend.objects.items() if key[3] != "istiod-blue"}
    with pytest.raises(Refused, match="the control plane blue is not ready, so nothing can be led back to it"):
        ask(there, "turn_back", target="blue", former="green")
    there = World.of([space("shop", **{REV: "green"})], [deployment("shop", "a")], {"green": "green"})
    for kind in ("Service", HOOKS):
        there.live[kind] = [pointers.noted(one, "blue") if "istio.io/tag" in one["metadata"]["labels"] else one for one in there.live[kind]]
    named = CutoverCluster(there)
    with pytest.raises(Refused, match="green is the name of a tag, too, so no label would keep shop at this revision while its tag leads elsewhere"):
        ask(named, "turn_back", target="blue", former="green")
    assert named.writes == []


@pytest.mark.parametrize("noted", ["", "red"])
def test_validation_that_no_cutover_led_away_from_here_is_named_and_stays(noted: str) -> None:
    """It led to the target before. An older cutover may have led it there from a third revision."""
    there = finished()
    validator = there.live("ValidatingWebhookConfiguration", None, "istiod-default-validator")
    validator["metadata"] |= {"annotations": {"meshops.lifecycle/cutover-led-from": noted} if noted else {}}
    before = copy.deepcopy(validator)
    told = ask(there, "turn_back", target="blue", former="green")
    assert ([tag["webhook"] for tag in told["tags"]], told["default_revision"], told["late"]) == (["blue"], "green", [])
    assert told["notices"] == ["east: green validated what users write before this cutover, or another tool led validation there, so it stays"]
    assert there.live("ValidatingWebhookConfiguration", None, "istiod-default-validator") == before, "nothing of it is written, not even its note"


def test_a_tag_that_no_cutover_led_to_the_target_is_named_and_stays() -> None:
    there = World.of([space("shop", **{REV: "early"})], [deployment("shop", "a"), deployment("shop", "b", {REV: "early"})], {"early": "green"})
    told = ask(CutoverCluster(there), "turn_back", target="blue", former="green")
    assert (told["changes"], told["late"], told["turned"]) == ([], [], [])
    assert told["notices"] == ["east: the tag early led to green before this cutover, or another tool led it there, so it stays"]


def ahead(by: str) -> CutoverCluster:
    """Beside what a cutover moves: a tag, a namespace and a workload of somebody who was on green before."""
    spaces = [space("shop", **{REV: "prod"}), space("early", **{REV: "canary"}), space("named", **{REV: "green"}), space("own")]
    own = [deployment("own", "b", {REV: "green"}), deployment("own", "c", {REV: "blue"})]
    workloads = [*(deployment(name, "a") for name in ("shop", "early", "named")), *own]
    there = CutoverCluster(World.of(spaces, workloads, {"prod": "blue", "canary": "green"}))
    ask(there, spaces=["early", "named", "own", "shop"], by=by)
    return there


@pytest.mark.parametrize("by", ["namespaces", "tags"])
def test_a_gate_turns_back_only_what_this_cutover_moved(by: str) -> None:
    """A cutover to the former revision by hand leads everything there."""
    there = ahead(by)
    start = there.picture()
    told = ask(there, spaces=["early", "named", "own", "shop"], by=by, target="blue", former="green", back=True)
    moved = {("shop/a", "blue"), ("own/c", "blue"), ("early/a", "green"), ("named/a", "green"), ("own/b", "green")}
    assert {each for each in there.picture()["Pod"] if not each[0].startswith(NAMESPACE)} == moved
    assert {tag["name"]: (tag["service"], tag["webhook"]) for tag in told["tags"]} == {"prod": ("blue", "blue"), "canary": ("green", "green")}
    said = ["east: the tag canary led to green before this cutover, or another tool led it there, so it stays"]
    assert (told["late"], told["led"], told["notices"]) == ([], [], said if by == "tags" else [])
    assert ask(there, spaces=["early", "named", "own", "shop"], by=by, target="blue", former="green", back=True)["changes"] == []
    ask(there, spaces=["early", "named", "own", "shop"], by=by)
    assert there.picture() == start
    all_of_it = ask(there, spaces=["early", "named", "own", "shop"], by=by, target="blue", former="green")
    assert set(all_of_it["follows"]) == {"blue"}


def test_a_gateway_that_the_target_made_before_is_not_turned_back() -> None:
    doors = [deployment(NAMESPACE, name, {REV: revision}, annotations=GATEWAY) for name, revision in (("door", "green"), ("gate", "blue"))]
    services = [{"metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"selector": {"app": name}}} for name in ("door", "gate")]
    there = CutoverCluster(World.of([], doors, {}, services=services))
    both = [f"{NAMESPACE}/door", f"{NAMESPACE}/gate"]
    ask(there, services=both)
    told = ask(there, services=both, target="blue", former="green", back=True)
    assert [one["object"] for one in told["changes"]] == [f"Deployment {NAMESPACE}/gate", f"Deployment {NAMESPACE}/gate-green"]


def test_a_label_that_was_taken_off_comes_back_when_nothing_is_left_of_the_target() -> None:
    """By the finish of the way back. A wave that goes back leaves it off: proxies of both revisions still read the object."""
    there = cluster(deployment("shop", "a"), validates="blue")
    route = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "web", "namespace": "shop", "labels": {REV: "blue"}}}
    there.backend.seed({**route, "spec": {"hosts": ["web"]}})

    def label() -> str | None:
        found: str | None = there.live("VirtualService", "shop", "web")["metadata"]["labels"].get(REV)
        return found

    assert (ask(there, "prepare", objects="unlabel")["changes"][0]["object"], label()) == ("VirtualService shop/web", None)
    assert ask(there, "prepare", objects="unlabel")["changes"] == []
    ask(there, spaces=["shop", "bank"], objects="unlabel")
    ask(there, spaces=["shop", "bank"], target="blue", former="green", objects="unlabel", back=True)
    assert label() is None
    told = ask(there, "finish", target="blue", former="green", objects="unlabel")
    assert ([one["object"] for one in told["changes"]], label()) == (["VirtualService shop/web"], "blue")
    assert ask(there, "finish", target="blue", former="green", objects="unlabel")["changes"] == []


def test_a_copy_does_not_take_the_object_of_somebody_else_for_its_own() -> None:
    """One that was made by a killed run is there, with the label of whoever made it. Another one would leave the target without the configuration."""
    there, of_blue = cluster(), {"name": "web", "namespace": "shop", "labels": {REV: "blue"}}
    route = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": of_blue, "spec": {"hosts": ["web"]}}
    there.backend.seed(route)
    there.backend.seed({**route, "metadata": {"name": "web-green", "namespace": "shop"}, "spec": {"hosts": ["elsewhere"]}})
    said = "east: VirtualService shop/web-green exists, and no cutover made it, so what the cutover needs cannot have this name. Rename or remove it"
    with pytest.raises(Refused, match=said):
        ask(there, "prepare")
    assert there.live("VirtualService", "shop", "web-green")["spec"] == {"hosts": ["elsewhere"]}


def locked(there: CutoverCluster, holder: str) -> None:
    record = json.dumps({"holderIdentity": f"istiod-{holder}-1", "holderKey": holder})
    there.backend.seed({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "istio-leader", "namespace": NAMESPACE, "annotations": {"control-plane.alpha.kubernetes.io/leader": record},
    }})  # fmt: skip


def defaulted() -> CutoverCluster:
    """Everything follows green, and the default tag leads there."""
    there = World.of([space("shop", **{REV: "prod"})], [deployment("shop", "a")], {"prod": "green", "default": "green"}, validator="green")
    return CutoverCluster(there)


def test_the_retirement_waits_until_another_control_plane_leads() -> None:
    there = defaulted()
    locked(there, "blue")
    clock = Ticking(lambda passed: locked(there, "green") if passed > 6 else None)
    told = ask(there, "retire_first", clock)
    assert (told["notices"], 6 < clock.passed < 12) == ([], True)


def test_a_lock_that_no_other_version_takes_is_said_and_holds_nothing_up_for_long() -> None:
    there, clock = defaulted(), Ticking()
    locked(there, "blue")
    assert ask(there, "retire_first", clock, timeout=600)["notices"] == [
        "east: blue still leads istio-leader, which green did not take over; it gives them back when it ends."
    ]
    assert 60 <= clock.passed < 65
    without, clock = finished(), Ticking()
    locked(without, "blue")
    assert (ask(without, "retire_first", clock)["notices"], clock.passed) == ([], 0), "without a default tag nobody takes it before blue ends"
