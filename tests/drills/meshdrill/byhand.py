# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a mesh with kubectl, for drills without the playbooks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Mapping

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

from .authority import encoded
from .certificates import roots
from .errors import DrillError

MESH = "istio-system"


def cacerts(estate: Estate, cluster: str) -> dict[str, bytes]:
    data = estate.get(cluster, "secret", "cacerts", "-n", MESH)["data"]
    return {name: base64.b64decode(value) for name, value in data.items()}


def write_cacerts(estate: Estate, cluster: str, data: Mapping[str, bytes]) -> None:
    """Write all keys in one patch, so that the kubelet updates them together. The patch goes through stdin, because everybody on the machine sees arguments."""
    patch = json.dumps({"data": encoded(data)})
    estate.kubectl(cluster, "-n", MESH, "patch", "secret", "cacerts", "--type=merge", "--patch-file=/dev/stdin", given=patch)


def deployments(estate: Estate, cluster: str, namespace: str, selector: str = "") -> list[str]:
    return estate.names(cluster, "deployments", "-n", namespace, *(["-l", selector] if selector else []))


def restart(estate: Estate, cluster: str, namespace: str, names: Iterable[str]) -> None:
    """Restart the workloads one after the other, each to its end."""
    for name in names:
        estate.kubectl(cluster, "-n", namespace, "rollout", "restart", f"deployment/{name}")
        estate.kubectl(cluster, "-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=180s")


def await_bundle(estate: Estate, cluster: str, bundle: bytes, patience: float = 120.0) -> None:
    """Wait until every namespace's istio-ca-root-cert has exactly these roots."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        items = estate.get(cluster, "configmaps", "-A", "--field-selector", "metadata.name=istio-ca-root-cert")["items"]
        late = [item["metadata"]["namespace"] for item in items if roots(item["data"]["root-cert.pem"].encode()) != roots(bundle)]
        if items and not late:
            return
        time.sleep(0.5)
    raise DrillError(f"{cluster}: istio-ca-root-cert is still another in {', '.join(late)} after {patience:.0f} s.")
