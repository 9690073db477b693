# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out who else manages an object: a controller that reverts changes, or a tool that only tracks the object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .shapes import Object

# An annotation or label, the value that it has to have ("" for any), and how messages call the manager. All of these managers undo changes.
_WRITERS = (
    ("cert-manager.io/certificate-name", "", "cert-manager, for its Certificate {}"),
    ("trust.cert-manager.io/bundle", "", "trust-manager, for its Bundle {}"),
    ("reconcile.external-secrets.io/managed", "true", "External Secrets"),
    ("sealedsecrets.bitnami.com/managed", "true", "Sealed Secrets"),
    ("app.kubernetes.io/managed-by", "hashicorp-vso", "the Vault Secrets Operator"),
    ("secrets-store.csi.k8s.io/managed", "true", "the Secrets Store CSI driver"),
    ("reflector.v1.k8s.emberstack.com/reflects", "", "Reflector, which copies it from {}"),
    ("replicator.v1.mittwald.de/replicate-from", "", "kubernetes-replicator, which copies it from {}"),
    ("generate.kyverno.io/policy-name", "", "Kyverno, for its policy {}"),
    ("configmanagement.gke.io/managed", "enabled", "Config Sync"),
)
# These annotations and labels only say that the tool tracks the object. Its field managers tell whether it writes the content.
_TRACKERS = (
    ("argocd.argoproj.io/tracking-id", "Argo CD, for its Application {}", ("argocd",)),
    ("argocd.argoproj.io/instance", "Argo CD, for its Application {}", ("argocd",)),
    ("kustomize.toolkit.fluxcd.io/name", "Flux, for its Kustomization {}", ("kustomize-controller",)),
    ("helm.toolkit.fluxcd.io/name", "Flux, for its HelmRelease {}", ("helm-controller",)),
    ("objectset.rio.cattle.io/owner-name", "Rancher, for {}", ("fleetagent", "fleet-agent", "rancher")),
    ("kapp.k14s.io/app", "kapp", ("kapp",)),
)
_TRACKING = "argocd.argoproj.io/tracking-id"
# Field managers of tools that write the content of an object, and that may put no label on it.
_MANAGERS = (
    ("externalsecrets.external-secrets.io", "External Secrets"),
    ("external-secrets", "External Secrets"),
    ("vault-secrets-operator", "the Vault Secrets Operator"),
    ("sealed-secrets", "Sealed Secrets"),
    ("argocd", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
)
_NO_CONTENT = ("f:metadata", "f:status")


@dataclass(frozen=True)
class ManagedBy:
    """The tool that manages an object, by its name for messages; `name` is empty if none does.

    If the tool only tracks the object, a change stays until somebody applies the copy in Git again.
    """

    name: str = ""
    writes_back: bool = False

    def __bool__(self) -> bool:
        return bool(self.name)

    def __str__(self) -> str:
        return self.name

    @property
    def writer(self) -> str:
        """The name of the tool that would undo a change, so that nobody else may write; empty if there is none."""
        return self.name if self.writes_back else ""

    def refusal(self, where: str, remedy: str) -> str:
        """Return why the object is not written, as a sentence that ends with `remedy`; empty if no tool would undo the change."""
        return f"{where} is managed by {self.name}, which would undo the change. {remedy}" if self.writer else ""

    def warning(self, where: str) -> str:
        """Return a warning about writing an object that a tool only tracks, as a sentence; empty if no tool does."""
        if not self.name or self.writes_back:
            return ""
        return f"{where} is tracked by {self.name}. Remove it there or have its data ignored, or the old content may come back."


def managed_by(manifest: Object) -> ManagedBy:
    """Return who else manages an object that was read from the API server."""
    meta = manifest.get("metadata") or {}
    labels = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
    writers = _writers(meta.get("managedFields") or ())
    name = _writer_by_label(labels) or _owner(meta)
    if name:
        return ManagedBy(name, writes_back=True)
    for label, called, managers in _TRACKERS:
        value = str(labels.get(label) or "")
        if value and (label != _TRACKING or _tracks(value, manifest)):
            return ManagedBy(called.format(value.partition(":")[0]), any(one.startswith(managers) for one in writers))
    name = next((called for prefix, called in _MANAGERS for one in writers if one.startswith(prefix)), "")
    return ManagedBy(name, writes_back=bool(name))


def _writer_by_label(labels: Mapping[str, Any]) -> str:
    for label, wanted, called in _WRITERS:
        value = str(labels.get(label) or "")
        if value and wanted in ("", value):
            return called.format(value)
    return ""


def _owner(meta: Mapping[str, Any]) -> str:
    """Return the controlling owner, else the first owner: some operators do not set `controller` in their reference."""
    owners = list(meta.get("ownerReferences") or ())
    owner = next((one for one in owners if one.get("controller")), owners[0] if owners else None)
    return f"{owner['kind']} {owner['name']}" if owner else ""


def _tracks(value: str, manifest: Object) -> bool:
    """Return whether `app:group/kind:namespace/name` names this object. Argo CD ignores an annotation that was copied to another object."""
    _app, _colon, what = value.partition(":")
    kind, _colon, name = what.partition(":")
    meta = manifest.get("metadata") or {}
    return (kind.rpartition("/")[2], name.rpartition("/")[2]) == (manifest.get("kind"), meta.get("name"))


def _writers(managed: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the field managers that own more of an object than its metadata and status."""
    return [str(one.get("manager") or "") for one in managed if any(part not in _NO_CONTENT for part in one.get("fieldsV1") or ())]
