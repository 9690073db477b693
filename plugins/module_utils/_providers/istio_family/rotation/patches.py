# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what a rotation changes of istiod's CA: `cacerts` in one piece, and beside it the CA that signed before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.trust.certificate import Material
from ...._mesh.trust.root_secret import encoded, labels
from ..trust.trust import SECRET_NAME, objects

_PARTS = ("ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem")
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def previous(namespace: str) -> Ref:
    """Return where the CA is kept that signed before, while a rotation can be turned back."""
    return Ref("v1", "Secret", f"{SECRET_NAME}-previous", namespace)


def kept(there: Mapping[Ref, Mapping[str, Any]], namespace: str, mesh: str) -> dict[str, Any]:
    """Return the Secret that keeps the former CA."""
    secret = next(iter(there.values()), {})
    data = {key: value for key, value in (secret.get("data") or {}).items() if key in _PARTS}
    metadata = {"name": previous(namespace).name, "namespace": namespace, "labels": labels(mesh)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def patches(namespace: str, roots: bytes, ca: Material | None = None) -> list[tuple[Ref, dict[str, Any]]]:
    """Return the patch for the bundle, and with a new CA for the other three parts in the same write."""
    parts = (ca.certificate, ca.key, ca.chain or b"", roots) if ca else (b"", b"", b"", roots)
    return [(objects(namespace)[0], {"data": {key: encoded(part) for key, part in zip(_PARTS, parts, strict=True) if part}})]


def restarted(moment: str) -> dict[str, Any]:
    """Return the patch of `kubectl rollout restart`."""
    return {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: moment}}}}}
