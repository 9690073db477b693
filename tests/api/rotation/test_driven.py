# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh of paper rotated with the collection's own playbook: its product drives the rotation, and asks for a token."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.tests.paper.registered import with_paper
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import rotation, trust

from ..conftest import _surroundings
from ..kubelet import kubelet
from .product import Product
from .two import LIMITS, NAMES, Run, Two, ended

SPACE, TOKEN = "paper-system", "a-token-that-nobody-may-see"
LEASE = ref("paper", "meshops-system")
ROOT, NEXT = (Ref("v1", "Secret", name, "meshops-system") for name in ("meshops-root-ca", "meshops-root-ca-next"))
EPOCH = "meshops.lifecycle/epoch"


@dataclass
class Paper:
    two: Two
    home: Path
    products: dict[str, Product]

    def command(self, **variables: Any) -> list[str]:
        file = self.home / "hosts.yml"
        hosts = {name: {"mesh_kube": {"kubeconfig": self.two.ways[name].kubeconfig, "context": "admin"}} for name in NAMES}
        shared = {"mesh_name": "paper", "mesh_provider": "paper", "mesh_namespace": SPACE, "mesh_trust_domain": "paper.example",
                  "mesh_trust_cluster": "east", "mesh_limits": LIMITS}  # fmt: skip
        file.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
        given = {"rotate": "root", "rotate_lease_duration": 4, "rotate_timeout": 30, **variables}
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return [program, "meshops.lifecycle.rotate", "-i", str(file), "--forks", "2", "-vvv", "-e", json.dumps(given)]

    def start(self, **variables: Any) -> subprocess.Popen[str]:
        environ = {**_surroundings(self.home), **with_paper()}
        return subprocess.Popen(
            self.command(**variables), env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def rotate(self, **variables: Any) -> Run:
        begun, run = time.monotonic(), self.start(**variables)
        output, _nothing = run.communicate(timeout=240)
        return ended(run.returncode, output, time.monotonic() - begun)

    def state(self, name: str) -> tuple[str, list[str]]:
        """The root that a cluster signs under, and those that it trusts."""
        ca = self.products[name].held()
        seen = x509.inspect(ca, name, datetime.now(UTC))
        return seen.root.fingerprint if seen.root else "", [one.fingerprint for one in x509.bundle(ca.roots)]


def _settle(cluster: Cluster, port: int) -> None:
    """A node that the API server reaches, a pod of the product on it, and the token that the product asks for."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "paper"}}
    cluster.delete([Ref.of(node)])
    cluster.create(node)
    status = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
    transport = cluster._server.transport
    assert transport.request("PATCH", "/api/v1/nodes/paper/status", body={"status": status}, content_type="application/merge-patch+json").ok
    for space in (SPACE, "meshops-system"):
        if cluster.get(Ref("v1", "Namespace", space)) is None:
            cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    spec = {"nodeName": "paper", "automountServiceAccountToken": False, "containers": [{"name": "control", "image": "paper"}]}
    cluster.apply([{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": SPACE}}], force=True)
    cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "control-1", "namespace": SPACE, "labels": {"paper": "control"}}, "spec": spec})
    cluster.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": rotation.TOKEN, "namespace": SPACE}, "stringData": {"token": TOKEN}})


@pytest.fixture
def paper(mesh_of_two: Two, tmp_path: Path) -> Iterator[Paper]:
    mesh_of_two.reset()
    old = issue.new_root("paper root", "paper.example", "P-256", datetime.now(UTC) - timedelta(hours=3), 365)
    begun = datetime.now(UTC) - timedelta(hours=2)
    products = {name: Product(mesh_of_two.clusters[name], SPACE, TOKEN) for name in NAMES}
    with ExitStack() as stack:
        for name, cluster in mesh_of_two.clusters.items():
            itself = stack.enter_context(kubelet(mesh_of_two.servers[name].directory / "pki"))
            itself.answer = products[name].answer
            cluster.delete([*trust.objects(SPACE), *([ROOT, NEXT, LEASE] if name == "east" else [])])
            _settle(cluster, itself.port)
            ca = issue.new_intermediate(old, f"Intermediate CA {name}", "paper.example", trust.sans(SPACE, "paper.example"), "P-256", begun, 300)
            for one in trust.manifests(ca, SPACE, "paper"):
                cluster.create(one)
        mesh_of_two.clusters["east"].create(root_secret.secret(old, ROOT.name, "meshops-system", "paper"))
        yield Paper(mesh_of_two, tmp_path, products)
        for cluster in mesh_of_two.clusters.values():
            cluster.delete([Ref("v1", "Node", "paper"), Ref("v1", "Pod", "control-1", SPACE), Ref("v1", "Secret", rotation.TOKEN, SPACE)])


def test_a_run_that_is_killed_between_two_writes_is_taken_up_again(paper: Paper) -> None:
    """The run is ended when the order comes, after it was noted in the cluster and before the product has taken anything of it."""
    before = {name: paper.state(name) for name in NAMES}
    run = paper.start()

    def end() -> bool:
        os.killpg(run.pid, signal.SIGKILL)
        return True

    for product in paper.products.values():
        product.interrupt = end
    killed, _nothing = run.communicate(timeout=240)
    assert run.returncode == -signal.SIGKILL, killed[-6000:]
    assert {name: paper.state(name) for name in NAMES} == before
    noted = [cluster.get(trust.objects(SPACE)[0]) or {} for cluster in paper.two.clusters.values()]
    assert any(EPOCH in (one["metadata"].get("annotations") or {}) for one in noted)
    for product in paper.products.values():
        product.interrupt = lambda: False

    done = paper.rotate().succeeded()
    (root,) = {paper.state(name)[0] for name in NAMES}
    assert root != before["east"][0]
    assert [paper.state(name) for name in NAMES] == [(root, [root]), (root, [root])]
    assert [product.ordered for product in paper.products.values()] == [1, 1]
    east = paper.two.clusters["east"]
    kept = east.get(ROOT)
    assert kept
    assert x509.bundle(root_secret.read(kept).certificate)[0].fingerprint == root
    assert east.get(NEXT) is None
    assert not ((east.get(LEASE) or {}).get("spec") or {}).get("holderIdentity")

    again = paper.rotate().succeeded()
    assert again.changed == 0
    assert [product.ordered for product in paper.products.values()] == [1, 1]
    keys = [product.held().key.decode().split("\n")[1] for product in paper.products.values()]
    for output in (killed, done.output, again.output):
        assert TOKEN not in output
        assert not [key for key in keys if key in output]


def test_a_product_that_takes_no_order_stops_the_run_before_anything_changes(paper: Paper) -> None:
    before = {name: paper.state(name) for name in NAMES}
    for product in paper.products.values():
        product.interrupt = lambda: True
    refused = paper.rotate()
    assert refused.rc
    assert f"{SPACE}/control-1 did not take another CA: PUT /v1/ca was answered with HTTP 500" in refused.said
    assert "Look into its log, and run again: the rotation goes on where it stopped." in refused.said
    assert {name: paper.state(name) for name in NAMES} == before
    assert TOKEN not in refused.output
