# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two revisions of a cluster in memory, compared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_compare
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, OTHER_ROOT, ROOT, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

SYSTEM, REV = "istio-system", "istio.io/rev"
MESH = "rootNamespace: istio-system\ndefaultConfig:\n  discoveryAddress: istiod-{}.istio-system.svc:15012\n"
LEAF = make("istiod", EAST, key(number=7), ca=False)
OTHER_LEAF = make("istiod", OTHER_ROOT, key(number=7), ca=False)
IMAGES = [{"names": [f"docker.io/istio/{name}:{tag}"]} for name in ("pilot", "proxyv2") for tag in ("1.30.1", "1.31.0")]


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": SYSTEM}, "data": data}


def revision(name: str, version: str, mesh: str = "", **given: Any) -> list[dict[str, Any]]:
    meta = {"namespace": SYSTEM, "labels": {"app": "istiod", REV: name}}
    container = {"name": "discovery", "image": f"istio/pilot:{version}"}
    template = {"metadata": {"labels": meta["labels"]}, "spec": {"containers": [container]}}
    values = {"hub": "docker.io/istio", "tag": version, "network": "n1", "multiCluster": {"clusterName": "east"}, **given}
    running = {"phase": "Running", "containerStatuses": [{"name": "discovery", "ready": True, "containerID": f"x://{name}", "state": {"running": {}}}]}
    return [
        config_map(f"istio-{name}", mesh=MESH.format(name) + mesh),
        config_map(f"istio-sidecar-injector-{name}", values=json.dumps({"global": values})),
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {**meta, "name": f"istiod-{name}"}, "spec": {"replicas": 1, "template": template}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**meta, "name": f"istiod-{name}-1"}, "spec": template["spec"], "status": running},
    ]


def node(name: str, images: Any = None) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"images": IMAGES if images is None else images}}


def route(name: str, host: str = "a") -> dict[str, Any]:
    meta = {"name": name, "namespace": "shop", "labels": {"team": "x"}}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": {"hosts": [host]}}


SERVED = {(SYSTEM, f"istiod-{name}-1", 15012): LEAF.pem + EAST.pem + ROOT.pem for name in ("blue", "green")}


class Estate:
    def __init__(self, *more: dict[str, Any], mesh: str = "", served: Any = None, nodes: Any = None, refuses: Any = (), **given: Any) -> None:
        objects = [*revision("blue", "1.30.1"), *revision("green", "1.31.0", mesh, **given), *(nodes or [node("n1")]), *more]
        kinds = [Kind("networking.istio.io/v1", "VirtualService", "virtualservices", True)]
        self.cluster = FakeCluster(*objects, kinds=kinds, served={**SERVED, **(served or {})}, refuses=refuses)
        self.posted: list[Any] = []
        self.rejects: dict[str, str] = {}
        handle = self.cluster.backend.handle

        def asked(method: str, path: str, query: Any, body: Any, kind: str) -> Answer:
            if method == "POST" and "virtualservices" in path:
                self.posted.append((query["dryRun"], body["metadata"]))
                told = self.rejects.get(f"{body['spec']['hosts'][0]} {body['metadata']['labels'][REV]}")
                return Answer(400, json.dumps({"kind": "Status", "message": told}).encode()) if told else Answer(201, json.dumps(body).encode())
            if method == "GET" and path == "/api/v1/nodes" and refuses:
                return Answer(403, json.dumps({"kind": "Status", "message": "nodes is forbidden"}).encode())
            return handle(method, path, query, body, kind)

        self.cluster.backend.handle = asked  # type: ignore[method-assign]

    def compare(self, images: str = "said", **allowed: Any) -> dict[str, Any]:
        return cutover_compare.reconcile(
            self.cluster, {"provider": "istio", "namespace": SYSTEM, "target": "green", "former": "blue", "allowed": allowed, "images": images}
        )


def test_two_revisions_of_one_mesh_differ_in_nothing_but_their_own_names() -> None:
    assert Estate().compare() == {"changed": False, "differences": [], "notices": [], "analysed": 0}


def test_a_mesh_config_may_differ_where_it_was_declared() -> None:
    estate = Estate(mesh="accessLogFile: /dev/stdout\n")
    way = "declare them with meshConfig in cutover_values, or mend the values of one revision"
    assert estate.compare()["differences"] == [f"east: the mesh configs of green and blue differ in accessLogFile; {way}."]
    assert estate.compare(istiod={"meshConfig": {"accessLogFile": "/dev/stdout"}})["differences"] == []


def test_a_target_of_another_network_is_refused() -> None:
    assert Estate(network="n2").compare()["differences"] == ["east: green has the network n2, and blue has n1; give both the same."]


def test_a_target_that_signs_under_another_root_is_refused() -> None:
    differences = Estate(served={(SYSTEM, "istiod-green-1", 15012): OTHER_LEAF.pem + OTHER_ROOT.pem}).compare()["differences"]
    assert len(differences) == 1
    assert differences[0].startswith(f"east: green signs under root {OTHER_ROOT.fingerprint[:4]}")
    assert "so their proxies would not trust each other; give both the same CA" in differences[0]


def test_a_control_plane_may_leave_out_the_root_that_it_hands_out() -> None:
    short = {(SYSTEM, "istiod-green-1", 15012): LEAF.pem + EAST.pem}
    bundle = {**config_map("istio-ca-root-cert"), "data": {"root-cert.pem": ROOT.pem.decode()}}
    assert Estate(bundle, served=short).compare()["notices"] == []
    assert Estate(served=short).compare()["notices"] != []


@pytest.mark.parametrize("chain", [MeshError("east: nothing listens there."), LEAF.pem, b""])
def test_roots_that_cannot_be_seen_are_said(chain: Any) -> None:
    compared = Estate(served={(SYSTEM, "istiod-green-1", 15012): chain}).compare()
    assert compared["differences"] == []
    assert compared["notices"] == ["east: the roots of green and blue could not be compared, because not every control plane showed one."]


def test_images_that_a_node_may_have_to_pull_are_said() -> None:
    compared = Estate(nodes=[node("n1"), node("n2", IMAGES[:3])]).compare()
    assert compared["notices"] == [
        "east: the image docker.io/istio/proxyv2:1.31.0 is known to be on n1, and not on n2; a pod that starts there has to pull it.",
        "east: make sure that these nodes reach the registries of these images, and say so with cutover_images: known.",
    ]
    closed = {**node("n2", []), "spec": {"unschedulable": True}}
    assert Estate(nodes=[node("n1"), closed]).compare()["notices"] == []
    assert Estate(nodes=[node("n1", [])]).compare(images="known")["notices"] == []
    assert Estate(refuses=[Permission("list", "", "nodes")]).compare()["notices"] == [
        "east: nobody may list its nodes, so it is not known whether they have the images of both revisions."
    ]


def test_the_image_of_a_variant_has_its_suffix() -> None:
    assert "proxyv2:1.31.0-distroless" in Estate(variant="distroless").compare()["notices"][0]
    assert "mirror.example/proxy:x" in Estate(proxy={"image": "mirror.example/proxy:x"}).compare()["notices"][0]


def test_the_target_is_asked_about_each_object_and_nothing_is_stored() -> None:
    long = f"{'b' * 39}.example"
    estate = Estate(route("a"), route(long))
    assert estate.compare() == {"changed": False, "differences": [], "notices": [], "analysed": 2}
    named = {"namespace": "shop", "labels": {"team": "x", REV: "green"}}
    assert estate.posted == [("All", {**named, "generateName": name}) for name in ("a-", f"{'b' * 39}-")]


def test_what_only_the_target_refuses_is_a_difference() -> None:
    estate = Estate(route("good"), route("new", "n"), route("old", "o"), route("odd", "p"))
    denied = 'admission webhook "rev.validation.istio.io" denied the request: configuration is invalid.'
    estate.rejects = {"n green": denied, "o green": denied, "o blue": denied, "p green": "exceeded quota: routes", "p blue": "exceeded quota: routes"}
    compared = estate.compare()
    assert compared["differences"] == [f"east: green does not accept VirtualService shop/new ({denied.rstrip('.')}); mend the object first."]
    assert compared["notices"] == ["east: neither revision accepts VirtualService shop/old as it stands."]


def test_a_revision_without_a_mesh_config_is_said() -> None:
    estate = Estate()
    estate.cluster.backend.objects = {name: one for name, one in estate.cluster.backend.objects.items() if name[3] != "istio-blue"}
    assert estate.compare()["notices"] == ["east: blue has no mesh config here, so the mesh configs were not compared."]
