# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole cutover on a real API server: its schemas, its webhooks that inject by their selectors, its eviction, and what its audit log has of each step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran, ran
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT
from meshlab import apionly

from .conftest import Play, Step, way_to
from .cutover_mesh import NAMESPACE, CutoverMesh, cutover_mesh
from .journal import Journal, dry, said, writes

_WAYS = {"update": "updated", "patch": "updated", "create": "created", "delete": "deleted"}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutoverMesh]:
    """On a server of its own: what other tests left would follow revisions, too."""
    with apionly.running("of-cutover") as server:
        way = way_to(server, tmp_path_factory.mktemp("way"))
        options = {"kubeconfig": way.kubeconfig, "context": "admin", "cluster": "east"}
        controllers = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": "east"}, environ={})
        with cutover_mesh(controllers, server, options, tmp_path_factory.mktemp("webhooks")) as made:
            yield made


@pytest.fixture
def admin(mesh: CutoverMesh) -> dict[str, Any]:
    return mesh.options


def step(name: str, **options: Any) -> dict[str, Any]:
    return {"mesh": "shop", "namespace": NAMESPACE, "step": name, "target": "green", "former": "blue", "timeout": 60, **options}


BACK = {"target": "blue", "former": "green"}
STORE = {f"Pod shop/store-{number}": "deleted" for number in (0, 1)}
TAGGED = {f"Service {NAMESPACE}/istiod-revision-tag-prod": "updated", "MutatingWebhookConfiguration istio-revision-tag-prod": "updated"}
TURNED = {"Namespace shop": "updated", "Deployment shop/a": "updated"}
LEGS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (step("prepare", objects="unlabel"), {"VirtualService shop/web": "updated"}),
    (step("finish", **BACK), {"VirtualService shop/web": "updated"}),
    (step("prepare"), {"VirtualService shop/web-green": "created"}),
    (step("move", spaces=["shop"]), {**TURNED, **STORE}),
    (step("move", spaces=["shop"], back=True, **BACK), {**TURNED, **STORE}),
    (step("move", spaces=["bank"], by="tags"), {**TAGGED, "Deployment bank/b": "updated"}),
    (step("move", spaces=["bank"], by="tags", back=True, **BACK), {**TAGGED, "Deployment bank/b": "updated"}),
    (step("move", spaces=["shop", "bank"]), {**TURNED, **STORE, "Namespace bank": "updated", "Deployment bank/b": "updated"}),
    (
        step("move", services=[f"{NAMESPACE}/door"]),
        {f"HorizontalPodAutoscaler {NAMESPACE}/door-green": "created", f"Deployment {NAMESPACE}/door-green": "created",
         f"Deployment {NAMESPACE}/door": "updated"},
    ),
    (
        step("finish"),
        {f"Service {NAMESPACE}/istiod-revision-tag-prod": "updated", "MutatingWebhookConfiguration istio-revision-tag-prod": "updated",
         "Namespace bank": "updated", "ValidatingWebhookConfiguration istiod-default-validator": "updated"},
    ),
    (step("rejoin"), {f"Deployment {NAMESPACE}/door": "updated", f"Deployment {NAMESPACE}/door-green": "updated"}),
    (
        step("retire_first"),
        {f"Service {NAMESPACE}/istiod-revision-tag-prod": "updated", "MutatingWebhookConfiguration istio-revision-tag-prod": "updated",
         "ValidatingWebhookConfiguration istiod-default-validator": "updated", "Namespace shop": "updated",
         f"HorizontalPodAutoscaler {NAMESPACE}/door-green": "deleted", f"Deployment {NAMESPACE}/door-green": "deleted"},
    ),
]  # fmt: skip


def told(result: dict[str, Any]) -> dict[str, str]:
    return {one["object"]: one["action"] for one in result["changes"] if one["action"] != "unchanged"}


def stored(events: list[dict[str, Any]]) -> dict[str, str]:
    """What the audit log has of writes that were no dry runs, by the name of the object."""
    real = [event for event in writes(events) if not dry(event) and event["responseStatus"]["code"] < 400]
    kinds = [("delete" if event["objectRef"].get("subresource") == "eviction" else event["verb"], event["objectRef"]) for event in real]
    return {f"{ref.get('namespace', '')}/{ref['name']}": _WAYS[verb] for verb, ref in kinds}


def places(changes: dict[str, str]) -> dict[str, str]:
    """By namespace and name, as the audit log has them; a kind has no other object of that name here."""
    spaced = {name.split(" ")[1]: action for name, action in changes.items()}
    return {name if "/" in name else f"{name if _is_space(changes, name) else ''}/{name}": action for name, action in spaced.items()}


def _is_space(changes: dict[str, str], name: str) -> bool:
    """The audit log puts a namespace into itself."""
    return f"Namespace {name}" in changes


def each_step_forward_and_back(play: Play, mesh: CutoverMesh) -> None:
    journal = Journal(mesh.server)
    seen: list[list[dict[str, Any]]] = []
    steps: list[Any] = [journal.read]
    for options, _changes in LEGS:
        for check in (True, False, True, False):
            steps += [Step("cutover", options, check), lambda: seen.append(journal.read())]
    ran = play(*steps)
    for number, (options, changes) in enumerate(LEGS):
        what = f"{options['step']} {options.get('spaces', '')}"
        results, events = ran.results[4 * number : 4 * number + 4], seen[4 * number : 4 * number + 4]
        assert [one.get("msg", "") for one in results] == [""] * 4, what
        assert told(results[0]) == told(results[1]) == changes, what
        assert [one["changed"] for one in results] == [True, True, False, False], what
        assert [stored(each) for each in events] == [{}, places(changes), {}, {}], what
        assert [[said(event) for event in writes(each) if not dry(event)] for each in (events[2], events[3])] == [[], []], what
    assert ran.results[-1]["releases"] == [{"name": "istiod-blue", "namespace": NAMESPACE}]
    assert mesh.made() == {"green"}
    assert mesh.plain == []


def follows(mesh: CutoverMesh, folder: Path, serving: str, *installed: str) -> Ran:
    """What the Molecule scenario asks after each of its ways."""
    way = {"mesh_name": "shop", "mesh_network": "lan", "mesh_provider": "istio", "mesh_kube": {key: mesh.options[key] for key in ("kubeconfig", "context")}}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": {"east": way}}}))
    given = json.dumps({"serving": serving, "installed": installed})
    return ran(str(CHECKOUT / "extensions/molecule/cutover/follows.yml"), "-i", str(folder / "inventory.yml"), "-e", given, home=folder)


def the_scenarios_proof_sees_who_serves(mesh: CutoverMesh, tmp_path: Path) -> None:
    run = follows(mesh, tmp_path, "green", "blue", "green")
    assert run.code == 0, run.output
    wrong = [follows(mesh, tmp_path, "blue", "blue", "green"), follows(mesh, tmp_path, "green", "green")]
    assert [one.code for one in wrong] == [2, 2]
    assert "Assertion failed" in wrong[0].output and "Assertion failed" in wrong[1].output


def what_a_release_leaves_behind_goes_last(play: Play, mesh: CutoverMesh) -> None:
    mesh.cluster.delete([Ref("apps/v1", "Deployment", "istiod-blue", NAMESPACE)])
    ran = play(*(Step("cutover", step("retire_last"), check) for check in (True, False, True, False)))
    gone = {"MutatingWebhookConfiguration istio-sidecar-injector-blue": "deleted", f"ConfigMap {NAMESPACE}/istio-blue": "deleted"}
    assert [told(one) for one in ran.results] == [gone, gone, {}, {}]


def test_forward_and_back_each_step_in_check_mode_for_real_and_again(play: Play, mesh: CutoverMesh, tmp_path: Path) -> None:
    """One story, because each part begins where the one before it ends, and workers may take tests of one file from each other."""
    each_step_forward_and_back(play, mesh)
    the_scenarios_proof_sees_who_serves(mesh, tmp_path)
    what_a_release_leaves_behind_goes_last(play, mesh)
