# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which step follows from what stands in the clusters, what forbids it, and what people are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.configured import LabelledObject
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.leftover import Leftover
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import (
    EAST_WEST,
    ENABLED,
    GATEWAY_API,
    NAMED,
    NEVER,
    TAG,
    ClusterState,
    Following,
    MeshWorkload,
    Space,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import (
    ABSENT,
    DONE,
    MOVED,
    MOVING,
    READY,
    SETTLED,
    CutoverWish,
    phase,
    plan,
    wave_late,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.refusals import LEAVE, REFUSE, Allowed, refusals, retirement
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.skew import SkewRules
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.table import cutover_table
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.target import aim, alone
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.waves import WaveWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.way import way
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.versions import VERSIONS

AIM = Aim("green", "blue")
TO_BLUE, TO_GREEN, NAMES_GREEN = Following(TAG, "prod", "blue"), Following(TAG, "prod", "green"), Following(NAMED, "green", "green")
BLUE_PLANE, GREEN_PLANE = ControlPlaneRevision("blue", "1.30.1", 1, 1), ControlPlaneRevision("green", "1.31.0", 1, 1)
RULES = SkewRules("Istio", handover=((1, 30, 3),))


def server(following: Following, **more: Any) -> MeshWorkload:
    counts = {"made": {following.revision: 2}, "connected": {following.revision: 2}}
    return MeshWorkload("shop", "Deployment", "server", following, 2, **{**counts, **more})


START = ClusterState(
    "east", [BLUE_PLANE, GREEN_PLANE], [Tag("prod", "blue", "blue")], "blue", spaces=[Space("shop", TO_BLUE)], workloads=[server(TO_BLUE)]
)
TURNED = replace(START, spaces=[Space("shop", NAMES_GREEN, former=TO_BLUE)], workloads=[server(NAMES_GREEN, made={"blue": 1, "green": 1})])
THROUGH = replace(TURNED, workloads=[server(NAMES_GREEN)])
POINTED = replace(THROUGH, tags=[Tag("prod", "green", "green")], default_revision="green", spaces=[Space("shop", TO_GREEN)])
ALONE = replace(POINTED, revisions=[GREEN_PLANE])


@pytest.mark.parametrize(
    ("state", "now", "steps"),
    [
        (replace(START, revisions=[BLUE_PLANE]), ABSENT, ["prepare", "try", "move", "finish", "retire"]),
        (START, READY, ["try", "move", "finish", "retire"]),
        (TURNED, MOVING, ["try", "move", "finish", "retire"]),
        (THROUGH, MOVED, ["finish", "retire"]),
        (POINTED, SETTLED, ["retire"]),
        (ALONE, DONE, []),
    ],
    ids=["absent", "ready", "moving", "moved", "settled", "done"],
)
def test_the_phase_and_the_steps_are_read_from_the_cluster(state: ClusterState, now: str, steps: list[str]) -> None:
    whole = plan("prod", [state], AIM, CutoverWish())
    assert (whole.phases["east"], [step.name for step in whole.steps]) == (now, steps)


def test_the_way_back_is_the_same_plan_with_both_in_each_others_place() -> None:
    back = Aim("blue", "green")
    assert [phase(state, back, CutoverWish()) for state in (POINTED, TURNED, START)] == [READY, MOVING, SETTLED]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"made": {"blue": 1, "green": 1}}, "has 1 of 2 pods whose proxy green did not make"),
        ({"connected": {"blue": 1, "green": 1}}, "1 proxies of Deployment shop/server are connected to another revision"),
        ({"unsynced": ("server-1",)}, "has proxies out of sync: server-1"),
        ({"unready": ("server-1",)}, "has pods that are not ready: server-1"),
    ],
)
def test_a_wave_is_through_when_every_proxy_is_there_and_in_sync(change: dict[str, Any], why: str) -> None:
    late = replace(THROUGH, workloads=[server(NAMES_GREEN, **change)])
    wave = plan("prod", [late], AIM, CutoverWish()).waves[0]
    assert why in wave_late(late, wave, AIM)[0]
    assert wave_late(THROUGH, wave, AIM) == []


def test_what_no_restart_reaches_stops_no_wave_but_the_end() -> None:
    job = MeshWorkload("shop", "Job", "import", NAMES_GREEN, 1, {"blue": 1}, {"blue": 1}, NEVER)
    state = replace(THROUGH, workloads=[server(NAMES_GREEN), job])
    assert phase(state, AIM, CutoverWish()) == MOVED
    settled = replace(POINTED, workloads=[server(TO_GREEN), replace(job, following=TO_GREEN)])
    assert retirement([settled], "blue") == [
        "east: blue is still needed: Job shop/import has 1 pod with its proxy. Move or restart what is named, and run the cutover again."
    ]
    assert retirement([POINTED], "blue") == []
    assert "    no restart reaches Job shop/import" in cutover_table(plan("prod", [state], AIM, CutoverWish()), [state])


def test_the_table_tells_what_comes() -> None:
    assert cutover_table(plan("prod", [START], AIM, CutoverWish()), [START]) == [
        "mesh prod: from blue to green",
        "  east: ready, 2 proxies of blue, 0 proxies of green",
        "  1. try in east: test green with a namespace of its own",
        "  2. move in east: derived wave 1: shop (2 proxies start anew)",
        "  3. finish in east: lead tags, the default rule and validation to green",
        "  4. retire in east: remove blue, which nothing follows any more",
    ]
    assert cutover_table(plan("prod", [ALONE], AIM, CutoverWish()), [ALONE])[0] == "mesh prod: from blue to green, which is done already"


class TestAim:
    def test_a_revision_a_version_or_what_served_before(self) -> None:
        assert aim("prod", "green", [START]) == aim("prod", "1.31.0", [START]) == aim("prod", "v1.31.0", [START]) == AIM
        assert aim("prod", "1.31.2", [START]) == Aim("1-31-2", "blue")
        led = replace(POINTED, tags=[Tag("prod", "green", "green", webhook_from="blue", service_from="blue")])
        assert aim("prod", "previous", [TURNED]) == aim("prod", "previous", [led]) == Aim("blue", "green")
        assert aim("prod", "previous", [TURNED], "grey") == Aim("blue", "grey")
        assert aim("prod", "green", [ALONE, POINTED]) == AIM

    def test_what_is_not_clear_is_refused(self) -> None:
        third = replace(START, workloads=[server(TO_BLUE), server(Following(NAMED, "grey", "grey"))])
        with pytest.raises(Refused, match=r"besides green the revisions blue, grey are in use.*cutover_from"):
            aim("prod", "green", [third])
        assert aim("prod", "green", [third], "grey") == Aim("green", "grey")
        with pytest.raises(Refused, match=r"nothing says that a cutover led anything .*installed are blue, green.*cutover_to; another one"):
            aim("prod", "previous", [START])
        both = replace(TURNED, spaces=[*TURNED.spaces, Space("bank", TO_BLUE, Following(NAMED, "green", "green"))])
        with pytest.raises(Refused, match="something was led from green to blue, something was led from blue to green.*cutover_from"):
            aim("prod", "previous", [both])
        with pytest.raises(Refused, match="both name green"):
            aim("prod", "green", [START], "green")
        with pytest.raises(Refused, match="nothing follows another revision"):
            aim("prod", "green", [ALONE])
        with pytest.raises(Refused, match="not a DNS label"):
            aim("prod", "Green_1", [START])
        twins = replace(START, revisions=[BLUE_PLANE, GREEN_PLANE, replace(GREEN_PLANE, revision="lime")])
        with pytest.raises(Refused, match=r"green, lime all run 1\.31\.0"):
            aim("prod", "1.31.0", [twins])


GATEWAY = MeshWorkload("shop", "Gateway", "door", TO_BLUE, 1, {"blue": 1}, gateway=GATEWAY_API)
DOORS = tuple(MeshWorkload("mesh", "Deployment", name, TO_BLUE, 1, {"blue": 1}, gateway=EAST_WEST, service=name) for name in ("ew", "ew2"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revisions": [replace(BLUE_PLANE, version="1.28.0"), GREEN_PLANE]}, "1.28 and 1.31 are more than 2 minor versions apart; cut over to 1.30 first"),
        ({"cni": "1.29.0"}, "the CNI plugin is 1.29, and may be 1 minor version from 1.30 and 1.31; bring it to 1.31 first"),
        ({"gateway_api": "v1.3.0"}, "the Gateway API CRDs are v1.3, and Istio 1.31 needs v1.5; upgrade the CRDs first"),
        ({"tags": [Tag("prod", "blue", "grey")]}, "the revision tag prod leads to blue by its webhook and to grey by its Service; lead both to one first"),
        ({"leftovers": [Leftover("hook", "grey", True, False)]}, "the webhook hook is left over from a revision that is not installed (grey); delete it"),
        ({"served_by": "east", "leftovers": [Leftover("hook", "grey", True, False)]}, "left over from a revision that is not installed (grey); delete it"),
        ({"served_by": "east", "tags": [Tag("prod", "blue", "grey")]}, "leads to blue by its webhook and to grey by its Service; lead both to one first"),
        ({"leftovers": [Leftover("hook", "grey", True)]}, "not installed (grey); let a cutover with cutover_retire remove it, or delete it"),
        ({"unguarded": ("hook/a",)}, "the webhook hook/a lets pods start without a proxy while nobody answers it; set its failurePolicy to Fail"),
        ({"spaces": [Space("shop", TO_BLUE, both=True)]}, "has labels of two rules for injection, of which one wins silently"),
        ({"spaces": [Space("shop", Following(NAMED, "gren"))]}, "namespace shop follows gren, which is neither a revision nor a tag"),
        ({"spaces": [Space("shop", TO_BLUE, plain=("a", "b"))]}, "2 pods of namespace shop run without a proxy (a, b); restart what has none first"),
        ({"spaces": [Space("shop", TO_BLUE, keeper="Argo CD, for its Application shop")]}, "namespace shop is kept by Argo CD, for its Application shop"),
        ({"workloads": [server(TO_BLUE, blocked_by="PodDisruptionBudget shop/all")]}, "its budget PodDisruptionBudget shop/all never lets a pod go"),
        ({"workloads": [GATEWAY]}, "Gateway shop/door would lose traffic while the revision changes, because Istio 1.30.1 drops its configuration"),
        ({"workloads": [replace(DOORS[0], keeper="Argo CD")]}, "Deployment mesh/ew is a gateway kept by Argo CD, which would write back what a"),
        ({"workloads": list(DOORS)}, "the Services ew, ew2 all are east-west gateways"),
        ({"node_proxies": True}, "proxies of whole nodes run there"),
        ({"objects": [LabelledObject("VirtualService shop/a", "blue")]}, "only one revision reads VirtualService shop/a"),
    ],
)
def test_each_fault_is_refused_and_names_its_cluster(change: dict[str, Any], said: str) -> None:
    found = refusals([START, replace(START, cluster="west", **change)], AIM, CutoverWish(), RULES, VERSIONS, Allowed(objects=REFUSE))
    assert [one for one in found if said in one], found
    assert all(one.startswith("west: ") and one.endswith(".") for one in found)


def test_nothing_is_refused_of_a_mesh_that_is_well_or_half_way() -> None:
    half = replace(TURNED, tags=[Tag("prod", "blue", "green")])
    allowed = Allowed(objects=REFUSE)
    assert refusals([START, half, THROUGH, POINTED], AIM, CutoverWish(), RULES, VERSIONS, allowed) == []
    remote = replace(START, cluster="far", served_by="east", tags=[Tag("prod", "grey", "grey")])
    assert refusals([START, remote], AIM, CutoverWish(), RULES, VERSIONS, allowed) == []
    kept = replace(START, spaces=[Space("shop", TO_BLUE, keeper="Flux")])
    assert refusals([kept], AIM, CutoverWish(), RULES, VERSIONS, Allowed(gitops=LEAVE)) == []
    never = CutoverWish(WaveWish(gateways="never"))
    door = replace(DOORS[0], keeper="Argo CD")
    assert refusals([replace(START, workloads=[door])], AIM, CutoverWish(), RULES, VERSIONS, Allowed(gitops=LEAVE)) == []
    assert refusals([replace(START, workloads=[door])], AIM, never, RULES, VERSIONS, allowed) == []
    assert refusals([replace(START, workloads=[GATEWAY])], AIM, never, RULES, VERSIONS, allowed) == []
    copied = replace(START, objects=[LabelledObject("VirtualService shop/a", "blue", ("green",)), LabelledObject("VirtualService shop/a-green", "green")])
    assert refusals([copied], AIM, CutoverWish(), RULES, VERSIONS, allowed) == []


LEFT = [Leftover("ConfigMap mesh/istio-blue", "blue"), Leftover("hook", "blue", True)]
ALL_GREEN = replace(START, revisions=[GREEN_PLANE], tags=[Tag("prod", "green", "green")], default_revision="green", objects=(),
                    spaces=[Space("shop", TO_GREEN)], workloads=[server(TO_GREEN)])  # fmt: skip


def test_what_a_killed_run_left_of_a_revision_that_is_gone_is_a_step_to_come() -> None:
    there = replace(ALL_GREEN, leftovers=LEFT)
    for state, left in ((there, ["retire"]), (ALL_GREEN, [])):
        made = plan("prod", [state], AIM, CutoverWish())
        assert ([step.name for step in made.steps], made.phases["east"] == DONE) == (left, not left)
    assert (alone("green", [ALL_GREEN]), alone("green", [there])) == ("green", "")
    assert aim("prod", "green", [ALL_GREEN, replace(there, cluster="west")]) == AIM
    assert refusals([there], AIM, CutoverWish(), RULES, VERSIONS, Allowed()) == []
    assert "cutover_retire" in refusals([there], AIM, CutoverWish(retire=False), RULES, VERSIONS, Allowed())[0]
    assert aim("prod", "blue", [there]) == Aim("blue", "green"), "whoever goes back installs it again"
    assert refusals([there], Aim("blue", "green"), CutoverWish(), RULES, VERSIONS, Allowed()) == []


def test_what_is_left_of_a_third_revision_is_said_and_only_its_webhook_forbids() -> None:
    grey = [replace(one, revision="grey") for one in LEFT]
    made = way("prod", [replace(START, leftovers=grey[:1])], {"to": "green"}, RULES, VERSIONS)
    (told,) = made["notices"]
    assert told.startswith("east: of the revision grey, which has no control plane, these objects are left: ConfigMap mesh/istio-blue;")
    assert (made["findings"], made["former_serves"]) == ([], True)
    assert "(grey)" in way("prod", [replace(START, leftovers=grey)], {"to": "green"}, RULES, VERSIONS)["findings"][0]
    assert not way("prod", [replace(ALL_GREEN, leftovers=LEFT)], {"to": "green"}, RULES, VERSIONS)["former_serves"]


def test_a_copy_of_which_somebody_changed_only_one_is_named() -> None:
    changed, copied = (LabelledObject("VirtualService shop/a", "blue", ("green",), ("green",)), LabelledObject("a-green", "green", ("blue",), ("blue",)))
    made = way("prod", [replace(START, objects=[changed, copied, replace(changed, others=())])], {"to": "green"}, RULES, VERSIONS)
    told = "east: green reads something else in the place of VirtualService shop/a, which only blue reads. Change both alike until blue is removed."
    assert (made["notices"], made["findings"]) == ([told], [])


def test_the_default_rule_counts_as_a_pointer() -> None:
    state = replace(START, spaces=[Space("shop", Following(ENABLED, "default", "blue"))])
    assert "namespace shop follows it" in state.users("blue")
