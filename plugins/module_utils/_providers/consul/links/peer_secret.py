# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secrets of a peering: in the source with the token that a server made, and in the consumer with a copy that says with whom it is peered."""

from __future__ import annotations

from ...._mesh.links.link import Link
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Manifest, Object

LABEL, OFFERED = "meshops.lifecycle/peer", "meshops.lifecycle/peering-for"
TOKEN = "token"  # noqa: S105
_OURS = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}


def offered(link: Link) -> Ref:
    """Return the Secret in the source."""
    return Ref("v1", "Secret", f"consul-peering-for-{link.consumer}", link.namespace)


def accepted(link: Link) -> Ref:
    """Return the Secret in the consumer."""
    return Ref("v1", "Secret", f"consul-peer-{link.source}", link.namespace)


def manifest(ref: Ref, other: str, label: str) -> Manifest:
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {**_OURS, label: other}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque"}


def ours(secret: Object) -> bool:
    labels = secret["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in _OURS.items())
