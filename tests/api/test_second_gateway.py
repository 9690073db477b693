# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second Gateway beside real istiods and on a real API server: what they make of it, each write killed after the other, and back.

No proxy runs, so what it would be served is not seen: the lab's drills ask that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.gateway_api import ASLEEP, STOOD_IN
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover, write
from meshlab import apionly

from .conftest import way_to
from .gateway_mesh import GATEWAY_NAME, GROUP, NAMESPACE, REV, SPACE, GatewayMesh, gateway_mesh
from .test_cutover_info import labelled

MANAGED = "gateway.istio.io/managed"
GATEWAY, DEPLOYMENT = Ref(f"{GROUP}/v1", "Gateway", "door", SPACE), Ref("apps/v1", "Deployment", "door-istio", SPACE)
ACCOUNT, ROUTE = Ref("v1", "ServiceAccount", "door-istio", SPACE), Ref(f"{GROUP}/v1", "HTTPRoute", "web", SPACE)
NOTES = {STOOD_IN, ASLEEP}
BACK = {"target": "blue", "former": "green"}


class Killed(BaseException):
    """The run ended after a write."""


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayMesh]:
    with apionly.running("of-gateways") as server:
        way = way_to(server, tmp_path_factory.mktemp("way"))
        options = {"kubeconfig": way.kubeconfig, "context": "admin", "cluster": "east"}
        controllers = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": "east"}, environ={})
        with gateway_mesh(controllers, server, options, tmp_path_factory.mktemp("istiods")) as made:
            listener = {"name": "web", "port": 80, "protocol": "HTTP"}
            made.cluster.apply([
                labelled("Gateway", f"{GROUP}/v1", "door", SPACE, labels={REV: "blue"}, spec={"gatewayClassName": "istio", "listeners": [listener]}),
                labelled("HTTPRoute", f"{GROUP}/v1", "web", SPACE, spec={"parentRefs": [{"name": "door"}], "hostnames": ["shop.example"]}),
            ])  # fmt: skip
            eventually(made, lambda: made.cluster.get(DEPLOYMENT) is not None, "a Deployment for the Gateway")
            eventually(made, lambda: attached(made.cluster) == 1, "the route attached")
            made.cluster.amend(made.cluster.get(DEPLOYMENT) or {}, {"spec": {"replicas": 2}}, exact=False)
            yield made


def eventually(mesh: GatewayMesh, holds: Any, what: str) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, (what, [one["metadata"]["name"] for one in mesh.cluster.list("apps/v1", "Deployment", SPACE)])
        time.sleep(0.2)


def attached(cluster: Cluster) -> int:
    status = (cluster.get(GATEWAY) or {}).get("status") or {}
    return sum(one.get("attachedRoutes", 0) for one in status.get("listeners") or [])


def ask(mesh: GatewayMesh, **options: Any) -> dict[str, Any]:
    told = {name: spec.get("default") for name, spec in cutover.TASK["argument_spec"].items()}
    wanted = {"provider": "istio", "namespace": NAMESPACE, "mesh": "shop", "step": "move", "target": "green", "former": "blue", "timeout": 120}
    return cutover.reconcile(connect(mesh.options, environ={}), {**told, **wanted, "services": [f"{SPACE}/door"], **options})


def settled(mesh: GatewayMesh, revision: str) -> None:
    cluster = mesh.cluster
    assert [(one["metadata"]["name"], one["metadata"]["labels"][REV]) for one in cluster.list(f"{GROUP}/v1", "Gateway", SPACE)] == [("door", revision)]
    live, account, route = (cluster.get(ref) or {} for ref in (DEPLOYMENT, ACCOUNT, ROUTE))
    assert (live["spec"]["replicas"], NOTES & {*(live["metadata"].get("annotations") or {})}) == (2, set())
    assert account["metadata"]["labels"].get(MANAGED)
    assert route["spec"]["parentRefs"] == [{"group": GROUP, "kind": "Gateway", "name": "door"}]
    assert not [one for one in cluster.list("v1", "ConfigMap", SPACE) if one["metadata"]["name"].startswith("meshops")]
    made = [one["metadata"]["annotations"][REV] for one in cluster.list("v1", "Pod", SPACE) if one["metadata"]["labels"][GATEWAY_NAME] == "door"]
    assert made == [revision, revision]
    assert mesh.odd == []


def killed_after_each_write_it_goes_on(mesh: GatewayMesh, monkeypatch: pytest.MonkeyPatch) -> None:
    account = (mesh.cluster.get(ACCOUNT) or {})["metadata"]["uid"]
    itself, kills = write.make, list[str]()

    def once(work: Any, one: Any) -> None:
        itself(work, one)
        if work.changes[-1].changed:
            kills.append(f"{one.how} {one.ref} {one.body}"[:200])
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(write, "make", once)
        for _run in range(40):
            try:
                ask(mesh)
                break
            except Killed:
                continue
    assert 12 <= len(kills) < 40, "\n".join(kills)
    settled(mesh, "green")
    second = mesh.seen["door-second-istio"]
    assert (second[GATEWAY_NAME], second["account"]) == ("door", "door-istio"), "istiod takes what the ConfigMap says"
    assert (mesh.cluster.get(ACCOUNT) or {})["metadata"]["uid"] == account, "pods call with tokens of this account"
    assert not ask(mesh)["changed"]


def the_way_back_is_the_same(mesh: GatewayMesh) -> None:
    result = ask(mesh, **BACK)
    assert {one["object"].partition(" ")[0] for one in result["changes"]} == {"Gateway", "ConfigMap", "Deployment", "HTTPRoute", "ServiceAccount"}
    settled(mesh, "blue")


def test_killed_after_each_write_it_goes_on_and_the_way_back_is_the_same(mesh: GatewayMesh, monkeypatch: pytest.MonkeyPatch) -> None:
    """One story, because the way back begins where the way forward ends, and workers may take tests of one file from each other."""
    killed_after_each_write_it_goes_on(mesh, monkeypatch)
    the_way_back_is_the_same(mesh)
