# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing secret of a mesh of Consul is where anybody may read it: not in what a run writes, and not in objects other than Secrets.

A real API server stores the objects. A stand-in answers for Consul, and no pod runs: what pods write is in the unit test of their files.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER, selector
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.services import Services
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks, outlets

from .conftest import Play, Step
from .kubelet import kubelet
from .test_backup import report
from .test_stage_orders import Consul

SPACE, ROOTS, APP, NODE = "secret-consul", "secret-consul-roots", "secret-consul-app", "secret-consul"
WISH = {"provider": "consul", "cluster": "east", "mesh": "secretive", "namespace": SPACE, "version": "1.22.3", "serves_remotes": True}
SHOP = {"service": "shop", "namespace": APP, "port": 8080, "kind": "Deployment", "name": "shop", "protocol": "http"}
HELD = {"v1": ("ConfigMap", "Service", "ServiceAccount", "Event", "Pod"), "apps/v1": ("DaemonSet", "Deployment", "StatefulSet")}
# Nothing starts the pods of this API server, and one Consul takes no order.
POLICIES = 3
LATE = {"the orders that Consul refuses", "the sidecars"}


@dataclass
class Scene:
    cluster: Cluster
    admin: dict[str, Any]
    consul: Consul

    def found(self) -> dict[str, bytes]:
        """Return every value of every Secret that is no certificate."""
        secrets = [one for space in (SPACE, ROOTS, APP) for one in self.cluster.list("v1", "Secret", space)]
        values = {f"{one['metadata']['name']}.{key}": base64.b64decode(text) for one in secrets for key, text in (one.get("data") or {}).items()}
        return {name: value for name, value in values.items() if b"CERTIFICATE" not in value}  # connect.json repeats key and certificate

    def learn(self) -> None:
        """Let Consul know the token for management that the task before chose."""
        self.consul.store.expected = self.found()["consul-tokens.management"].decode()

    def refuse(self) -> None:
        """Let Consul take the policies, and refuse each token with an answer that repeats it."""
        self.consul.before = lambda number: setattr(self.consul, "status", 500) if number == POLICIES else None

    def take(self) -> None:
        self.consul.before, self.consul.status = lambda _number: None, 200

    def objects(self) -> dict[str, bytes]:
        """Return what the API server keeps beside Secrets."""
        kinds = [(version, kind, space) for version, names in HELD.items() for kind in names for space in (SPACE, APP)]
        return {f"{kind} in {space}": json.dumps(self.cluster.list(version, kind, space)).encode() for version, kind, space in kinds}


@pytest.fixture
def scene(admin: dict[str, Any], api_server: Any) -> Iterator[Scene]:
    cluster, consul = connect(admin, environ={}), Consul(store=Services())
    with kubelet(api_server.directory / "pki") as node:
        node.answer = consul.answer
        cluster.apply([*map(namespace, (SPACE, ROOTS, APP)), {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}])
        here = [{"type": "InternalIP", "address": "127.0.0.1"}]
        report(cluster, f"/api/v1/nodes/{NODE}", addresses=here, daemonEndpoints={"kubeletEndpoint": {"Port": node.port}})
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": SPACE}}
        meta = {"name": f"{SERVER}-0", "namespace": SPACE, "labels": selector("server")}
        spec = {"nodeName": NODE, "automountServiceAccountToken": False, "containers": [{"name": "consul", "image": "x"}]}
        app = {"selector": {"matchLabels": {"app": "shop"}}, "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [
            {"name": "shop", "image": "shop:1"}]}}}  # fmt: skip
        shop = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": APP}, "spec": app}
        cluster.apply([account, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, shop])
        report(cluster, f"/api/v1/namespaces/{SPACE}/pods/{SERVER}-0", phase="Running", conditions=[{"type": "Ready", "status": "True"}])
        yield Scene(cluster, admin, consul)
        cluster.delete([Ref("v1", "Namespace", space) for space in (SPACE, ROOTS, APP)] + [Ref("v1", "Node", NODE)], wait=0)


def test_nothing_secret_is_written_where_others_read_it(scene: Scene, play: Play) -> None:
    mesh = {"provider": "consul", "mesh": "secretive", "namespace": SPACE, "root": {"kube": scene.admin, "namespace": ROOTS}}
    written = [one for stage in install.stages(ControlPlane.of(WISH)) for one in stage.manifests if one["kind"] != "Namespace"]
    orders = {"wish": WISH, "part": "control_plane", "stage": "servers", "wait_timeout": 3}
    steps: dict[str, Any] = {
        "the Secrets in check mode": Step("ca", mesh, check=True),
        "the Secrets": Step("ca", mesh),
        "Consul starts": scene.learn,
        "the objects": Step("mesh_config", {"manifests": written}),
        "Consul refuses": scene.refuse,
        "the orders that Consul refuses": Step("stage_orders", orders),
        "Consul takes": scene.take,
        "the orders in check mode": Step("stage_orders", orders, check=True),
        "the orders": Step("stage_orders", orders),
        "what runs": Step("mesh_info", {"provider": "consul", "namespace": SPACE, "notices": True}),
        "the sidecars": Step("workloads", {"wish": WISH, "services": [SHOP], "wait_timeout": 1}),
    }
    with outlets() as out:
        surroundings = {**out.environ(), "ANSIBLE_PIPELINING": "true"}
        with out.watching() as watch:
            played = play(*steps.values(), environ=surroundings, verbosity="-vvvv")
        places = out.places(played.output, watch)
    results = dict(zip([name for name, step in steps.items() if isinstance(step, Step)], played.results, strict=True))
    assert {name for name, result in results.items() if result.get("failed")} == LATE, results
    secrets = scene.found()
    known = {"consul-tokens.management", "consul-federation.gossip", "consul-connect-ca.ca.key", "consul-server-tls.tls.key", "shop-consul.token"}
    assert known <= set(secrets)
    assert leaks(secrets, {**places, "what the tasks returned": json.dumps(played.results).encode()}) == []
    kept = scene.objects()
    assert b"consul-envoy" in kept[f"Deployment in {APP}"], "the workload got its sidecar"
    assert leaks(secrets, kept) == []
