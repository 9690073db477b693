# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secret that keeps a mesh's root, and the marks of what this collection made."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .certificate import Material, Names

# The mesh's root where it is generated, and what is put behind its name for the one that follows it.
NAME, UPCOMING = "meshops-root-ca", "-next"
CERTIFICATE, KEY = "root-cert.pem", "root-key.pem"
# Ours, then kubernetes.io/tls (cert-manager, kubectl), then what a self-signed istiod keeps.
_PAIRS = ((CERTIFICATE, KEY), ("tls.crt", "tls.key"), ("ca-cert.pem", "ca-key.pem"))
_MANAGED_BY, _MESH = "app.kubernetes.io/managed-by", "meshops.lifecycle/mesh"
_COLLECTION = "meshops.lifecycle"


def labels(mesh: str) -> dict[str, str]:
    """The marks on a Secret that this collection made for a mesh."""
    return {_MANAGED_BY: _COLLECTION, _MESH: mesh}


def is_ours(manifest: Mapping[str, Any], mesh: str) -> bool:
    """Whether this collection made the object, for this mesh."""
    carried = (manifest.get("metadata") or {}).get("labels") or {}
    return all(carried.get(name) == value for name, value in labels(mesh).items())


def mesh_of(manifest: Mapping[str, Any]) -> str:
    """The mesh for which this collection made the object; empty for what others made."""
    return str(((manifest.get("metadata") or {}).get("labels") or {}).get(_MESH) or "")


def secret(root: Material, name: str, namespace: str, mesh: str) -> dict[str, Any]:
    """The Secret for a root with its key."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": labels(mesh)},
        "type": "Opaque",
        "data": {CERTIFICATE: encoded(root.certificate), KEY: encoded(root.key)},
    }


def read(manifest: Mapping[str, Any]) -> Material:
    """The root in a Secret, whichever of the usual pairs of keys holds it."""
    data = manifest.get("data") or {}
    whole = [pair for pair in _PAIRS if data.get(pair[0]) and data.get(pair[1])]
    half = [pair for pair in _PAIRS if data.get(pair[0]) or data.get(pair[1])]
    certificate, key = (whole or half or _PAIRS)[0]
    pem = decoded(data.get(certificate))
    return Material(pem, decoded(data.get(key)), roots=pem, names=Names(certificate, key, roots=certificate))


def encoded(value: bytes) -> str:
    """As a Secret's data holds it."""
    return base64.b64encode(value).decode()


def decoded(value: str | None) -> bytes:
    """From a Secret's data; nothing for a key that is not there."""
    return base64.b64decode(value or "")
