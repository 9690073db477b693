# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secrets in which Helm keeps its releases, packed as Helm packs them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any


def packed(body: Any, compressed: bool = True) -> str:
    """base64 (Kubernetes) of base64 (Helm) of gzip of JSON; Helm reads records without gzip too."""
    raw = json.dumps(body).encode()
    return base64.b64encode(base64.b64encode(gzip.compress(raw) if compressed else raw)).decode()


def record(
    name: str,
    revision: int = 1,
    status: str = "deployed",
    version: str = "1.29.0",
    values: Mapping[str, Any] | None = None,
    namespace: str = "istio-system",
) -> dict[str, Any]:
    """A Secret with a release record. `values` None means an install without values, which Helm stores as null or not at all."""
    body = {
        "name": name,
        "namespace": namespace,
        "version": revision,
        "info": {"status": status, "first_deployed": "2026-08-27T12:00:00Z", "description": "Install complete"},
        "chart": {"metadata": {"name": name, "version": version}, "values": {"replicas": 1}, "templates": []},
        "config": values,
        "manifest": "---\nkind: ServiceAccount\n",
    }
    labels = {"name": name, "owner": "helm", "status": status, "version": str(revision), "modifiedAt": "1787832000"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": f"sh.helm.release.v1.{name}.v{revision}", "namespace": namespace, "labels": labels},
        "data": {"release": packed(body)},
    }
