# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cutover between two revisions of the operator, there, back and to its end, while the operator leads tags and removes what goes.

The operator is played by a few lines here: it leads both halves of a tag after its IstioRevisionTag was written, and removes a control plane with its revision.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import FINISH, MOVE, SETTLED, CutoverWish, phase, plan
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.target import aim as aimed
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.waves import GATEWAYS, WaveWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import OSSM3
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.control_plane import GRACE
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import retire
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.finish import finish
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.move import move
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.prepare import prepare
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.step_request import CutoverRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.write import CutoverWork
from ansible_collections.meshops.lifecycle.tests.unit.support import sail
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import CutoverCluster, Killed
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import ENABLE, HOOKS, NAMESPACE, REV, World, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

BLUE, GREEN = "main-v1-30-2", "main-v1-30-3"
FORWARD, BACK = Aim(GREEN, BLUE), Aim(BLUE, GREEN)
WISH = CutoverWish(WaveWish(), retire=True)
GATEWAY = {"inject.istio.io/templates": "gateway"}


class Operator:
    """Called after each write that was stored."""

    def __init__(self, there: CutoverCluster) -> None:
        self.backend = there.backend

    def __call__(self) -> None:
        self._collect()
        for one in self.backend.of("IstioRevisionTag"):
            target = one["spec"]["targetRef"]["name"]
            for half in [each for kind in (HOOKS, "Service") for each in self.backend.of(kind) if _tag(each) == one["metadata"]["name"]]:
                self._lead(half, target)
            one["status"] = {"observedGeneration": one["metadata"]["generation"], "istioRevision": target, "istiodNamespace": NAMESPACE}

    def _lead(self, half: dict[str, Any], target: str) -> None:
        if half["metadata"]["labels"][REV] == target:
            return
        led = copy.deepcopy(half)
        led["metadata"]["labels"][REV] = target
        if half["kind"] == "Service":
            led["spec"]["selector"] = {"app": "istiod", REV: target}
        for each in led.get("webhooks") or []:
            each["clientConfig"]["service"]["name"] = f"istiod-{target}"
        (key,) = [where for where, live in self.backend.objects.items() if live is half]
        self.backend._store(key, led, react=False)

    def _collect(self) -> None:
        istios = {one["metadata"]["name"] for one in self.backend.of("Istio")}
        for one in self.backend.of("IstioRevision"):
            if one["metadata"]["ownerReferences"][0]["name"] not in istios:
                self._drop(lambda live, name=one["metadata"]["name"]: live["kind"] == "IstioRevision" and live["metadata"]["name"] == name)
        known = {one["metadata"]["name"] for one in self.backend.of("IstioRevision")}
        for revision in set(self.backend.planes) - known:
            self.backend.planes = {name: version for name, version in self.backend.planes.items() if name != revision}
            self._drop(lambda live, revision=revision: (live["metadata"].get("labels") or {}).get(REV) == revision and _of_istiod(live))

    def _drop(self, chosen: Callable[[dict[str, Any]], bool]) -> None:
        for key in [key for key, live in self.backend.objects.items() if chosen(live)]:
            del self.backend.objects[key]


def _tag(half: dict[str, Any]) -> str:
    return str((half["metadata"].get("labels") or {}).get("istio.io/tag", ""))


def _of_istiod(live: dict[str, Any]) -> bool:
    named = (live["metadata"].get("labels") or {}).get("app") in ("istiod", "sidecar-injector")
    return live["kind"] in ("Deployment", "Pod", HOOKS) and not _tag(live) and named


def cluster(*istios: dict[str, Any], owners: tuple[str, str] = ("main", "main")) -> CutoverCluster:
    """A namespace of every rule, and a gateway, with the revision blue; green runs beside it."""
    door = deployment(NAMESPACE, "ingress", {REV: BLUE}, annotations=GATEWAY)
    service = {"metadata": {"name": "ingress", "namespace": NAMESPACE, "labels": {}}, "spec": {"selector": {"app": "ingress"}}}
    spaces = [space("tagged", **{REV: "prod"}), space("enabled", **{ENABLE: "enabled"}), space("named", **{REV: BLUE})]
    workloads = [*(deployment(name, "a") for name in ("tagged", "enabled", "named")), door]
    there = World.of(spaces, workloads, {"prod": BLUE, "default": BLUE}, planes={BLUE: "1.30.2", GREEN: "1.30.3"}, services=[service])
    there.live["ValidatingWebhookConfiguration"] = []
    made = CutoverCluster(there)
    for one in (*istios, sail.revision(BLUE, "v1.30.2", owner=owners[0]), sail.revision(GREEN, "v1.30.3", owner=owners[1]), sail.cni()):
        made.backend.seed(one)
    for name in ("prod", "default"):
        made.backend.seed(sail.tag(name, BLUE))
    made.watch(Operator(made))
    return made


def one_istio() -> CutoverCluster:
    return cluster(sail.istio("main", "v1.30.3", "RevisionBased"))


def two_istios() -> CutoverCluster:
    return cluster(sail.istio(BLUE, "v1.30.2"), sail.istio(GREEN, "v1.30.3"), owners=(BLUE, GREEN))


def work(there: CutoverCluster, aim: Aim, step: str, spaces: Any = (), services: Any = ()) -> CutoverWork:
    request = CutoverRequest("ossm3", NAMESPACE, step, aim, WISH, 1, tuple(spaces), tuple(services), timeout=60)
    return CutoverWork(there, OSSM3.cutover, request, None, Ticking())


def run(there: CutoverCluster, aim: Aim) -> None:
    prepare(work(there, aim, "prepare"))
    for _step in range(30):
        state = work(there, aim, "look").looking.scene().state
        whole = plan("prod", [state], aim, WISH)
        coming = [step for step in whole.steps if step.name in (MOVE, FINISH)]
        if not coming:
            assert phase(state, aim, WISH) == SETTLED
            return
        if coming[0].name == FINISH:
            finish(work(there, aim, "finish"))
        else:
            wave = whole.waves[coming[0].wave - 1]
            move(work(there, aim, "move", *((), wave.services["east"]) if wave.kind == GATEWAYS else (wave.spaces["east"],)))
    raise AssertionError("it never ends")


def retired(there: CutoverCluster, aim: Aim) -> None:
    """Its gateways stay here: they rejoin in a step of the role."""
    for one in [each for each in there.backend.of("Deployment") if each["metadata"]["name"].startswith("ingress")]:
        there.backend.objects.pop(("apps/v1", "deployments", NAMESPACE, one["metadata"]["name"]))
    there.backend.control()
    retire.first(work(there, aim, "retire_first"), [])
    retire.last(work(there, aim, "retire_last"), [])


def led(there: CutoverCluster) -> dict[str, str]:
    return {one["metadata"]["name"]: one["spec"]["targetRef"]["name"] for one in there.backend.of("IstioRevisionTag")}


def operands(there: CutoverCluster) -> list[str]:
    return sorted(f"{kind} {one['metadata']['name']}" for kind in ("Istio", "IstioRevision") for one in there.backend.of(kind))


@pytest.mark.parametrize("make", [one_istio, two_istios], ids=["one Istio", "two"])
class TestStory:
    def test_there_and_to_the_end(self, make: Callable[[], CutoverCluster]) -> None:
        there = make()
        run(there, FORWARD)
        assert led(there) == {"prod": GREEN, "default": GREEN}
        assert {follows for _owner, follows in there.picture()["Pod"] if follows} == {GREEN}
        retired(there, FORWARD)
        assert operands(there) == [f"Istio {'main' if make is one_istio else GREEN}", f"IstioRevision {GREEN}"]
        assert work(there, FORWARD, "look").looking.scene().state.left(BLUE) is False

    def test_back_without_a_name_and_to_that_end(self, make: Callable[[], CutoverCluster]) -> None:
        there = make()
        run(there, FORWARD)
        assert aimed("prod", "previous", [work(there, FORWARD, "look").looking.scene().state]) == BACK
        run(there, BACK)
        assert led(there) == {"prod": BLUE, "default": BLUE}
        retired(there, BACK)
        assert operands(there) == [f"Istio {'main' if make is one_istio else BLUE}", f"IstioRevision {BLUE}"]
        if make is one_istio:
            assert there.live("Istio", None, "main")["spec"]["version"] == "v1.30.2", "or the operator would make the other one again"

    def test_killed_after_any_write_it_ends_the_same(self, make: Callable[[], CutoverCluster]) -> None:
        whole = make()
        run(whole, FORWARD)
        for writes in range(1, 40):
            there = make()
            operator, last = Operator(there), there.backend.stored + writes

            def after(operator: Operator = operator, there: CutoverCluster = there, last: int = last) -> None:
                operator()
                if there.backend.stored >= last:
                    raise Killed

            there.watch(after)
            try:
                run(there, FORWARD)
            except Killed:
                there.watch(Operator(there))
                run(there, FORWARD)
                assert (led(there), there.picture()) == (led(whole), whole.picture()), writes
            else:
                assert writes > 5
                return
        raise AssertionError("it never ends")


def test_the_grace_period_is_raised_before_anything_moves() -> None:
    there = one_istio()
    seen: list[Any] = []

    def look() -> None:
        moved = [one for one in there.backend.of("Namespace") if (one["metadata"].get("labels") or {}).get(REV) == GREEN]
        grace = there.live("Istio", None, "main")["spec"]["updateStrategy"].get("inactiveRevisionDeletionGracePeriodSeconds")
        seen.append((bool(moved), grace))

    there.watch(Operator(there), look)
    run(there, FORWARD)
    assert seen[0] == (False, GRACE)
    assert {grace for moved, grace in seen if moved} == {GRACE}
