# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes for ingress, application and egress in one cluster, each with a blue and a green control plane and gateways of both. Pure.

client ──entry──> ingress (blue | green) ──> application (blue | green) ──> server of that colour
client ──door───> ingress (blue | green), by a Service whose EndpointSlices come and go, as those outside of the mesh ask
client ──outside> egress (blue | green) ──> a server outside of the mesh
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .app import LABEL, NAMESPACE, PATIENCE, PROXY, picture

COLOURS = ("blue", "green")
PLANES = ("ingress", "application", "egress")
INGRESS, EGRESS, OUTSIDE = "drill-ingress", "drill-egress", "drill-outside"
MUTUAL, PLAIN = 8080, 8090
# What a gateway counts by listener, which Istio leaves out unless told otherwise.
COUNTED = {"proxyStatsMatcher": {"inclusionRegexps": [r"http\.outbound_.*downstream_rq_2xx"]}}
ONCE = {"attempts": 0}


def application(colour: str) -> str:
    return f"drill-application-{colour}"


SPACES = (INGRESS, EGRESS, OUTSIDE, *map(application, COLOURS))


def revision(plane: str, colour: str) -> str:
    return f"{plane}-{colour}"


def host(name: str, space: str) -> str:
    return f"{name}.{space}.svc.cluster.local"


def gateway_of(plane: str, colour: str) -> tuple[str, str]:
    """The namespace and the name of the gateway, which its Service shares."""
    return (application(colour), "gateway") if plane == "application" else (INGRESS if plane == "ingress" else EGRESS, colour)


def flows(rate: float) -> dict[str, str]:
    return {"entry": f"http://entry.{NAMESPACE}:{MUTUAL}/@{rate:g}", "door": f"http://door.{INGRESS}:{PLAIN}/@{rate:g}",
            "outside": f"http://outside.{OUTSIDE}:{MUTUAL}/@{rate:g}"}


FLOWS = tuple(flows(1))


def _object(version: str, kind: str, name: str, space: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": space, "labels": dict(LABEL)}, "spec": dict(spec)}


def _istio(kind: str, name: str, space: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return _object("networking.istio.io/v1", kind, name, space, spec)


def _service(name: str, space: str, selector: Mapping[str, str] | None, *ports: int) -> dict[str, Any]:
    chosen = {"selector": dict(selector)} if selector else {}
    return _object("v1", "Service", name, space, {**chosen, "ports": [{"name": f"http-{port}", "port": port} for port in ports]})


def _deployment(name: str, space: str, labels: Mapping[str, str], annotations: Mapping[str, str], container: Mapping[str, Any]) -> dict[str, Any]:
    pod = {"terminationGracePeriodSeconds": 10, "containers": [{"imagePullPolicy": "IfNotPresent", **container}]}
    template = {"metadata": {"labels": dict(labels), "annotations": dict(annotations)}, "spec": pod}
    return _object("apps/v1", "Deployment", name, space, {"selector": {"matchLabels": {"app": labels["app"]}}, "template": template})


def _traffic(*arguments: str) -> dict[str, Any]:
    return {"name": "traffic", "image": picture(), "args": list(arguments)}


def _server(space: str) -> Iterator[dict[str, Any]]:
    name = "outside" if space == OUTSIDE else "server"
    ready = {"readinessProbe": {"httpGet": {"path": "/", "port": MUTUAL}, "periodSeconds": 1}}
    yield _deployment(name, space, {"app": name}, {}, {**_traffic("serve"), **ready})
    yield _service(name, space, {"app": name}, MUTUAL)


def _gateway(plane: str, colour: str) -> Iterator[dict[str, Any]]:
    """As Istio's chart makes one. It follows the revision of its colour by its own label, or by its namespace."""
    space, name = gateway_of(plane, colour)
    labels = {"app": f"{plane}-{colour}", "planes": plane, "colour": colour, "istio.io/rev": revision(plane, colour), "sidecar.istio.io/inject": "true"}
    annotations = {"inject.istio.io/templates": "gateway", "proxy.istio.io/config": json.dumps(COUNTED)}
    yield _deployment(name, space, labels, annotations, {"name": "istio-proxy", "image": "auto", "imagePullPolicy": "IfNotPresent"})
    yield _service(name, space, {"app": labels["app"]}, MUTUAL, *([PLAIN] if plane == "ingress" else []))
    yield _istio("DestinationRule", name, space, {"host": host(name, space), "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}})


def _listener(name: str, space: str, selector: Mapping[str, str], *plain: int) -> dict[str, Any]:
    servers = [{"port": {"number": MUTUAL, "name": "mutual", "protocol": "HTTPS"}, "hosts": ["*"], "tls": {"mode": "ISTIO_MUTUAL"}}]
    servers += [{"port": {"number": port, "name": "plain", "protocol": "HTTP"}, "hosts": ["*"]} for port in plain]
    return _istio("Gateway", name, space, {"selector": dict(selector), "servers": servers})


def _rule(name: str, to: str, only: str = "") -> dict[str, Any]:
    match = {"match": [{"authority": {"exact": only}}]} if only else {}
    return {"name": name, **match, "route": [{"destination": {"host": to, "port": {"number": MUTUAL}}}], "retries": ONCE}


def _routes(name: str, space: str, gateway: str, *rules: dict[str, Any]) -> dict[str, Any]:
    """At a gateway for whatever comes; in the mesh for the host that `gateway` names otherwise."""
    there = {"hosts": ["*"], "gateways": [gateway]} if "." not in gateway else {"hosts": [gateway]}
    return _istio("VirtualService", name, space, {**there, "http": list(rules)})


def objects(rate: float) -> Iterator[dict[str, Any]]:
    """Everything, with all traffic on blue."""
    spaces = {NAMESPACE: {"istio-injection": "enabled"}, INGRESS: {}, EGRESS: {}, OUTSIDE: {},
              **{application(colour): {"istio.io/rev": revision("application", colour)} for colour in COLOURS}}
    yield from ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}} for name, labels in spaces.items())
    for space in (OUTSIDE, *map(application, COLOURS)):
        yield from _server(space)
    for plane in PLANES:
        for colour in COLOURS:
            yield from _gateway(plane, colour)
    yield _listener("in", INGRESS, {"planes": "ingress"}, PLAIN)
    yield _listener("out", EGRESS, {"planes": "egress"})
    own = [_rule(f"{colour}-{what}", host(name, space), f"{colour}.{what}") for colour in COLOURS
           for what, (space, name) in (("shop", gateway_of("application", colour)), ("outside", gateway_of("egress", colour)))]
    yield _routes("shop", INGRESS, "in", *own, _rule("all", host("gateway", application("blue"))))
    yield _routes("out", EGRESS, "out", _rule("all", host("outside", OUTSIDE)))
    for colour in COLOURS:
        yield _listener("app", application(colour), {"planes": "application", "colour": colour})
        yield _routes("server", application(colour), "app", _rule("all", host("server", application(colour))))
    yield _service("entry", NAMESPACE, {"app": "nobody"}, MUTUAL)
    yield _routes("entry", NAMESPACE, host("entry", NAMESPACE), _rule("all", host("blue", INGRESS)))
    yield _routes("outside", NAMESPACE, host("outside", OUTSIDE), _rule("all", host("blue", EGRESS)))
    yield _service("door", INGRESS, None, PLAIN)
    yield from _client(rate)


def _client(rate: float) -> Iterator[dict[str, Any]]:
    words = ["send", "-timeout", f"{PATIENCE:g}s", *(word for name, address in flows(rate).items() for word in ("-flow", f"{name}={address}"))]
    annotations = {"traffic.sidecar.istio.io/excludeOutboundPorts": str(PLAIN), "proxy.istio.io/config": json.dumps(PROXY)}
    yield _deployment("client", NAMESPACE, {"app": "client"}, annotations, _traffic(*words))


def slices(addresses: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """The pods behind the door, by colour: blue is in, green is out."""
    for colour, pods in addresses.items():
        ready = colour == COLOURS[0]
        meta = {"name": f"door-{colour}", "namespace": INGRESS, "labels": {**LABEL, "kubernetes.io/service-name": "door"}}
        endpoints = [{"addresses": [pod], "conditions": {"ready": ready}} for pod in pods]
        yield {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": "IPv4", "endpoints": endpoints,
               "ports": [{"name": f"http-{PLAIN}", "port": PLAIN, "protocol": "TCP"}]}


def declared() -> dict[str, Any]:
    """The planes as an inventory declares them."""
    def split(space: str, name: str, plane: str, **more: Any) -> dict[str, Any]:
        ends = {colour: {"host": host(*reversed(gateway_of(plane, colour)))} for colour in COLOURS}
        return {"kind": "VirtualService", "namespace": space, "name": name, **ends, **more}

    door = {"kind": "EndpointSlice", "namespace": INGRESS, **{colour: {"name": f"door-{colour}"} for colour in COLOURS}}
    splits = {"ingress": [split(NAMESPACE, "entry", "ingress"), door], "application": [split(INGRESS, "shop", "application", rules=["all"])],
              "egress": [split(NAMESPACE, "outside", "egress")]}
    return {plane: {"profile": "ha", "splits": splits[plane], **{colour: _side(plane, colour) for colour in COLOURS}} for plane in PLANES}


def _side(plane: str, colour: str) -> dict[str, Any]:
    space, name = gateway_of(plane, colour)
    labels = {"app": f"{plane}-{colour}"}
    asked = labels if plane == "ingress" else {"planes": "ingress"}
    named = {"ingress": f"{colour}.door", "application": f"{colour}.shop", "egress": f"{colour}.outside"}[plane]
    test = {"namespace": INGRESS, "labels": asked, "port": PLAIN, "host": named}
    # The slices of the ingress plane name addresses of pods, which change with the pods.
    gateways = {} if plane == "ingress" else {"gateways": [{"namespace": space, "name": name}]}
    return {"revision": revision(plane, colour), "pods": {"namespace": space, "labels": labels}, "tests": [test], **gateways}
