# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names, labels and ports of Consul's objects. The objects of HashiCorp's chart have the same names and the labels `app` and `component`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.objects.shapes import Manifest

NAME = "consul"  # of HashiCorp's chart, of its release, and the first word of its objects
SERVER, AGENT, GATEWAY = "consul-server", "consul-client", "consul-mesh-gateway"
CONNECT_CA, TOKENS, SHARED = "consul-connect-ca", "consul-tokens", "consul-federation"
SERVER_TLS, AGENT_TLS, AGENTS_CA = "consul-server-tls", "consul-agent-tls", "consul-agents-ca"
HTTP, HTTPS, GRPC, RPC, SERF = 8500, 8501, 8503, 8300, 8301
PASSAGE = 8443  # of a mesh gateway: all that crosses between datacenters
DOMAIN = "consul"
STANDING = "meshops.lifecycle/datacenter"  # on the StatefulSet: peer, primary or secondary
RULER = "meshops.lifecycle/primary"  # on the StatefulSet of a secondary: an annotation, or a label where HashiCorp's chart made it
LEAF_TTL, INTERMEDIATE_TTL = "meshops.lifecycle/leaf-ttl", "meshops.lifecycle/intermediate-ttl"  # on the StatefulSet, as RULER
PROXY = "meshops.lifecycle/consul-proxy"  # on pods with a sidecar of ours
INJECTED = "consul.hashicorp.com/connect-inject-status"  # on pods with a sidecar of HashiCorp's controller
ADMIN = 19000  # of Envoy, on the loopback of its pod
READY = 19001  # of Envoy: where its pod says that it is ready
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}


def selector(component: str) -> dict[str, str]:
    return {"app": "consul", "component": component}


def labelled(component: str) -> str:
    """Return the selector as a Look reads it."""
    return f"app=consul,component={component}"


def manifest(api_version: str, kind: str, name: str, namespace: str, component: str, **parts: Any) -> Manifest:
    """Return an object with our labels. `labels` adds to them, and all other parts but `annotations` stand beside the metadata."""
    metadata = {"name": name, "namespace": namespace, "labels": {**_OWNED, **selector(component), **parts.pop("labels", {})}}
    if annotations := parts.pop("annotations", None):
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def standing(live: Mapping[str, Any]) -> str:
    """Return what a StatefulSet of servers says of its datacenter; empty if somebody else made it."""
    return str(((live.get("metadata") or {}).get("labels") or {}).get(STANDING) or "")


def by_chart(live: Mapping[str, Any]) -> bool:
    """Return whether a chart made an object, as its labels say."""
    labels = (live.get("metadata") or {}).get("labels") or {}
    return "Helm" in (labels.get("heritage"), labels.get("app.kubernetes.io/managed-by"))


def primary_of(live: Mapping[str, Any]) -> str:
    """Return the primary that a StatefulSet of a secondary's servers names; empty if it names none."""
    return noted(live, RULER)


def noted(live: Mapping[str, Any], name: str) -> str:
    """Return what an install noted on a StatefulSet of servers; empty if it noted nothing. HashiCorp's chart can only add labels."""
    metadata = live.get("metadata") or {}
    return str((metadata.get("annotations") or {}).get(name) or (metadata.get("labels") or {}).get(name) or "")
