# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cutover killed after any write: run again it ends the same, turned back all is as before, and no pod ever starts without its sidecar."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import (
    Aim,
    Order,
    of_finish,
    of_turn_back,
    staying,
    validation_stays,
    with_pointers,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import (
    BY_TAGS,
    FINISH,
    MOVE,
    MOVED,
    SETTLED,
    CutoverWish,
    phase,
    plan,
    wave_orders,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.target import in_use
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.waves import WaveWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.injection import Template
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.workloads import made_by
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import (
    ENABLE,
    HOOKS,
    INJECT,
    NAMESPACE,
    REV,
    World,
    api_gateway,
    deployment,
    space,
    tag,
)

FORWARD, BACK = Aim("green", "blue"), Aim("blue", "green")
GATEWAY = {"inject.istio.io/templates": "gateway"}


def world() -> World:
    """A namespace of every rule, with workloads that decide by themselves beside those that do not."""
    gateway = deployment(NAMESPACE, "istio-ingressgateway", {REV: "blue"}, annotations=GATEWAY)
    door = {"metadata": {"name": "istio-ingressgateway", "namespace": NAMESPACE, "labels": {}}, "spec": {"selector": {"app": "istio-ingressgateway"}}}
    return World.of(
        [
            space("tagged", **{REV: "prod"}),
            space("enabled", **{ENABLE: "enabled"}),
            space("both", **{ENABLE: "enabled", REV: "prod"}),
            space("named", **{REV: "blue"}),
            space("own"),
            space("off", **{ENABLE: "disabled"}),
        ],
        [
            *(deployment(name, "a") for name in ("tagged", "enabled", "both", "named", "own", "off")),
            deployment("tagged", "declined", {INJECT: "false"}),
            deployment("own", "by-revision", {REV: "blue"}),
            deployment("own", "by-tag", {REV: "prod"}),
            deployment("own", "by-default", {INJECT: "true"}),
            gateway,
        ],
        {"prod": "blue", "default": "blue"},
        services=[door],
        gateways=[api_gateway("tagged", "door"), api_gateway("named", "waypoint", {REV: "blue"})],
    )


def legacy() -> World:
    """Installed without a name: the revision default has the webhooks of the default rule, and there is no tag."""
    return World.of(
        [space("enabled", **{ENABLE: "enabled"}), space("own")],
        [deployment("enabled", "a"), deployment("own", "by-default", {INJECT: "true"})],
        {},
        validator="default",
        planes={"default": "1.30.1", "green": "1.31.0"},
    )


class Killed(Exception):
    """The run ended after a write."""


class Check:
    """Looks at every state that the cluster is in: what had a sidecar must get one."""

    def __init__(self, start: World) -> None:
        self.injected = [key for key, template in self._templates(start) if start.follow(key[0], template).revision]
        self.states = 0

    @staticmethod
    def _templates(there: World) -> Iterator[tuple[tuple[str, str], Template]]:
        for owner in there.live["Deployment"]:
            meta = owner["metadata"]
            yield (meta["namespace"], meta["name"]), Template.of(owner["spec"]["template"])

    def __call__(self, there: World) -> None:
        self.states += 1
        for key, template in self._templates(there):
            if key in self.injected:
                follows = there.follow(key[0], template)
                assert follows.revision, key
                assert not follows.blocked, key
        for pod in there.live["Pod"]:
            _kind, space, name = pod["metadata"]["owner"]
            assert made_by(pod) or (space, name) not in self.injected, name


def run(there: World, aim: Aim, wish: CutoverWish, check: Check, writes: int = 10_000) -> int:
    """The play, as far as that many writes. Each step decides once and writes in order, as the module does."""
    done = 0
    for _step in range(30):
        state = there.state()
        whole = plan("prod", [state], aim, wish)
        waves, coming = whole.waves, [step for step in whole.steps if step.name in (MOVE, FINISH)]
        if not coming:
            return done
        orders = of_finish(state, aim) if coming[0].name == FINISH else wave_orders(state, waves[coming[0].wave - 1], aim, wish)
        assert orders, f"{coming[0]} has nothing to write, and is not through"
        for order in orders:
            if done == writes:
                raise Killed
            there.obey(order)
            done += 1
            check(there)
    raise AssertionError("it never ends")


WISHES = {
    "namespaces": CutoverWish(WaveWish(canary=("tagged",), pace=1, seconds=1), retire=False),
    "tags": CutoverWish(WaveWish(canary=("tagged",), pace=1, seconds=1), by=BY_TAGS, retire=False),
}


def ended(make: Any, wish: CutoverWish, aim: Aim = FORWARD) -> tuple[World, int]:
    there = make()
    return there, run(there, aim, wish, Check(there))


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize(("make", "aim"), [(world, FORWARD), (legacy, Aim("green", "default"))], ids=["tags", "legacy"])
def test_it_ends_where_it_aims(make: Any, aim: Aim, wish: CutoverWish) -> None:
    there, writes = ended(make, wish, aim)
    state = there.state()
    assert writes > 3
    assert phase(state, aim, wish) == SETTLED
    assert in_use([state], aim.target) == []
    assert state.users(aim.former) == []


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize(("make", "aim"), [(world, FORWARD), (legacy, Aim("green", "default"))], ids=["tags", "legacy"])
def test_killed_after_any_write_it_ends_the_same(make: Any, aim: Aim, wish: CutoverWish) -> None:
    whole, writes = ended(make, wish, aim)
    for kill in range(writes):
        there = make()
        check = Check(there)
        with pytest.raises(Killed):
            run(there, aim, wish, check, kill)
        run(there, aim, wish, check)
        assert there.picture() == whole.picture(), kill


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_turned_back_after_any_write_everything_is_as_before(wish: CutoverWish) -> None:
    _whole, writes = ended(world, wish)
    for kill in range(writes + 1):
        there = world()
        check = Check(there)
        with contextlib.suppress(Killed):
            run(there, FORWARD, wish, check, kill)
        run(there, BACK, wish, check)
        state = there.state()
        assert state.users("green") == [], kill
        assert phase(state, BACK, wish) in (MOVED, SETTLED)
        assert _labels(there) == _labels(world()), kill


def _labels(there: World) -> Any:
    """Namespaces and pointers. What was named is named again, gateways may have a second Deployment without pods, and tags note who led them last."""
    kinds, _pods = there.picture()
    compared = ("Namespace", "ValidatingWebhookConfiguration", "Service")
    for one in [each for kind in compared for each in kinds[kind]]:
        (one["metadata"].pop("annotations", None) or {}).pop(LED_FROM, None)
    return {kind: kinds[kind] for kind in compared}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_killed_on_the_way_back_it_ends_the_same(wish: CutoverWish) -> None:
    settled, _writes = ended(world, wish)
    back = copy.deepcopy(settled)
    writes = run(back, BACK, wish, Check(back))
    for kill in range(writes):
        there = copy.deepcopy(settled)
        check = Check(there)
        with pytest.raises(Killed):
            run(there, BACK, wish, check, kill)
        run(there, BACK, wish, check)
        assert there.picture() == back.picture(), kill


def test_pods_that_restart_by_themselves_change_nothing_in_the_end() -> None:
    """A node is drained after each write; whatever starts anew follows what stands there at that moment."""
    wish = WISHES["namespaces"]
    whole, writes = ended(world, wish)
    for kill in range(writes):
        there = world()
        check = Check(there)
        with pytest.raises(Killed):
            run(there, FORWARD, wish, check, kill)
        for owner in there.live["Deployment"]:
            there.roll(owner)
        run(there, FORWARD, wish, check)
        assert there.picture() == whole.picture(), kill


def test_a_gateway_does_not_move_with_its_namespace() -> None:
    there = world()
    order: list[Order] = []
    wish, state = WISHES["namespaces"], there.state()
    waves = plan("prod", [state], FORWARD, wish).waves
    order = wave_orders(state, waves[0], FORWARD, wish)
    assert [str(one) for one in order] == ["pin Gateway tagged/door", "turn Namespace tagged", "restart Deployment tagged/a"]
    for one in order:
        there.obey(one)
        door = next(one for one in there.state().workloads if one.name == "door")
        assert door.following.revision == "blue"


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize(("make", "aim"), [(world, FORWARD), (legacy, Aim("green", "default"))], ids=["tags", "legacy"])
def test_pointers_turn_back_alone_and_forward_again(make: Any, aim: Aim, wish: CutoverWish) -> None:
    """Killed after any write of it. Without a name, the former revision serves the default rule by the tag default from now on."""
    there, _writes = ended(make, wish, aim)
    finished, back = there.picture(), Aim(aim.former, aim.target)
    for kill in range(len(of_turn_back(there.state(), back)) + 1):
        led = copy.deepcopy(there)
        check = Check(led)
        for order in of_turn_back(led.state(), back)[:kill]:
            led.obey(order)
            check(led)
        for order in of_turn_back(led.state(), back):
            led.obey(order)
            check(led)
        state = led.state()
        assert {half for tag in state.tags for half in (tag.webhook, tag.service)} | {state.default_revision} == {aim.former}
        assert {one.following.revision for one in state.workloads if one.late} == {aim.former}
        assert {space.following.revision for space in state.spaces} == {"", aim.target}
        assert phase(state, aim, wish) == MOVED
        run(led, aim, wish, check)
        assert led.picture() == finished, kill


def test_a_tag_that_led_to_the_target_before_stays_with_all_that_follows_it() -> None:
    """Of the other tags one is of somebody else, whose Service led to the target, and whose webhook did not."""
    there = world()
    service, webhook = tag("early", "green")
    half, blue = tag("half", "green")[0], tag("half", "blue")[1]
    for kind, one in (("Service", service), (HOOKS, webhook), ("Service", half), (HOOKS, blue)):
        there.live[kind].append(one)
    there.live["Namespace"] += [space("ahead", **{REV: "early"}), space("split", **{REV: "half"})]
    for owner in (deployment("ahead", "a"), deployment("own", "by-early", {REV: "early"}), deployment("split", "a")):
        there.live["Deployment"].append(owner)
        there.roll(owner)
    wish = WISHES["namespaces"]
    run(there, FORWARD, wish, Check(there))
    pods, state = early(there), there.state()
    assert staying(state, BACK) == ["early"]
    orders = of_turn_back(state, BACK)
    assert not [order for order in orders if "early" in str(order) or order.name == "ahead"]
    assert "point service tag half" not in [str(order) for order in orders]
    for kill in range(len(orders) + 1):
        led = copy.deepcopy(there)
        for order in [*orders[:kill], *of_turn_back(_after(led, orders[:kill]), BACK)]:
            led.obey(order)
        assert of_turn_back(led.state(), BACK) == [], kill
        tags = {one.name: (one.service, one.webhook) for one in led.state().tags}
        assert tags == {"early": ("green", "green"), "half": ("green", "blue"), "prod": ("blue", "blue"), "default": ("blue", "blue")}
        assert {one.where for one in with_pointers(led.state(), BACK)} == {"Deployment own/by-tag", "Deployment own/by-default"}
        assert early(led) == pods


@pytest.mark.parametrize(("came_from", "orders"), [("blue", ["validate validator green"]), ("", []), ("red", []), ("green", [])])
def test_validation_goes_back_only_where_a_cutover_led_it_away_from(came_from: str, orders: list[str]) -> None:
    state = ClusterState("east", default_revision="green", default_from=came_from)
    assert [str(order) for order in of_turn_back(state, BACK)] == orders
    assert validation_stays(state, BACK) is (not orders)
    assert of_turn_back(ClusterState("east", default_revision="red", default_from=came_from), BACK) == []


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_validation_that_led_to_the_target_before_stays_from_every_state_of_the_finish(wish: CutoverWish) -> None:
    start = world()
    start.live["ValidatingWebhookConfiguration"][0]["metadata"]["labels"][REV] = "green"
    whole = copy.deepcopy(start)
    for kill in range(run(whole, FORWARD, wish, Check(whole)) + 1):
        there = copy.deepcopy(start)
        with contextlib.suppress(Killed):
            run(there, FORWARD, wish, Check(there), kill)
        for order in of_turn_back(there.state(), BACK):
            there.obey(order)
        state = there.state()
        assert (state.default_revision, {tag.webhook for tag in state.tags}) == ("green", {"blue"}), kill


def early(there: World) -> list[Any]:
    return [pod for pod in there.picture()[1] if pod[1] == "ahead" or pod[2] == "by-early"]


def _after(there: World, orders: list[Order]) -> Any:
    """What stands after these orders. The world is left as it is."""
    led = copy.deepcopy(there)
    for order in orders:
        led.obey(order)
    return led.state()
