# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against a sidecar in a workload is told by name, and what the mesh owns is told by the field manager."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads import part
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import OWNER

PART: dict[str, Any] = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "store"},
    "spec": {"template": {"spec": {"containers": [{"name": "proxy"}], "initContainers": [{"name": "init"}], "volumes": [{"name": "shared"}]}}},
}  # fmt: skip


def workload(pod: dict[str, Any] | None = None, meta: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    known = {"containers": [{"name": "app"}], **(pod or {})}
    return {**PART, "metadata": {**PART["metadata"], **(meta or {})}, "spec": {"template": {"spec": known}, **spec}}


def owner(manager: str, **names: str) -> dict[str, Any]:
    lists = {f"f:{kind}": {f'k:{{"name":"{name}"}}': {".": {}}} for kind, name in names.items()}
    return {"managedFields": [{"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {"f:spec": lists}}}}]}


@pytest.mark.parametrize(("live", "says"), [
    pytest.param(workload({"hostNetwork": True}), "uses the network of its nodes", id="the node's network"),
    pytest.param(workload(paused=True), "is paused", id="paused"),
    pytest.param(workload({"containers": [{"name": "proxy"}]}), "has containers of its own that are called proxy", id="a container"),
    pytest.param(workload({"volumes": [{"name": "shared"}]}), "has volumes of its own that are called shared", id="a volume"),
    pytest.param(workload({"initContainers": [{"name": "init"}]}), "has initContainers of its own that are called init", id="an init container"),
    pytest.param(workload({"containers": [{"name": "proxy"}]}, owner("helm", containers="proxy")), "containers of its own", id="of another manager"),
    pytest.param(workload(meta={"ownerReferences": [{"kind": "Rollout", "name": "shop", "controller": True}]}), "is managed by Rollout shop", id="owned"),
    pytest.param(
        workload(meta={"labels": {"argocd.argoproj.io/instance": "shop"}, **owner("argocd-controller", containers="app")}), "managed by Argo CD", id="GitOps",
    ),
])  # fmt: skip
def test_what_speaks_against_it(live: dict[str, Any], says: str) -> None:
    (fault,) = part.faults("east", live, PART)
    assert fault.startswith("east: Deployment store/shop")
    assert says in fault


def test_what_the_mesh_added_before_is_no_fault() -> None:
    added = {"containers": [{"name": "app"}, {"name": "proxy"}]}
    assert list(part.faults("east", workload(added, owner(OWNER, containers="proxy")), PART)) == []


def test_a_label_alone_makes_nothing_ours() -> None:
    marked = part.marked(PART, "inventory")
    assert marked["metadata"]["labels"] == {"meshops.lifecycle/workloads": "inventory"}
    assert part.ours(marked) is None
    assert part.ours(workload(meta=owner(OWNER, containers="proxy"))) is not None


def test_who_leaves_keeps_a_name_alone() -> None:
    assert part.nothing(workload()) == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "store"}}


def test_a_container_that_ends_at_once_is_named() -> None:
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}
    live = workload({"containers": [{"name": "app"}, {"name": "slow", **hook}, {"name": "proxy"}]})
    assert part.notices("east", live, PART) == [
        "east: Deployment store/shop: app has no preStop hook. Unless it serves on for some seconds after SIGTERM, requests fail when a pod ends.",
    ]
    assert part.notices("east", workload({"containers": [{"name": "app", **hook}]}), PART) == []
