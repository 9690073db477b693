# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's own writes, one by one: killed after any of them, forward and back, a run that is started again ends the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import (
    BY_TAGS,
    DONE,
    FINISH,
    MOVE,
    MOVED,
    RETIRE,
    SETTLED,
    CutoverWish,
    phase,
    plan,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.target import aim, in_use
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.waves import GATEWAYS, WaveWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio import ISTIO
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.injection import Template
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.workloads import made_by
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import retire
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.finish import finish
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.move import move
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.step_request import CutoverRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.turn_back import turn_back
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.write import CutoverWork
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import CutoverCluster, Kept, Killed
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import ENABLE, INJECT, NAMESPACE, REV, World, api_gateway, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

FORWARD, BACK = Aim("green", "blue"), Aim("blue", "green")
GATEWAY = {"inject.istio.io/templates": "gateway"}
MOMENTS = (datetime(2030, 1, 1, tzinfo=UTC) + timedelta(hours=hours) for hours in itertools.count())  # a workload that restarts twice in a second does once
WISHES = {
    "namespaces": CutoverWish(WaveWish(canary=("tagged",), pace=30), retire=False),
    "tags": CutoverWish(WaveWish(canary=("tagged",), pace=30), by=BY_TAGS, retire=False),
}


def validating(there: World, *revisions: str) -> World:
    """Each revision has a webhook of its own, and the default one leads to blue."""
    validators = [{"metadata": {"name": f"istio-validator-{name}-{NAMESPACE}", "labels": {"app": "istiod", REV: name}}, "webhooks": [
        {"name": "rev.validation.istio.io", "clientConfig": {"service": {"name": f"istiod-{name}", "namespace": NAMESPACE}, "caBundle": f"CA of {name}"}},
    ]} for name in revisions]  # fmt: skip
    default = there.live["ValidatingWebhookConfiguration"][0]
    default["webhooks"] = [{"name": "validation.istio.io", "clientConfig": {"service": {"name": "istiod-blue"}, "caBundle": "CA of blue"}}]
    there.live["ValidatingWebhookConfiguration"] += validators
    return there


def cluster() -> CutoverCluster:
    """A namespace of every rule, workloads that decide by themselves, gateways by their own label, by their namespace's, and of the Gateway API."""
    own = deployment(NAMESPACE, "ingress", {REV: "blue"}, annotations=GATEWAY)
    inside = deployment("doors", "door", annotations=GATEWAY)
    services = [
        {"metadata": {"name": one["metadata"]["name"], "namespace": one["metadata"]["namespace"], "labels": {}},
         "spec": {"selector": {"app": one["metadata"]["name"]}}} for one in (own, inside)
    ]  # fmt: skip
    apart = {"metadata": {"name": "apart", "namespace": "tagged"},
             "spec": {"replicas": 2, "updateStrategy": {"type": "OnDelete"}, "template": {"metadata": {"labels": {"app": "apart"}}, "spec": {}}}}  # fmt: skip
    argo = {"metadata": {"name": "argo", "namespace": "named"}, "spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "argo"}}, "spec": {}}}}
    scaler = {"metadata": {"name": "ingress", "namespace": NAMESPACE},
              "spec": {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ingress"}}}  # fmt: skip
    spaces = [
        space("tagged", **{REV: "prod"}), space("enabled", **{ENABLE: "enabled"}), space("named", **{REV: "blue"}), space("own"),
        space("doors", **{REV: "prod"}), space("off", **{ENABLE: "disabled"}),
    ]  # fmt: skip
    workloads = [
        *(deployment(name, "a") for name in ("tagged", "enabled", "named", "own", "off")),
        deployment("own", "by-revision", {REV: "blue"}),
        deployment("own", "by-tag", {REV: "prod"}),
        deployment("own", "by-default", {INJECT: "true"}),
        own,
        inside,
    ]
    there = World.of(spaces, workloads, {"prod": "blue", "default": "blue"}, services=services,
                     gateways=[api_gateway("tagged", "gate"), api_gateway("named", "waypoint", {REV: "blue"})])  # fmt: skip
    there.live |= {"StatefulSet": [apart], "Rollout": [argo], "HorizontalPodAutoscaler": [scaler]}
    return CutoverCluster(validating(there, "blue", "green"))


def named() -> CutoverCluster:
    """No tag: everything names its revision. An older cutover led validation from red to blue, and red is still installed."""
    door = deployment(NAMESPACE, "ingress", {REV: "blue"}, annotations=GATEWAY)
    service = {"metadata": {"name": "ingress", "namespace": NAMESPACE, "labels": {}}, "spec": {"selector": {"app": "ingress"}}}
    there = World.of([space("named", **{REV: "blue"}), space("own")], [deployment("named", "a"), deployment("own", "by-revision", {REV: "blue"}), door], {},
                     planes={"red": "1.29.0", "blue": "1.30.1", "green": "1.31.0"}, services=[service],
                     gateways=[api_gateway("named", "waypoint", {REV: "blue"})])  # fmt: skip
    there.live["ValidatingWebhookConfiguration"][0]["metadata"]["annotations"] = {LED_FROM: "red"}
    return CutoverCluster(validating(there, "blue", "green"))


class Check:
    """Looks at every state that the cluster is in: what had a sidecar gets one, what served is served, and gateways have pods behind their Service."""

    def __init__(self, there: CutoverCluster) -> None:
        self.backend = there.backend
        self.injected = {key for key, template in self.templates() if self.backend.follow(key[0], template).revision}
        self.states = 0

    def templates(self) -> Iterator[tuple[tuple[str, str], Template]]:
        for kind in ("Deployment", "StatefulSet", "Rollout"):
            for owner in self.backend.of(kind):
                if (owner["metadata"].get("labels") or {}).get("app") != "istiod":
                    yield (owner["metadata"]["namespace"], owner["metadata"]["name"]), Template.of(owner["spec"]["template"])

    def __call__(self) -> None:
        self.states += 1
        for key, template in self.templates():
            follows = self.backend.follow(key[0], template)
            assert key not in self.injected or (follows.revision and not follows.blocked), key
        for pod in self.backend.of("Pod"):
            key = pod["metadata"]["namespace"], pod["metadata"]["ownerReferences"][0]["name"]
            assert key not in self.injected or made_by(pod), key
        for slices in self.backend.of("EndpointSlice"):
            assert slices["endpoints"], slices["metadata"]["name"]


def work(there: CutoverCluster, aim: Aim, wish: CutoverWish, step: str, spaces: Any = (), services: Any = ()) -> CutoverWork:
    request = CutoverRequest("istio", NAMESPACE, step, aim, wish, 1, tuple(spaces), tuple(services), timeout=60)
    return CutoverWork(there, ISTIO.cutover, request, None, Ticking(start=next(MOMENTS)))


def run(there: CutoverCluster, aim: Aim, wish: CutoverWish) -> int:
    """The play: plan, and what is next, until nothing is."""
    begun = there.backend.stored
    for _step in range(30):
        state = work(there, aim, wish, "look").looking.scene().state
        whole = plan("prod", [state], aim, wish)
        coming = [step for step in whole.steps if step.name in (MOVE, FINISH)]
        if not coming:
            assert phase(state, aim, wish) == SETTLED
            return there.backend.stored - begun
        if coming[0].name == FINISH:
            finish(work(there, aim, wish, "finish"))
        else:
            wave = whole.waves[coming[0].wave - 1]
            move(work(there, aim, wish, "move", *((), wave.services["east"]) if wave.kind == GATEWAYS else (wave.spaces["east"],)))
    raise AssertionError("it never ends")


@pytest.fixture(params=WISHES.values(), ids=WISHES)
def wish(request: pytest.FixtureRequest) -> CutoverWish:
    return request.param


def states(there: CutoverCluster, aim: Aim, wish: CutoverWish) -> list[Kept]:
    """What a run leaves that is killed after its first write, after its second, and so on."""
    found: list[Kept] = []
    there.watch(Check(there), lambda: found.append(there.kept()))
    run(there, aim, wish)
    there.watch()
    return found


def kills(left: list[Kept], wish: CutoverWish) -> list[tuple[int, Kept]]:
    """Every one. By tags only the first writes differ, so there every third of the others has to do: test_every_state_between has them all."""
    return [(number, kept) for number, kept in enumerate(left) if wish.by != BY_TAGS or number < 8 or number % 3 == 0]


def test_it_ends_where_it_aims(wish: CutoverWish) -> None:
    there = cluster()
    check = Check(there)
    there.watch(check)
    run(there, FORWARD, wish)
    state = work(there, FORWARD, wish, "look").looking.scene().state
    assert (in_use([state], "green"), state.users("blue")) == ([], [])
    assert check.states > 15
    assert not {pod for pod in there.picture()["Pod"] if pod[1] == "blue"}


def test_a_killed_run_leaves_what_it_wrote_and_nothing_else(wish: CutoverWish) -> None:
    there = cluster()
    there.kill_after(3)
    with pytest.raises(Killed):
        run(there, FORWARD, wish)
    assert there.kept()[1].keys() == states(cluster(), FORWARD, wish)[2][1].keys()


def test_killed_after_any_write_it_ends_the_same(wish: CutoverWish) -> None:
    there = cluster()
    left = states(there, FORWARD, wish)
    whole = there.picture()
    for number, kept in kills(left, wish):
        there.back_to(kept)
        check = Check(there)
        there.watch(check)
        run(there, FORWARD, wish)
        assert there.picture() == whole, number
        assert check.states >= len(left) - number - 1


def test_turned_back_after_any_write_everything_is_as_before(wish: CutoverWish) -> None:
    """Gateways may keep a second Deployment without pods, and templates a record of their restart."""
    there = cluster()
    start = labels(there)
    for number, kept in kills(states(there, FORWARD, wish), wish):
        there.back_to(kept)
        there.watch(Check(there))
        run(there, BACK, wish)
        assert work(there, BACK, wish, "look").looking.scene().state.users("green") == [], number
        assert labels(there) == start, number


def labels(there: CutoverCluster) -> list[Any]:
    """But for the notes from where each of them was led last."""
    picture = there.picture()
    kinds = ("Namespace", "Service", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    for one in [each for kind in kinds for each in picture[kind]]:
        if (one["metadata"].get("annotations") or {}).pop(LED_FROM, None) and not one["metadata"]["annotations"]:
            del one["metadata"]["annotations"]
    return [sorted(picture[kind], key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"])) for kind in kinds]


def test_killed_on_the_way_back_it_ends_the_same(wish: CutoverWish) -> None:
    there = cluster()
    run(there, FORWARD, wish)
    left = states(there, BACK, wish)
    whole = there.picture()
    for number, kept in kills(left, wish):
        there.back_to(kept)
        there.watch(Check(there))
        run(there, BACK, wish)
        assert there.picture() == whole, number


def previous(there: CutoverCluster) -> Aim:
    return aim("prod", "previous", [work(there, FORWARD, WISHES["namespaces"], "look").looking.scene().state])


FIRST = CutoverWish(WaveWish(gateways="first"), retire=False)
LEDS = [(cluster, WISHES["namespaces"]), (cluster, WISHES["tags"]), (named, WISHES["namespaces"]), (named, FIRST)]


@pytest.mark.parametrize(("make", "wanted"), LEDS, ids=["namespaces", "tags", "names", "gateways first"])
class TestWhereItWasLedFrom:
    """Read from every state that a killed run leaves, so that nobody has to name the revision to go back to."""

    def test_forward_it_was_led_from_blue(self, make: Any, wanted: CutoverWish) -> None:
        there = make()
        for number, kept in enumerate(states(there, FORWARD, wanted)):
            there.back_to(kept)
            if number or not pinned(there):
                assert previous(there) == BACK, number

    def test_and_back_again_from_green(self, make: Any, wanted: CutoverWish) -> None:
        """Until something has left green, the last cutover is the one before."""
        there = make()
        run(there, FORWARD, wanted)
        told = []
        for kept in states(there, BACK, wanted):
            there.back_to(kept)
            told.append(previous(there))
        begun = told.index(FORWARD)
        assert set(told[:begun]) <= {BACK}
        assert begun < 3
        assert set(told[begun:]) == {FORWARD}

    def test_a_finish_that_is_turned_back_was_led_from_blue_all_the_while(self, make: Any, wanted: CutoverWish) -> None:
        there = make()
        for number, kept in enumerate(back_states(there, wanted)):
            there.back_to(kept)
            assert previous(there) == BACK, number

    def test_waves_that_are_turned_back_were_led_from_blue_as_long_as_one_is_left(self, make: Any, wanted: CutoverWish) -> None:
        there = make()
        left = states(there, FORWARD, wanted)
        there.back_to(left[len(left) // 2])
        for turned in states(there, BACK, wanted)[:-1]:
            there.back_to(turned)
            if there.live("Namespace", None, "named")["metadata"]["labels"][REV] == "green":
                assert previous(there) == BACK


def pinned(there: CutoverCluster) -> bool:
    return any("meshops.lifecycle/cutover-pinned" in one["metadata"].get("annotations", {}) for one in there.backend.of("Gateway"))


def led_back(there: CutoverCluster, wish: CutoverWish) -> None:
    """What the run does whose gates failed after the step finish."""
    turn_back(work(there, BACK, wish, "turn_back"))


def back_states(there: CutoverCluster, wish: CutoverWish) -> list[Kept]:
    """Forward to the end, and then what a run leaves that is killed after each write of the way back of the pointers."""
    run(there, FORWARD, wish)
    found: list[Kept] = [there.kept()]
    there.watch(Check(there), lambda: found.append(there.kept()))
    led_back(there, wish)
    there.watch()
    return found


def test_pointers_turn_back_and_what_the_waves_moved_stays(wish: CutoverWish) -> None:
    there = cluster()
    run(there, FORWARD, wish)
    moved = there.picture()["Pod"]
    check = Check(there)
    there.watch(check)
    led_back(there, wish)
    state = work(there, BACK, wish, "look").looking.scene().state
    assert {(tag.name, tag.webhook, tag.service) for tag in state.tags} == {("prod", "blue", "blue"), ("default", "blue", "blue")}
    assert state.default_revision == "blue"
    assert {(name, follows.former and follows.former.pointer) for name, follows in state.space.items() if follows.following.revision == "green"} == {
        ("tagged", "prod"), ("enabled", "default"), ("doors", "prod"), ("named", None),
    }  # fmt: skip
    late = {(f"own/{name}", revision) for name in ("by-tag", "by-default") for revision in ("blue", "green")}
    assert set(there.picture()["Pod"]) ^ set(moved) == late, "only what moves with a tag was moved"
    assert check.states > 8
    assert phase(state, FORWARD, wish) == MOVED


def test_killed_on_the_pointers_way_back_it_ends_the_same_and_goes_on_both_ways(wish: CutoverWish) -> None:
    """Killed after any write, the same step ends the same; the play goes forward to the same end; and the way back leaves everything as before."""
    there = cluster()
    start = labels(there)
    left = back_states(there, wish)
    led = there.picture()
    there.back_to(left[0])
    forward = there.picture()
    for number, kept in kills(left, wish):
        for again, end in ((lambda: led_back(there, wish), led), (lambda: run(there, FORWARD, wish), forward)):
            there.back_to(kept)
            there.watch(Check(there))
            again()
            assert there.picture() == end, number
        there.back_to(kept)
        there.watch(Check(there))
        run(there, BACK, wish)
        assert labels(there) == start, number


def test_a_finish_that_was_killed_turns_back_too(wish: CutoverWish) -> None:
    """From every state that the step finish leaves."""
    there = cluster()
    for number, kept in kills(states(there, FORWARD, wish), wish):
        there.back_to(kept)
        state = work(there, FORWARD, wish, "look").looking.scene().state
        if phase(state, FORWARD, wish) not in (MOVED, SETTLED):
            continue
        there.watch(Check(there))
        led_back(there, wish)
        after = work(there, BACK, wish, "look").looking.scene().state
        assert {half for tag in after.tags for half in (tag.webhook, tag.service)} | {after.default_revision} == {"blue"}, number
        assert phase(after, FORWARD, wish) == MOVED, number


RETIRING = CutoverWish(WaveWish(gateways="never"))


def ended() -> CutoverCluster:
    """Everything follows green, and blue has all that it can leave."""
    there = World.of([space("tagged", **{REV: "prod"})], [deployment("tagged", "a")], {"prod": "green"}, validator="green")
    there.live["ValidatingWebhookConfiguration"].append({"metadata": {"name": f"istio-validator-blue-{NAMESPACE}", "labels": {"app": "istiod", REV: "blue"}}})
    for kind in ("Service", "MutatingWebhookConfiguration"):
        for half in [one for one in there.live[kind] if "istio.io/tag" in one["metadata"].get("labels", {})]:
            half["metadata"]["annotations"] = {LED_FROM: "blue"}
    there.live["ConfigMap"] = [{"metadata": {"name": f"{name}-blue", "namespace": NAMESPACE, "labels": {REV: "blue"}}} for name in ("istio", "values")]
    made = {"annotations": {"meshops.lifecycle/cutover-copy-of": "a"}}
    there.live["VirtualService"] = [
        {"metadata": {"name": "istiod-vs-blue", "namespace": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "meshops.lifecycle"}}, "spec": {}},
        {"metadata": {"name": "a-blue", "namespace": "tagged", "labels": {REV: "blue"}, **made}, "spec": {}},
        {"metadata": {"name": "a-green", "namespace": "tagged", "labels": {REV: "green"}}, "spec": {}},
    ]
    return CutoverCluster(there)


def retired(there: CutoverCluster) -> None:
    """The play: while something is planned, the steps around the removal of the Helm release."""
    for _run in range(3):
        state = work(there, FORWARD, RETIRING, "look").looking.scene().state
        whole = plan("prod", [state], FORWARD, RETIRING)
        if whole.done:
            assert phase(state, FORWARD, RETIRING) == DONE
            return
        assert [step.name for step in whole.steps] == [RETIRE]
        retire.first(work(there, FORWARD, RETIRING, "retire_first"), [])
        for key in [key for key in there.backend.objects if key[1] in ("deployments", "pods") and key[3].startswith("istiod-blue")]:
            del there.backend.objects[key]
            there.backend.after()
        there.backend.planes = {"green": "1.31.0"}
        retire.last(work(there, FORWARD, RETIRING, "retire_last"), [])
    raise AssertionError("it never ends")


def test_a_retirement_that_was_killed_anywhere_is_gone_on_with_although_the_revision_is_not_installed_any_more() -> None:
    there, left = ended(), list[Kept]()
    there.watch(lambda: left.append(there.kept()))
    retired(there)
    there.watch()
    whole = there.picture()
    gone = ("ConfigMap", "Service", "VirtualService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    assert not [one for kind in gone for one in whole[kind] if "blue" in str(one)]
    assert [one["metadata"]["name"] for one in whole["MutatingWebhookConfiguration"]] == ["istio-revision-tag-prod", "istio-sidecar-injector-green"]
    assert len(left) >= 8
    for number, kept in enumerate(left):
        there.back_to(kept)
        retired(there)
        assert there.picture() == whole, number
