# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istiod makes for a Gateway of the Gateway API: an account, a Deployment and a Service, as its template has them and as a ConfigMap changes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from .istio_cutover import REV, merge

GROUP = "gateway.networking.k8s.io"
GATEWAY_NAME, CLASS_NAME, MANAGED = f"{GROUP}/gateway-name", f"{GROUP}/gateway-class-name", "gateway.istio.io/managed"
ACCOUNT = "gateway.istio.io/service-account"
API = {"ServiceAccount": "v1", "Deployment": "apps/v1", "Service": "v1"}
_WAYPOINT = "istio-waypoint"


def default_name(gateway: Mapping[str, Any]) -> str:
    """A waypoint has its own name, any other Gateway has that of its class behind it."""
    name, kind = gateway["metadata"]["name"], gateway["spec"]["gatewayClassName"]
    return str(name) if kind == _WAYPOINT else f"{name}-{kind}"


def account_of(gateway: Mapping[str, Any]) -> str:
    return str((gateway["metadata"].get("annotations") or {}).get(ACCOUNT) or default_name(gateway))


def parameters_of(gateway: Mapping[str, Any]) -> str:
    return str(((gateway["spec"].get("infrastructure") or {}).get("parametersRef") or {}).get("name") or "")


def made(gateway: Mapping[str, Any], revision: str, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The objects in the order in which istiod applies them. It takes labels and annotations from the Gateway where its infrastructure has none."""
    meta, name, picks = gateway["metadata"], default_name(gateway), {GATEWAY_NAME: gateway["metadata"]["name"]}
    own = {**(meta.get("labels") or {}), **picks, CLASS_NAME: gateway["spec"]["gatewayClassName"], MANAGED: "istio.io-gateway-controller"}
    owner = {"apiVersion": f"{GROUP}/v1", "kind": "Gateway", "name": meta["name"], "uid": meta.get("uid", "")}
    container = {"name": "istio-proxy", "image": "proxyv2"}
    template = {"metadata": {"labels": {"sidecar.istio.io/inject": "false", **own}, "annotations": {REV: revision}},
                "spec": {"serviceAccountName": account_of(gateway), "containers": [container]}}  # fmt: skip
    ports = [{"name": one["name"], "port": one["port"], "protocol": "TCP"} for one in gateway["spec"]["listeners"]]
    kind = (meta.get("annotations") or {}).get("networking.istio.io/service-type", "LoadBalancer")
    specs: dict[str, dict[str, Any]] = {
        "ServiceAccount": {},
        "Deployment": {"spec": {"selector": {"matchLabels": dict(picks)}, "template": template}},
        "Service": {"spec": {"selector": dict(picks), "type": kind, "ports": ports}},
    }
    objects = []
    for what, spec in specs.items():
        called = account_of(gateway) if what == "ServiceAccount" else name
        about = {"name": called, "namespace": meta["namespace"], "labels": dict(own), "ownerReferences": [dict(owner)]}
        one = {"apiVersion": API[what], "kind": what, "metadata": about, **copy.deepcopy(spec)}
        merge(one, json.loads((parameters or {}).get(what.lower(), "{}")))
        objects.append(one)
    return objects


def manages(live: Mapping[str, Any] | None) -> bool:
    """istiod writes only what is not there or has its label."""
    return live is None or MANAGED in (live["metadata"].get("labels") or {})


def names(route: Mapping[str, Any]) -> set[tuple[str, str]]:
    space = route["metadata"]["namespace"]
    return {(ref.get("namespace", space), ref["name"]) for ref in route["spec"]["parentRefs"]}
