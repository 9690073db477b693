# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh of paper, whose product drives the rotation and asks for a token: killed at its writes, and refused. ../test_paper.py has the whole story."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed
from ansible_collections.meshops.lifecycle.tests.paper.registered import with_paper
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import rotation, trust
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER

from ..kubelet import kubelet
from ..paper_product import Product
from .play import Play, Stopped
from .two import NAMES, Two

SPACE, TOKEN = "paper-system", "a-token-that-nobody-may-see"
LEASE = ref("shop", "meshops-system")
ROOT, NEXT = (Ref("v1", "Secret", name, "meshops-system") for name in ("meshops-root-ca", "meshops-root-ca-next"))
EPOCH = "meshops.lifecycle/epoch"
# The new root; in each cluster the note that it is ordered; the root in its place, and no longer beside.
WRITES = 5
# Right before another write the clusters are as right after the one before it.
POINTS = ["before:1", *(f"after:{number}" for number in range(1, WRITES + 1))]


SHARED = {"provider": "paper", "namespace": SPACE}


@dataclass
class Paper:
    two: Two
    products: dict[str, Product]

    @property
    def wish(self) -> dict[str, Any]:
        return {"kube": self.two.kube, "variables": {name: {"mesh_provider": "paper"} for name in NAMES}, "shared": SHARED, "timeout": 30, "duration": 2}

    def rotate(self) -> Play:
        return Play(**self.wish).run()

    def start(self, point: str) -> subprocess.Popen[str]:
        """The role's tasks in a process that may be killed."""
        environ = {**os.environ, **armed(point, os.pathsep.join(sys.path))}
        words = [sys.executable, str(Path(__file__).with_name("play.py")), json.dumps(self.wish)]
        environ |= with_paper(environ["PYTHONPATH"])
        return subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def state(self, name: str) -> tuple[str, list[str]]:
        """The root that a cluster signs under, and those that it trusts."""
        ca = self.products[name].held()
        seen = x509.inspect(ca, name, datetime.now(UTC))
        return seen.root.fingerprint if seen.root else "", [one.fingerprint for one in x509.bundle(ca.roots)]

    def settled(self, before: str) -> None:
        """The clusters have one root, which differs from the one before, and nothing else is left."""
        (root,) = {self.state(name)[0] for name in NAMES}
        assert root != before
        assert [self.state(name) for name in NAMES] == [(root, [root]), (root, [root])]
        east = self.two.clusters["east"]
        kept = east.get(ROOT)
        assert kept
        assert x509.bundle(root_secret.read(kept).certificate)[0].fingerprint == root
        assert east.get(NEXT) is None


def _settle(cluster: Cluster, port: int) -> None:
    """Make a node that the API server reaches, a pod of the product on it, and the token that the product requires."""
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
def paper(mesh_of_two: Two, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paper]:
    monkeypatch.setitem(PROVIDERS, "paper", PAPER)
    mesh_of_two.reset()
    old = issue.new_root("paper root", "shop.example", "P-256", datetime.now(UTC) - timedelta(hours=3), 365)
    begun = datetime.now(UTC) - timedelta(hours=2)
    products = {name: Product(mesh_of_two.clusters[name], SPACE, TOKEN) for name in NAMES}
    with ExitStack() as stack:
        for name, cluster in mesh_of_two.clusters.items():
            itself = stack.enter_context(kubelet(mesh_of_two.servers[name].directory / "pki"))
            itself.answer = products[name].answer
            cluster.delete([*trust.objects(SPACE), *([ROOT, NEXT, LEASE] if name == "east" else [])])
            _settle(cluster, itself.port)
            ca = issue.new_intermediate(old, f"Intermediate CA {name}", "shop.example", trust.needs(SPACE, "shop.example").sans, "P-256", begun, 300)
            for one in trust.manifests(ca, SPACE, "shop"):
                cluster.create(one)
        mesh_of_two.clusters["east"].create(root_secret.secret(old, ROOT.name, "meshops-system", "shop"))
        yield Paper(mesh_of_two, products)
        for cluster in mesh_of_two.clusters.values():
            cluster.delete([Ref("v1", "Node", "paper"), Ref("v1", "Pod", "control-1", SPACE), Ref("v1", "Secret", rotation.TOKEN, SPACE)])


def test_these_are_all_writes(paper: Paper) -> None:
    before = paper.state("east")[0]
    point, told = paper.two.counted("count")
    run = paper.start(point)
    output, _nothing = run.communicate(timeout=240)
    assert run.returncode == 0, output
    assert len(told.read_text().splitlines()) == WRITES, told.read_text()
    paper.settled(before)
    assert [product.ordered for product in paper.products.values()] == [1, 1]
    assert not paper.rotate().changed
    assert TOKEN not in output


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_write_and_run_again_it_ends_the_same(paper: Paper, point: str) -> None:
    before = paper.state("east")[0]
    run = paper.start(paper.two.counted(point)[0])
    output, _nothing = run.communicate(timeout=240)
    assert run.returncode == -signal.SIGKILL, output
    paper.rotate()
    paper.settled(before)
    assert not paper.rotate().changed


def test_killed_when_the_order_comes_it_is_given_again(paper: Paper) -> None:
    """The run is killed after it noted its epoch and before the product took the order, which is no write to an API server."""
    before = {name: paper.state(name) for name in NAMES}
    run = paper.start(paper.two.counted("count")[0])

    def end() -> bool:
        os.killpg(run.pid, signal.SIGKILL)
        return True

    for product in paper.products.values():
        product.interrupt = end
    output, _nothing = run.communicate(timeout=240)
    assert run.returncode == -signal.SIGKILL, output
    assert {name: paper.state(name) for name in NAMES} == before
    noted = [cluster.get(trust.objects(SPACE)[0]) or {} for cluster in paper.two.clusters.values()]
    assert any(EPOCH in (one["metadata"].get("annotations") or {}) for one in noted)
    for product in paper.products.values():
        product.interrupt = lambda: False
    paper.rotate()
    paper.settled(before["east"][0])
    assert [product.ordered for product in paper.products.values()] == [1, 1]


def test_a_product_that_takes_no_order_stops_the_run_before_anything_changes(paper: Paper) -> None:
    before = {name: paper.state(name) for name in NAMES}
    for product in paper.products.values():
        product.interrupt = lambda: True
    with pytest.raises(Stopped) as refused:
        paper.rotate()
    said = str(refused.value)
    assert f"{SPACE}/control-1 did not accept another CA: PUT /v1/ca was answered with HTTP 500" in said
    assert "Read the log of that pod, and run again: the rotation goes on where it stopped." in said
    assert {name: paper.state(name) for name in NAMES} == before
    assert TOKEN not in said
