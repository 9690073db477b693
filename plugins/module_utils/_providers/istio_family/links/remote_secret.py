# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The remote secret, with which an istiod discovers another cluster, and the token in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.question import Read

ACCOUNT = "istio-reader-service-account"
_TOKEN_SECRET = f"{ACCOUNT}-istio-remote-secret-token"
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}
_PREFIX = "istio-remote-secret-"
_GENERATION = re.compile(rf"{_TOKEN_SECRET}(?:-([2-9]|[1-9][0-9]+))?")
_TOKEN = re.compile(r"""["']?\btoken["']?:\s*["']?([\w.=-]+)""", re.ASCII)


@dataclass(frozen=True)
class Credential:
    """The credential with which other control planes read a cluster's API server. It is never printed and never returned."""

    cluster: str
    server: str
    ca: bytes
    token: bytes
    tls_server_name: str = ""

    def __repr__(self) -> str:
        return f"Credential({self.cluster!r}, {self.server!r})"


def account(namespace: str, generation: int = 1) -> dict[str, Any]:
    """Return a Secret that asks for a token of the reader account, which the mesh makes. The API server fills it in.

    The first one has the name that `istioctl create-remote-secret` uses. The token controller deletes all of them with the account.
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": {
            "name": _TOKEN_SECRET if generation == 1 else f"{_TOKEN_SECRET}-{generation}",
            "namespace": namespace,
            "labels": dict(_OWNED),
            "annotations": {"kubernetes.io/service-account.name": ACCOUNT},
        },
    }


def tokens(namespace: str) -> Read:
    """Read the Secrets with tokens of service accounts, whoever made them."""
    return Read("v1", "Secret", namespace, fields="type=kubernetes.io/service-account-token")


def generation(secret: Mapping[str, Any]) -> int:
    """Return the generation of a token of the reader account: 1, 2, …; 0 if links do not use this Secret."""
    match = _GENERATION.fullmatch(secret["metadata"]["name"])
    return int(match[1] or 1) if match else 0


def stray(secret: Mapping[str, Any]) -> bool:
    """Return whether this is a token of the reader account that links do not use, so that its users are unknown."""
    named = (secret["metadata"].get("annotations") or {}).get("kubernetes.io/service-account.name")
    return named == ACCOUNT and not generation(secret)


def credential(cluster: str, server: str, tls_server_name: str, token_secret: Mapping[str, Any] | None) -> Credential | None:
    """Return the credential for other control planes; None while the API server has not filled in the token."""
    data = (token_secret or {}).get("data") or {}
    if not data.get("token") or not data.get("ca.crt"):
        return None
    return Credential(cluster, server, base64.b64decode(data["ca.crt"]), base64.b64decode(data["token"]), tls_server_name)


def link(credential: Credential, namespace: str) -> dict[str, Any]:
    """Return the remote secret. Its only key is the cluster's name, which istiod uses as cluster ID."""
    name = credential.cluster
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": f"{_PREFIX}{name}",
            "namespace": namespace,
            "labels": {**_OWNED, "istio/multiCluster": "true"},
            "annotations": {"networking.istio.io/cluster": name},
        },
        "data": {name: base64.b64encode(_kubeconfig(credential).encode()).decode()},
    }


def _kubeconfig(credential: Credential) -> str:
    """Return the kubeconfig as JSON, which is valid YAML. Keys are sorted, so that the same credential gives the same bytes."""
    name = credential.cluster
    cluster = {"certificate-authority-data": base64.b64encode(credential.ca).decode(), "server": credential.server}
    if credential.tls_server_name:
        cluster["tls-server-name"] = credential.tls_server_name
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "preferences": {},
        "users": [{"name": name, "user": {"token": credential.token.decode()}}],
    }
    return json.dumps(body, sort_keys=True)


def linking(cluster: str, namespace: str) -> Ref:
    """Return the remote secret that leads to a cluster."""
    return Ref("v1", "Secret", f"{_PREFIX}{cluster}", namespace)


def token(secret: Mapping[str, Any], cluster: str) -> bytes:
    """Return the token in a remote secret, which is JSON or YAML; empty if it has another kind of credential."""
    try:
        text = base64.b64decode((secret.get("data") or {}).get(cluster, "")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return b""
    match = _TOKEN.search(text)
    return match[1].encode() if match else b""


def links(namespace: str) -> Read:
    """Read all remote secrets, whoever made them."""
    return Read("v1", "Secret", namespace, "istio/multiCluster=true", metadata_only=True)


def linked(secret: Mapping[str, Any]) -> str:
    """Return the cluster to which a remote secret leads."""
    metadata = secret.get("metadata", {})
    named = (metadata.get("annotations") or {}).get("networking.istio.io/cluster")
    return str(named or metadata.get("name", "").removeprefix(_PREFIX))


def ours(secret: Mapping[str, Any]) -> bool:
    """Return whether this collection made the object, so that it may prune it."""
    labels = secret.get("metadata", {}).get("labels") or {}
    return all(labels.get(key) == value for key, value in _OWNED.items())
