# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write and read the Secret that has a mesh's root, and the labels of what this collection made."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .certificate import Material, Names

# The name of a generated root, and the end of the name of the root that a rotation goes to.
NAME, UPCOMING = "meshops-root-ca", "-next"
CERTIFICATE, KEY = "root-cert.pem", "root-key.pem"
# The keys of this collection, then those of kubernetes.io/tls (cert-manager, kubectl), then those of a control plane that made its CA for itself.
_PAIRS = ((CERTIFICATE, KEY), ("tls.crt", "tls.key"), ("ca-cert.pem", "ca-key.pem"))
_MANAGED_BY, _MESH = "app.kubernetes.io/managed-by", "meshops.lifecycle/mesh"
_COLLECTION = "meshops.lifecycle"


def labels(mesh: str) -> dict[str, str]:
    """Return the labels of a Secret that this collection made for a mesh."""
    return {_MANAGED_BY: _COLLECTION, _MESH: mesh}


def is_ours(manifest: Mapping[str, Any], mesh: str) -> bool:
    """Tell whether this collection made the object for this mesh."""
    carried = (manifest.get("metadata") or {}).get("labels") or {}
    return all(carried.get(name) == value for name, value in labels(mesh).items())


def mesh_of(manifest: Mapping[str, Any]) -> str:
    """Return the mesh for which this collection made the object; empty if somebody else made it."""
    return str(((manifest.get("metadata") or {}).get("labels") or {}).get(_MESH) or "")


def secret(root: Material, name: str, namespace: str, mesh: str) -> dict[str, Any]:
    """Return the Secret for a root and its key."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": labels(mesh)},
        "type": "Opaque",
        "data": {CERTIFICATE: encoded(root.certificate), KEY: encoded(root.key)},
    }


def read(manifest: Mapping[str, Any]) -> Material:
    """Return the root in a Secret, under any of the usual pairs of keys."""
    data = manifest.get("data") or {}
    whole = [pair for pair in _PAIRS if data.get(pair[0]) and data.get(pair[1])]
    half = [pair for pair in _PAIRS if data.get(pair[0]) or data.get(pair[1])]
    certificate, key = (whole or half or _PAIRS)[0]
    pem = decoded(data.get(certificate))
    return Material(pem, decoded(data.get(key)), roots=pem, names=Names(certificate, key, roots=certificate))


def encoded(value: bytes) -> str:
    """Encode a value for the data of a Secret."""
    return base64.b64encode(value).decode()


def decoded(value: str | None) -> bytes:
    """Decode a value from the data of a Secret; nothing for a missing key."""
    return base64.b64decode(value or "")
