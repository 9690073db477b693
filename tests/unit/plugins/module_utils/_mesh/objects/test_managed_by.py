# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else manages an object, by its labels, annotations, owners and field managers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.managed_by import ManagedBy, managed_by

WHERE = "east: Secret istio-system/cacerts"
DATA, MARKS = {"f:data": {"f:ca-key.pem": {}}}, {"f:metadata": {"f:labels": {}}, "f:status": {}}


def secret(labels: dict[str, str] | None = None, notes: dict[str, str] | None = None, owners: Any = (), managed: Any = ()) -> dict[str, Any]:
    meta = {"name": "cacerts", "namespace": "istio-system", "labels": labels, "annotations": notes, "ownerReferences": list(owners)}
    fields = [{"manager": name, "operation": "Apply", "fieldsV1": what} for name, what in managed]
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {**meta, "managedFields": fields}}


def owner(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "x/v1", "kind": kind, "name": name, "uid": "1", **more}


@pytest.mark.parametrize(("manifest", "name"), [
    pytest.param(secret(notes={"cert-manager.io/certificate-name": "istio-ca"}), "cert-manager, for its Certificate istio-ca", id="cert-manager"),
    pytest.param(secret(owners=[owner("ExternalSecret", "ca", controller=True)]), "ExternalSecret ca", id="External Secrets"),
    pytest.param(secret({"reconcile.external-secrets.io/managed": "true"}), "External Secrets", id="External Secrets that merge"),
    pytest.param(secret(managed=[("externalsecrets.external-secrets.io/ca", DATA)]), "External Secrets", id="External Secrets by fields alone"),
    pytest.param(secret(owners=[owner("SealedSecret", "cacerts", controller=True)]), "SealedSecret cacerts", id="Sealed Secrets"),
    pytest.param(secret(notes={"sealedsecrets.bitnami.com/managed": "true"}), "Sealed Secrets", id="Sealed Secrets that took it over"),
    pytest.param(secret(owners=[owner("VaultStaticSecret", "mesh-ca")]), "VaultStaticSecret mesh-ca", id="an owner that does not say that it controls"),
    pytest.param(secret({"app.kubernetes.io/managed-by": "hashicorp-vso"}), "the Vault Secrets Operator", id="Vault Secrets Operator"),
    pytest.param(secret(owners=[owner("Pod", "p"), owner("ExternalSecret", "ca", controller=True)]), "ExternalSecret ca", id="of two owners who controls"),
    pytest.param(secret({"secrets-store.csi.k8s.io/managed": "true"}), "the Secrets Store CSI driver", id="CSI driver"),
    pytest.param(
        secret(notes={"reflector.v1.k8s.emberstack.com/reflects": "pki/ca"}), "Reflector, which copies it from pki/ca", id="a copy of another Secret"
    ),
    pytest.param(
        secret({"kustomize.toolkit.fluxcd.io/name": "mesh"}, managed=[("kustomize-controller", DATA)]), "Flux, for its Kustomization mesh", id="Flux writes it"
    ),
    pytest.param(secret(managed=[("argocd-controller", DATA)]), "Argo CD", id="Argo CD by fields alone"),
    pytest.param(
        secret(notes={"argocd.argoproj.io/tracking-id": "mesh:/Secret:istio-system/cacerts"}, managed=[("argocd-controller", DATA)]),
        "Argo CD, for its Application mesh", id="Argo CD writes it",
    ),
])  # fmt: skip
def test_a_controller_would_write_it_back(manifest: dict[str, Any], name: str) -> None:
    assert managed_by(manifest) == ManagedBy(name, writes_back=True)
    assert managed_by(manifest).writer == name
    assert managed_by(manifest).refusal(WHERE, "Rotate there.") == f"{WHERE} is managed by {name}, which would undo the change. Rotate there."
    assert managed_by(manifest).warning(WHERE) == ""


@pytest.mark.parametrize(("manifest", "name"), [
    pytest.param(secret({"argocd.argoproj.io/instance": "mesh"}), "Argo CD, for its Application mesh", id="Argo CD by label"),
    pytest.param(
        secret(notes={"argocd.argoproj.io/tracking-id": "mesh:/Secret:istio-system/cacerts"}, managed=[("argocd-controller", MARKS)]),
        "Argo CD, for its Application mesh", id="Argo CD without its content",
    ),
    pytest.param(secret({"helm.toolkit.fluxcd.io/name": "ca"}, managed=[("kubectl", DATA)]), "Flux, for its HelmRelease ca", id="Flux, and others wrote it"),
])  # fmt: skip
def test_git_knows_it_and_does_not_write_it(manifest: dict[str, Any], name: str) -> None:
    assert managed_by(manifest) == ManagedBy(name, writes_back=False)
    assert (managed_by(manifest).writer, managed_by(manifest).refusal(WHERE, "Rotate there.")) == ("", "")
    assert managed_by(manifest).warning(WHERE).startswith(f"{WHERE} is tracked by {name}. Remove it there or have its data ignored")


@pytest.mark.parametrize("manifest", [
    pytest.param({"kind": "Secret", "metadata": {"name": "cacerts"}}, id="nothing at all"),
    pytest.param(secret({"app.kubernetes.io/managed-by": "meshops.lifecycle"}, managed=[("meshops.lifecycle", DATA), ("kubectl", DATA)]), id="ours"),
    pytest.param(secret({"reconcile.external-secrets.io/managed": "false"}), id="a mark that says no"),
    pytest.param(secret(managed=[("argocd-controller", MARKS)]), id="only labels of it"),
    pytest.param(secret(notes={"argocd.argoproj.io/tracking-id": "web:apps/Deployment:shop/web"}), id="a mark copied from another object"),
])  # fmt: skip
def test_nobody_else_does(manifest: dict[str, Any]) -> None:
    assert not managed_by(manifest)
    assert (managed_by(manifest).writer, managed_by(manifest).refusal(WHERE, "x"), managed_by(manifest).warning(WHERE)) == ("", "", "")
