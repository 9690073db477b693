# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save, look into and restore a snapshot through a real API server. A stand-in answers for Consul: nothing here was run against a real one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import LeaseWish, take
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import NAMESPACE, Lease, ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER, TOKENS, selector
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.backup.archives import archive
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ran

from .conftest import Play, Step
from .kubelet import Kubelet, kubelet
from .spaces import removed

SPACE, NODE = "snapshots", "snapshots"
STATE = b"\xff\x00token-of-a-user" + EAST.pem
TURN = [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(each ^ 90 for each in sys.stdin.buffer.read()))"]
MESH = {"provider": "consul", "namespace": SPACE, "mesh": "shop"}


def report(cluster: Cluster, path: str, **status: Any) -> None:
    """Write what a controller or a kubelet reports."""
    answer = cluster._server.transport.request("PATCH", f"{path}/status", body={"status": status}, content_type="application/merge-patch+json")
    assert answer.ok, answer.body


def answer(request: bytes) -> bytes:
    head = request.split(b"\r\n\r\n")[0].decode()
    path = head.split()[1]
    roots = {"Roots": [{"Active": True, "RootCert": (EAST.pem + ROOT.pem).decode()}]}
    known = {"/v1/snapshot": archive(STATE), "/v1/connect/ca/roots": json.dumps(roots).encode()}
    body = known.get(path, b"") if f"X-Consul-Token: {MANAGEMENT}" in head else b"no token"
    body = b"" if head.startswith("PUT") else body
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (200 if path in known else 404, len(body), body)


@pytest.fixture(scope="module")
def consul(admin: dict[str, Any], api_server: Any) -> Iterator[Kubelet]:
    cluster = connect(admin, environ={})
    plain = {"name": SPACE}
    with kubelet(api_server.directory / "pki") as node:
        node.answer = answer
        places = [{"apiVersion": "v1", "kind": "Namespace", "metadata": plain}, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}]
        cluster.apply(places)
        here = [{"type": "InternalIP", "address": "127.0.0.1"}]
        report(cluster, f"/api/v1/nodes/{NODE}", addresses=here, daemonEndpoints={"kubeletEndpoint": {"Port": node.port}})
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": SPACE}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": TOKENS, "namespace": SPACE}, "data": tokens()["data"]}
        meta = {"name": f"{SERVER}-0", "namespace": SPACE, "labels": selector("server")}
        spec = {"nodeName": NODE, "containers": [{"name": "consul", "image": "x"}]}
        inside = [account, secret, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}]
        cluster.apply(inside)
        state = {"name": "consul", "ready": True, "restartCount": 0, "image": "x", "imageID": "x", "state": {"running": {}}}
        ready = [{"type": "Ready", "status": "True"}]
        report(cluster, f"/api/v1/namespaces/{SPACE}/pods/{SERVER}-0", phase="Running", containerStatuses=[state], conditions=ready)
        yield node
        removed(cluster, [*inside, *places])


def test_what_was_saved_is_shown_and_restored(consul: Kubelet, play: Play, admin: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    save = {**MESH, "directory": str(folder), "encrypt": TURN}
    checked, saved, again = play(Step("snapshot", save, check=True), Step("snapshot", save), Step("snapshot", {**save, "younger_than": 3600})).results
    assert [one["changed"] for one in (checked, saved, again)] == [True, True, False], (checked, saved, again)
    (file,) = folder.iterdir()
    assert b"token-of-a-user" not in file.read_bytes()
    back = {**MESH, "state": "restored", "file": str(file), "decrypt": TURN}
    ran = play(
        Step("snapshot_info", {**MESH, "directory": str(folder), "file": str(file), "decrypt": TURN}),
        Step("snapshot", back),
        Step("snapshot", {**back, "confirm": "shop"}, check=True),
        Step("snapshot", {**back, "confirm": "shop"}),
    )
    shown, refused, rehearsed, restored = ran.results
    assert [one["fingerprint"] for one in shown["content"]["certificates"]] == [EAST.fingerprint]
    assert "give the name of the mesh (shop) as confirmation" in refused["msg"]
    assert [one["changed"] for one in (rehearsed, restored)] == [True, True], (rehearsed, restored)
    puts = [heard for heard in consul.heard if heard.startswith(b"PUT")]
    assert [put.partition(b"\r\n\r\n")[2] for put in puts] == [archive(STATE)]
    assert "token-of-a-user" not in ran.output
    assert MANAGEMENT not in ran.output


def test_the_playbook_restores_nothing_while_a_run_holds_the_mesh(consul: Kubelet, admin: dict[str, Any], tmp_path: Path) -> None:
    """A run holds the meshes of east and north, and north's user knows that it is dead. Nobody reaches the cluster that keeps the Lease of west's mesh."""
    cluster, heard = connect(admin, environ={}), len(consul.heard)
    kube = {name: admin[name] for name in ("kubeconfig", "context")}
    meshes = {"east": "held", "north": "left", "west": "lost"}
    own: dict[str, dict[str, Any]] = {"north": {"backup_break_lease": "ana@desk/1"}, "west": {"mesh_trust_cluster": "gone"}}
    hosts: dict[str, Any] = {name: {"mesh_name": mesh, "backup_confirm": mesh, "mesh_kube": kube, **own.get(name, {})} for name, mesh in meshes.items()}
    for name, mesh in meshes.items():
        hosts[name]["backup_file"] = str(tmp_path / f"{name}@{mesh}.20261127T030000Z.snapshot")
        Path(hosts[name]["backup_file"]).write_bytes(b"sealed")
    hosts["gone"] = {"mesh_kube": {"host": "https://127.0.0.1:9", "api_key": "token-of-nobody"}}
    every = {"mesh_provider": "consul", "mesh_namespace": SPACE, "mesh_network": "lan", "mesh_version": "1.22.0"}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"vars": every, "hosts": hosts}}))
    leases = [ref(meshes[name], NAMESPACE) for name in ("east", "north")]
    try:
        for lease in leases:
            take(cluster, lease, LeaseWish("ana@desk/1", 60))
        done = ran("restore", "-i", str(tmp_path / "inventory.yml"), home=tmp_path)
        holders = [Lease.of(cluster.get(lease)).holder for lease in leases]
    finally:
        cluster.delete(leases)
    said = " ".join(done.output.split())
    assert "east: the Lease of mesh held is held by ana@desk/1" in said, done.output
    assert "west: the Lease of the mesh could not be read, and the restore goes on." in said, done.output
    assert {name for name in meshes if f"{name}: decrypt is empty" in said} == {"north", "west"}, done.output
    assert (holders, done.code) == (["ana@desk/1", ""], 2)
    assert not [one for one in consul.heard[heard:] if one.startswith(b"PUT")]
