# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA of the mesh of paper: its certificate and key in one Secret, what workloads trust in a ConfigMap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Live, Manifest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material, Names
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.prepared import UUID, Drawn, PreparedSecret, TrustNeeds
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded, labels

ISSUER, BUNDLE, START = "paper-issuer", "paper-roots", "paper-start"
_NAMES = Names("crt.pem", "key.pem", "chain.pem", "roots.pem")


def objects(namespace: str) -> list[Ref]:
    return [Ref("v1", "Secret", ISSUER, namespace), Ref("v1", "ConfigMap", BUNDLE, namespace)]


def self_made(namespace: str) -> list[Ref]:
    """None, because this mesh never makes a CA for itself."""
    return []


def read(there: Mapping[Ref, Mapping[str, Any]]) -> Material:
    kinds = {ref.kind: one.get("data") or {} for ref, one in there.items()}
    issuer, trusted = kinds.get("Secret", {}), kinds.get("ConfigMap", {})
    certificate, key, chain = (decoded(issuer.get(part)) for part in (_NAMES.certificate, _NAMES.key, _NAMES.chain))
    return Material(certificate, key, chain, str(trusted.get(_NAMES.roots) or "").encode(), _NAMES)


def manifests(material: Material, namespace: str, mesh: str = "") -> list[Manifest]:
    roots, issuer = ({"namespace": namespace, "name": name, "labels": labels(mesh)} for name in (BUNDLE, ISSUER))
    parts = {_NAMES.certificate: material.certificate, _NAMES.key: material.key, _NAMES.chain: material.chain or b""}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": roots, "data": {_NAMES.roots: material.roots.decode()}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": issuer, "type": "Opaque", "data": {key: encoded(part) for key, part in parts.items()}},
    ]


def namespace(name: str, network: str | None = None) -> Manifest:
    """The namespace without a label, because this mesh knows nothing of networks."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def needs(namespace: str, trust_domain: str, cluster: str = "") -> TrustNeeds:
    """The name of the CA, and a token that the operator takes when it starts."""
    return TrustNeeds((f"identity.{namespace}.{trust_domain}",), (PreparedSecret(Ref("v1", "Secret", START, namespace), (Drawn("token", UUID),)),))


def external_issuer(namespace: str) -> Look[str]:
    return Look([Read("v1", "ConfigMap", namespace, "paper/external-issuer")], _external_issuer)


def _external_issuer(live: Live, _answers: Answers) -> str:
    return next((str(one["metadata"]["name"]) for one in live.get("ConfigMap", ())), "")


def bundle(namespace: str) -> Look[bytes]:
    return Look(objects(namespace)[1:], _bundle)


def _bundle(live: Live, _answers: Answers) -> bytes:
    found = next((one for one in live.get("ConfigMap", ()) if one["metadata"]["name"] == BUNDLE), {})
    return str((found.get("data") or {}).get(_NAMES.roots) or "").encode()
