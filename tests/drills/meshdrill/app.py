# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load: a server in the namespace `drill` of each cluster, and in one of them a client that sends requests all the time."""

from __future__ import annotations

import json
import string
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate
from meshlab import image, paths, programs

from . import ledger
from .authority import Authority, encoded, make, serving
from .byhand import MESH
from .errors import DrillError
from .ledger import Request

NAMESPACE = "drill"
LABEL = {"app.kubernetes.io/part-of": "drill"}
# What a drill has in the namespace of the control plane.
OURS = "service,secret,deployment,serviceaccount,role,rolebinding"
PATIENCE = 10.0
QUIET = 3.0
# For how many seconds a client keeps a connection across, where gateways come and go: they wait longer before they end.
CONNECTED = 6.0
MANIFEST = Path(__file__).resolve().parents[1] / "app.yml"
# A proxy as our control planes configure it, and one as Istio does unless told otherwise.
PROXY: Mapping[str, Any] = {"holdApplicationUntilProxyStarts": True}
PLAIN_PROXY: Mapping[str, Any] = {**PROXY, "proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "false"}}
GATEWAY = "drill-gateway"
STREAM = "across-stream"
LEDGER = "/var/drill"
Say = Callable[[str], None]
Objects = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Stage:
    """What of the load is not the same in every drill.

    `labels` are those of the namespace `drill`. `gateway` is the label `istio` of the gateway that is asked from outside. `pace` is the time between two
    messages of a stream. `streams` says how long each lasts, in seconds; 0 is one that nobody ends. With `restarts` the client may be made anew: it keeps its
    records in a file, ends what it has begun when it has to go, and keeps no connection for longer than gateways wait. `more` makes further objects of a
    cluster; `spaces` are further namespaces.
    """

    proxy: Mapping[str, Any] = field(default_factory=lambda: PROXY)
    labels: Mapping[str, str] = field(default_factory=lambda: {"istio-injection": "enabled"})
    servers: int = 1
    gateway: str = "eastwestgateway"
    pace: float = 0.05
    streams: Mapping[str, float] = field(default_factory=lambda: {STREAM: 0.0})
    restarts: bool = False
    spaces: Sequence[str] = ()
    more: Callable[[str], Objects] = lambda _cluster: ()


def addresses(clusters: Sequence[str]) -> dict[str, str]:
    """Each flow and its address, from the first cluster."""
    inside, across = (f"{cluster}.{NAMESPACE}:8080/" for cluster in clusters)
    return {"inside-pooled": f"http://pooled-{inside}", "inside-handshake": f"http://handshake-{inside}",
            "across-pooled": f"http://pooled-{across}", "across-handshake": f"http://handshake-{across}",
            "gateway-handshake": f"https://{GATEWAY}.{MESH}:8443/"}


FLOWS = tuple(addresses(("", "")))


def _object(version: str, kind: str, name: str, spec: Mapping[str, Any], namespace: str = NAMESPACE) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": dict(LABEL)}, "spec": dict(spec)}


def services(clusters: Sequence[str], stage: Stage) -> Iterator[dict[str, Any]]:
    """Two names for each cluster's server. Behind `handshake-` every request opens a connection, and so is an mTLS handshake, of its own."""
    for cluster in clusters:
        for kind in ("pooled", "handshake"):
            name = f"{kind}-{cluster}"
            ports = [{"name": "http", "port": 8080}, {"name": "grpc", "port": 8081}]
            yield _object("v1", "Service", name, {"selector": {"app": f"server-{cluster}"}, "ports": ports})
            route = [{"route": [{"destination": {"host": name}}], "retries": {"attempts": 0}}]
            yield _object("networking.istio.io/v1", "VirtualService", name, {"hosts": [name], "http": route})
        yield _pool(f"handshake-{cluster}", {"http": {"maxRequestsPerConnection": 1}})
        if stage.restarts and cluster != clusters[0]:
            yield _pool(f"pooled-{cluster}", {"tcp": {"maxConnectionDuration": f"{CONNECTED:g}s"}}, exported=["."])


def _pool(host: str, pool: Mapping[str, Any], exported: Sequence[str] = ()) -> dict[str, Any]:
    """An east-west gateway that sees how long a connection may last ends it by itself, with what is in it: for it, it is the connection of a TCP proxy."""
    seen = {"exportTo": list(exported)} if exported else {}
    return _object("networking.istio.io/v1", "DestinationRule", host, {"host": host, "trafficPolicy": {"connectionPool": pool}, **seen})


def gateway(cluster: str, stage: Stage, ca: Authority) -> Iterator[dict[str, Any]]:
    """A name that the cluster's gateway serves to those outside of the mesh, by a certificate of a Secret."""
    port = {"name": "https", "port": 8443, "targetPort": 8443}
    selector = {"istio": stage.gateway}
    yield _object("v1", "Service", GATEWAY, {"selector": selector, "ports": [port]}, MESH)
    secret = {"type": "kubernetes.io/tls", "data": encoded(serving(f"{GATEWAY}.{MESH}", ca))}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": GATEWAY, "namespace": MESH, "labels": dict(LABEL)}, **secret}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{GATEWAY}-ca", "namespace": NAMESPACE}, "data": {"ca.pem": ca.pem.decode()}}
    server = {"port": {"name": "https", "number": 8443, "protocol": "HTTPS"}, "hosts": ["*"], "tls": {"mode": "SIMPLE", "credentialName": GATEWAY}}
    yield _object("networking.istio.io/v1", "Gateway", GATEWAY, {"selector": selector, "servers": [server]})
    route = [{"route": [{"destination": {"host": f"pooled-{cluster}", "port": {"number": 8080}}}], "retries": {"attempts": 0}}]
    yield _object("networking.istio.io/v1", "VirtualService", GATEWAY, {"hosts": ["*"], "gateways": [GATEWAY], "http": route})


def arguments(clusters: Sequence[str], rate: float, stage: Stage) -> list[str]:
    """What the sender is started with."""
    words = ["send", "-timeout", f"{PATIENCE:g}s", "-ca", "/etc/drill/ca.pem", "-pace", f"{stage.pace:g}s"]
    for flow, turn in stage.streams.items():
        words += ["-stream", f"{flow}=pooled-{clusters[1]}.{NAMESPACE}:8081{f'/{turn:g}s' if turn else ''}"]
    words += ["-ledger", LEDGER] if stage.restarts else []
    return [*words, *(word for flow, address in addresses(clusters).items() for word in ("-flow", f"{flow}={address}@{rate:g}"))]


def manifests(clusters: Sequence[str], cluster: str, rate: float, picture: str, stage: Stage, ca: Authority) -> str:
    """What is applied to one cluster."""
    folder = {"hostPath": {"path": str(ledgers(cluster)), "type": "Directory"}} if stage.restarts else {"emptyDir": {}}
    # As Kubernetes does it for one replica unless told otherwise; said for two as well.
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    words = {"proxy": stage.proxy, "labels": stage.labels, "strategy": strategy, "ledger": {"name": "ledger", **folder},
             "send": arguments(clusters, rate, stage)}
    text = string.Template(MANIFEST.read_text(encoding="utf-8")).substitute(
        {name: json.dumps(value) for name, value in words.items()}, cluster=cluster, image=picture, clients=int(cluster == clusters[0]),
        servers=stage.servers, farewell=int(PATIENCE) + 5 if stage.restarts else 2)
    items = [*yaml.safe_load(text)["items"], *services(clusters, stage), *gateway(cluster, stage, ca), *stage.more(cluster)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def ledgers(cluster: str) -> Path:
    """Where clients that come and go write down what became of their requests, a file for each."""
    return paths.state() / cluster / "drill"


def picture() -> str:
    """The name of the image, which has a hash of its content."""
    return f"docker.io/lab/traffic:{programs.PROGRAMS['traffic'].key}"


class Load:
    """The load, which runs from `start` to `stop`. `requests` has the result of every request so far."""

    def __init__(self, estate: Estate, clusters: Sequence[str], rate: float, say: Say, stage: Stage | None = None) -> None:
        self._estate, self._clusters, self._rate, self._say, self._stage = estate, clusters, rate, say, stage or Stage()
        self._book = ledger.Book(ledgers(clusters[0])) if self._stage.restarts else None
        self._requests: list[Request] = []
        self._ca = make("those outside of the mesh")

    def start(self) -> None:
        self._bring_image()
        self.stop()
        if self._book:
            self._book.open()
        for cluster in self._clusters:
            self._estate.kubectl(cluster, "apply", "-f", "-", given=manifests(self._clusters, cluster, self._rate, picture(), self._stage, self._ca))
        for cluster in self._clusters:
            for name in self._estate.names(cluster, "deployments", "-n", NAMESPACE):
                self._estate.kubectl(cluster, "-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=180s")
        self._settle()

    @property
    def flows(self) -> tuple[str, ...]:
        """All that is sent, by name."""
        return (*FLOWS, *self._stage.streams)

    def _bring_image(self) -> None:
        binary = programs.build(programs.PROGRAMS["traffic"]) / "traffic"
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "traffic.tar"
            image.write(image.Image((picture(),), {"/usr/bin/traffic": binary}, ["/usr/bin/traffic"], "65534:65534"), archive)
            self._estate.lab("load-image", str(archive), *self._clusters)

    def _settle(self, patience: float = 90.0) -> None:
        """Wait until every flow has had answers without a loss for a while, because losses before the mesh knows the servers do not count."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            time.sleep(1.0)
            now = time.time()
            seen = ledger.flows(ledger.during(self.requests(), now - QUIET - 1, now - 1))
            if len(seen) == len(self.flows) and not any(flow.lost or flow.breaks for flow in seen.values()):
                return
        why = "; ".join(f"{flow.flow}: {flow.lost + flow.breaks} of {flow.sent} lost, {dict(flow.outcomes)}" for flow in seen.values())
        raise DrillError(f"The load did not come to be answered within {patience:.0f} s: {why or 'nothing is sent'}.")

    def requests(self) -> list[Request]:
        if self._book:
            self._requests += self._book.news()
            return self._requests
        told = self._estate.kubectl(self._clusters[0], "-n", NAMESPACE, "exec", "deploy/client", "-c", "traffic", "--",
                                    "/usr/bin/traffic", "take", "-since", str(len(self._requests)))
        self._requests += ledger.parse(told.splitlines())
        return self._requests

    def finished(self) -> list[Request]:
        """All requests, after those that are due by now have ended."""
        time.sleep(PATIENCE + 0.5)
        return self.requests()

    def sent_since(self, begin: float) -> int:
        """The number of requests of the flow that has sent the least."""
        seen = ledger.flows(ledger.during(self.requests(), begin, time.time()))
        bounded = [flow for flow, turn in self._stage.streams.items() if turn]
        return min((seen[flow].sent if flow in seen else 0) for flow in (*FLOWS, *bounded))

    def another_certificate(self) -> dict[str, str]:
        """Another certificate for the host that the gateway serves, as input of the role `rotate`."""
        made = serving(f"{GATEWAY}.{MESH}", self._ca)
        return {"cluster": self._clusters[0], "namespace": MESH, "name": GATEWAY,
                "certificate": made["tls.crt"].decode(), "private_key": made["tls.key"].decode()}

    def stop(self) -> None:
        for wait in ("false", "true"):  # so that both clusters are at it at once
            for cluster in self._clusters:
                self._estate.kubectl(cluster, "delete", OURS, "-n", MESH, "-l", ",".join(f"{name}={value}" for name, value in LABEL.items()))
                self._estate.kubectl(cluster, "delete", "namespace", NAMESPACE, *self._stage.spaces, "--ignore-not-found", f"--wait={wait}")
