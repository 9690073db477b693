# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.managed import kept


def live(name: str, kind: str = "Deployment", manager: str = "helm", labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None,
         **meta: Any) -> dict[str, Any]:  # fmt: skip
    fields = [{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {}}}]
    return {"apiVersion": "v1", "kind": kind, "metadata": {
        "name": name, "namespace": "istio-system", "labels": labels, "annotations": annotations, "managedFields": fields, **meta}}  # fmt: skip


def argo(name: str, kind: str) -> dict[str, str]:
    return {"argocd.argoproj.io/tracking-id": f"mesh:apps/{kind}:istio-system/{name}"}


@pytest.mark.parametrize(("objects", "told"), [
    pytest.param([live("istiod"), live("istiod-revision-tag-default", "Service", "meshops.lifecycle")], [], id="Helm's and ours"),
    pytest.param(
        [live("istiod", manager="argocd-controller", annotations=argo("istiod", "Deployment")),
         live("istio-eastwestgateway", manager="argocd-controller", annotations=argo("istio-eastwestgateway", "Deployment"))],
        ["the Deployment istio-system/istiod and 1 more are managed by Argo CD, for its Application mesh, which undoes"], id="Argo CD",
    ),
    pytest.param(
        [live("istiod", annotations=argo("istiod", "Deployment"))],
        ["the Deployment istio-system/istiod is tracked by Argo CD, for its Application mesh, which brings the old"], id="tracked and not written",
    ),
    pytest.param([live("istiod", annotations=argo("another", "Deployment"))], [], id="a mark that was copied"),
    pytest.param(
        [live("istiod", manager="helm-controller", labels={"helm.toolkit.fluxcd.io/name": "istiod"}),
         live("tag", "MutatingWebhookConfiguration", "kustomize-controller", labels={"kustomize.toolkit.fluxcd.io/name": "mesh"})],
        ["the Deployment istio-system/istiod is managed by Flux, for its HelmRelease istiod, which undoes",
         "the MutatingWebhookConfiguration istio-system/tag is managed by Flux, for its Kustomization mesh, which undoes"], id="Flux, twice",
    ),
    pytest.param([live("istiod", ownerReferences=[{"kind": "IstioRevision", "name": "stable", "controller": True}])],
                 ["the Deployment istio-system/istiod is managed by IstioRevision stable, which undoes"], id="an operator"),
])  # fmt: skip
def test_whose_the_running_mesh_is(objects: list[dict[str, Any]], told: list[str]) -> None:
    found = kept(objects)
    assert len(found) == len(told)
    assert all(text.startswith(words) and "; " in text for text, words in zip(found, told, strict=True)), found
