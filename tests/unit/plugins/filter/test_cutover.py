# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a cutover over the clusters of a mesh as the controller sees them: hosts that failed, are remote, or are not in the run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import NAMED, ClusterState, Following, MeshWorkload, Space
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

BLUE, GREEN = Following(NAMED, "blue", "blue"), Following(NAMED, "green", "green")
WISH = {"to": "green", "former": "", "version": "", "by": "namespaces", "canary": [], "waves": [], "only": ["*"], "skip": [], "pace": 30, "wave_seconds": 60,
        "together": False, "gateways": "last", "objects": "copy", "gitops": "refuse", "retire": True}  # fmt: skip


def state(cluster: str, *spaces: str, target: bool = True, **more: Any) -> ClusterState:
    planes = [ControlPlaneRevision("blue", "1.30.1", 1, 1), *([ControlPlaneRevision("green", "1.31.0", 1, 1)] if target else [])]
    workloads = [MeshWorkload(name, "Deployment", "a", BLUE, made={"blue": 1}, connected={"blue": 1}) for name in spaces]
    return ClusterState(cluster, planes, default_revision="blue", spaces=[Space(name, BLUE) for name in spaces], workloads=workloads, **more)


def seen(known: ClusterState) -> dict[str, Any]:
    return {"state": json.dumps(known.facts())}


def inventory(**results: Any) -> dict[str, dict[str, Any]]:
    """east and west are a mesh, bank is of another, jump is no cluster."""
    hosts: dict[str, dict[str, Any]] = {name: {"mesh_name": "shop", "mesh_kube": {"context": name}} for name in ("east", "west")}
    hosts |= {"bank": {"mesh_name": "bank", "mesh_kube": {"context": "bank"}}, "jump": {}}
    for name, result in {"east": seen(state("east", "a", "b")), "west": seen(state("west", "a")), **results}.items():
        if result is not None:
            hosts[name]["seen"] = result
    return hosts


def call(name: str, hosts: dict[str, dict[str, Any]], *given: Any, cluster: str = "east", **more: Any) -> Any:
    return FILTERS[f"_cutover_{name}"](list(hosts), hosts, cluster, *given, **more)


def way(hosts: dict[str, dict[str, Any]] | None = None, **wish: Any) -> dict[str, Any]:
    return call("plan", hosts or inventory(), "seen", {**WISH, **wish})


def test_the_charts_are_those_of_the_running_release_whatever_its_image_is_made_of() -> None:
    planes = [ControlPlaneRevision("blue", "1.30.1", 1, 1), ControlPlaneRevision("green", "1.31.0-distroless", 1, 1)]
    assert way(inventory(east=seen(replace(state("east", "a"), revisions=planes))))["version"] == "1.31.0"


def test_the_way_is_plain_data_and_names_what_is_left_of_it() -> None:
    made = way(canary=["a"])
    assert json.loads(json.dumps(made)) == made
    assert (made["mesh"], made["target"], made["former"], made["version"]) == ("shop", "green", "blue", "1.31.0")
    assert made["phases"] == {"east": "ready", "west": "ready"}
    assert [(step["step"], step["wave"], step["clusters"]) for step in made["steps"]] == [
        ("try", 0, ["east", "west"]), ("move", 1, ["east"]), ("move", 2, ["east"]), ("move", 3, ["west"]),
        ("finish", 0, ["east", "west"]), ("retire", 0, ["east", "west"]),
    ]  # fmt: skip
    assert made["waves"][0] == {"number": 1, "kind": "canary", "clusters": ["east"], "spaces": {"east": ["a"]}, "services": {}, "proxies": {"east": 1},
                                "due": True, "says": "canary wave 1: a (1 proxy starts anew)"}  # fmt: skip
    assert (made["findings"], made["notices"], made["left_out"], made["done"]) == ([], [], [], False)
    assert made["table"][0] == "mesh shop: from blue to green"


def test_a_wave_that_is_through_keeps_its_number_and_is_not_due() -> None:
    east = state("east", "a", "b")
    moved = replace(east, spaces=[Space("a", GREEN), Space("b", BLUE)],
                    workloads=[replace(east.workloads[0], following=GREEN, made={"green": 1}, connected={"green": 1}), east.workloads[1]])  # fmt: skip
    made = way(inventory(east=seen(moved)), canary=["a"])
    assert [(wave["number"], wave["due"]) for wave in made["waves"]] == [(1, False), (2, True), (3, True)]
    assert made["phases"]["east"] == "moving"


@pytest.mark.parametrize(
    ("to", "version", "wanted"),
    [("green", "1.31.4", "1.31.0"), ("1.31.4", "1.30.1", "1.31.4"), ("green", "", "1.31.0"), ("1.31.0", "1.30.1", "1.31.0"), ("new", "1.31.4", "1.31.4")],
)
def test_the_version_to_install(to: str, version: str, wanted: str) -> None:
    assert way(to=to, version=version)["version"] == wanted


def test_a_cutover_that_is_done_stays_done() -> None:
    """Whether the revision is named, or its version: the former one is gone, so nobody can say what to move from."""
    only = [ControlPlaneRevision("green", "1.31.0", 1, 1)]
    east = ClusterState("east", only, default_revision="green", spaces=[Space("a", GREEN)],
                        workloads=[MeshWorkload("a", "Deployment", "a", GREEN, made={"green": 1}, connected={"green": 1})])  # fmt: skip
    both = inventory(east=seen(east), west=seen(replace(east, cluster="west")))
    for to in ("green", "1.31.0"):
        made = way(both, to=to)
        assert (made["done"], made["findings"], made["target"]) == (True, [], "green")
        assert made["table"] == ["mesh shop: everything follows green, the only revision"]
    for to in ("1.31", "v1.31", "1-31"):
        named = [ControlPlaneRevision("1-31", "1.31.0", 1, 1)]
        made = way({"east": {"mesh_name": "shop", "mesh_kube": {"context": "east"}, "seen": seen(ClusterState("east", named, default_revision="1-31"))}}, to=to)
        assert (made["done"], made["findings"], made["target"]) == (True, [], "1-31")
    assert not way(both, to="blue")["done"] or way(both, to="blue")["findings"]
    assert way(inventory(east=seen(east), west=seen(state("west", "a"))), to="green")["done"] is False


@pytest.mark.parametrize(("platform", "target", "findings"), [
    ("openshift", False, ["west: on openshift the CNI plugin comes to 1.32 with the target, and may be 1 minor version from 1.30; cut over to 1.31 first."]),
    ("openshift", True, []), ("", False, []),
])  # fmt: skip
def test_the_plugin_of_the_nodes_comes_with_the_target_on_openshift(platform: str, target: bool, findings: list[str]) -> None:
    """If the target is there already, the plugin is what it will be."""
    known = state("west", "a", target=target, cni="1.31.0")
    planes = [replace(one, version="1.32.0") if one.revision == "green" else one for one in known.revisions]
    hosts = inventory(west=seen(replace(known, revisions=planes)), east=seen(state("east", "a", target=False)))
    hosts["west"]["mesh_platform"] = platform
    assert way(hosts, version="1.32.0")["findings"] == findings


def test_a_cluster_without_the_target_is_prepared_a_remote_one_too() -> None:
    made = way(inventory(west=seen(state("west", "a", target=False, served_by="east"))))
    assert made["phases"] == {"east": "ready", "west": "absent"}
    assert (made["steps"][0]["step"], made["steps"][0]["clusters"]) == ("prepare", ["west"])


def test_what_is_left_out_keeps_its_pointers_and_its_revision() -> None:
    made = way(skip=["b"])
    assert made["left_out"] == ["east: b"]
    assert [step["step"] for step in made["steps"]] == ["try", "move", "move"]
    assert made["notices"] == [
        "left out and still following blue: east: b. Tags, the default rule and validation stay with blue, which is not removed"
    ]


def test_a_target_that_is_not_clear_is_a_finding() -> None:
    made = way(to="blue", former="blue")
    assert made["findings"] == ["The mesh shop: cutover_to and cutover_from both name blue. Name the revision that is to serve as cutover_to."]
    assert (made["steps"], made["waves"], made["table"]) == ([], [], [])


def test_a_control_plane_that_does_not_say_whom_it_serves_is_a_finding() -> None:
    made = way(inventory(east=seen(state("east", "a", silent=("istio-system/istiod-1",)))))
    assert made["findings"] == ["east: istio-system/istiod-1 does not say which proxies it serves, so nobody can see what is moved; look at its log."]


@pytest.mark.parametrize(
    ("west", "said"),
    [
        (None, "west cannot be judged: it is not part of this run, and a cutover takes all clusters of the mesh; run it without --limit."),
        ({"failed": True, "msg": "west: no route."}, "west cannot be judged: no route."),
        ({"skipped": True, "changed": False}, "west cannot be judged: nothing was seen of it."),
    ],
)
def test_a_cluster_that_was_not_seen_forbids_the_cutover(west: Any, said: str) -> None:
    hosts = inventory(west=west)
    assert call("unseen", hosts, "seen") == [said]
    assert (way(hosts)["findings"], way(hosts)["steps"]) == ([said], [])
    assert call("retirement", hosts, "seen", "red") == [said]


def test_who_could_not_be_reached_by_the_first_task_says_so() -> None:
    hosts = inventory(west=None)
    hosts["west"]["rights"] = {"unreachable": True, "msg": "connection refused"}
    assert call("unseen", hosts, "seen", rights="rights") == ["west cannot be judged: connection refused."]
    assert call("unseen", inventory(), "seen") == []


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"step": "move", "wave": 2, "target": "green", "late": []}, []),
        ({"step": "move", "wave": 2, "target": "green", "late": ["a", "b", "c", "d", "e", "f"]}, ["west: a; b; c; d; e and 1 more."]),
        ({"step": "move", "wave": 1, "target": "green", "late": []}, ["west: nothing was seen of its wave 2 to green. Run the cutover again."]),
        ({"step": "move", "wave": 2, "target": "blue", "late": []}, ["west: nothing was seen of its wave 2 to green. Run the cutover again."]),
        ({"failed": True, "msg": "west: no route."}, ["west: no route."]),
        (None, ["west: it is not part of this run, and a cutover takes all clusters of the mesh; run it without --limit."]),
    ],
)
def test_the_barrier_after_a_wave(result: Any, said: list[str]) -> None:
    hosts = inventory(east={"failed": True}, west=result)
    assert call("barrier", hosts, "seen", "move", "green", ["west"], wave=2) == said


def test_the_barrier_after_a_step() -> None:
    hosts = inventory(east={"step": "finish", "wave": 0, "target": "green", "late": []}, west={"step": "prepare", "wave": 0, "target": "green"})
    assert call("barrier", hosts, "seen", "finish", "green", ["west", "east"]) == ["west: nothing was seen of its step finish to green. Run the cutover again."]


def test_who_still_needs_a_revision() -> None:
    assert call("retirement", inventory(), "seen", "green") == []
    (east, west) = call("retirement", inventory(), "seen", "blue")
    assert east.startswith("east: blue is still needed: namespace a follows it, namespace b follows it, ")
    assert west.startswith("west: blue is still needed: ")


def test_rights_that_are_missing_and_those_who_did_not_say() -> None:
    hosts = inventory()
    hosts["east"] |= {"rights": {"denied": [{"sentence": "patch namespaces in all namespaces"}]}, "kept": {"results": []}}
    assert call("denied", hosts, "rights", "kept") == [
        "west cannot be judged: it is not part of this run, and a cutover takes all clusters of the mesh; run it without --limit.",
        "east: the credential may not patch namespaces in all namespaces. Grant these rights, as docs/rbac.yml does, or use another credential.",
    ]
    assert {"verb": "list", "group": "", "resource": "namespaces"} in FILTERS["_cutover_permissions"]("istio", "istio-system")


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, []),
        ({"to": ""}, ["The mesh shop: cutover_to is not set; name the revision or the version to end on."]),
        ({"gateways": "maybe"}, ["The mesh shop: cutover_gateways is 'maybe', but it may be last, first, never."]),
        ({"canary": "a"}, ["The mesh shop: cutover_canary is no list of names of namespaces."]),
        ({"waves": ["a"]}, ["The mesh shop: cutover_waves is no list of lists of names of namespaces."]),
        (
            {"pace": 0, "wave_seconds": "soon"},
            [
                "The mesh shop: cutover_pace is 0, and has to be a number above 0.",
                "The mesh shop: cutover_wave_seconds is 'soon', and has to be a number above 0.",
            ],
        ),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(wish: dict[str, Any], said: list[str]) -> None:
    assert call("refusals", inventory(), ["east", "west"], {**WISH, **wish}) == said


def test_a_run_that_leaves_a_cluster_out_is_refused() -> None:
    told = "west cannot be judged: it is not part of this run, and a cutover takes all clusters of the mesh; run it without --limit."
    assert call("refusals", inventory(), ["east"], WISH) == [f"The mesh shop is not cut over: {told}"]
    hosts = inventory()
    hosts["east"]["mesh_provider"] = "nobody"
    assert call("refusals", hosts, ["east", "west"], WISH)[0].startswith("mesh_provider is 'nobody'")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"mesh_primary": "north"}, "mesh_primary names north, which is not a cluster of the mesh shop."),
        ({"mesh_primary": "west"}, "mesh_primary names west, which is itself a remote."),
        ({}, "it is remote and has no mesh_primary."),
        ({"mesh_primary": "east"}, ""),
    ],
)
def test_a_remote_cluster_that_nobody_serves_is_refused(variables: dict[str, str], said: str) -> None:
    hosts = inventory()
    hosts["west"] |= {"mesh_role": "remote", **variables}
    assert call("refusals", hosts, ["east", "west"], WISH) == ([f"The mesh shop is not cut over: west cannot be judged: {said}"] if said else [])
