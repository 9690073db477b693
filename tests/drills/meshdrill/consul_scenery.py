# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in two datacenters of Consul during its drill: servers in both, and clients that ask them through their sidecars. Pure.

client ──pooled, fresh──────────> the servers of its own datacenter; those of the other one when its own are gone
client ──pooled, fresh (across)─> the servers of the other datacenter

`pooled` is HTTP to the sidecars, which keep their connections. `fresh` is TCP to them: each request has a connection of its own, and so a handshake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .app import LABEL, LEDGER, NAMESPACE, PATIENCE, ledgers, picture

PEERING, FEDERATION = "peering", "federation"
SERVICES = {"pooled": "http", "fresh": "tcp"}
# Behind the sidecar, on the loopback of the pod; the sender's own port is 9000.
UPSTREAMS = {"inside-pooled": ("pooled", False, 9001), "inside-handshake": ("fresh", False, 9002), "across-pooled": ("pooled", True, 9003),
             "across-handshake": ("fresh", True, 9004)}
PORT = 8080
READY = "http://127.0.0.1:19001/ready"  # where the client's Envoy says that it serves; nothing holds the client back until then
CONNECT = "5s"


def sent(clusters: Sequence[str], cluster: str) -> list[str]:
    """What the client of a cluster sends. The second one shows that its own datacenter serves, whatever happens to the first."""
    return [name for name in UPSTREAMS if cluster == clusters[0] or name.startswith("inside")]


def flow(cluster: str, name: str) -> str:
    return f"{cluster}-{name}"


def flows(clusters: Sequence[str]) -> list[str]:
    return [flow(cluster, name) for cluster in clusters for name in sent(clusters, cluster)]


def workloads(clusters: Sequence[str], cluster: str) -> list[dict[str, Any]]:
    """The services of a datacenter, as an inventory declares them in mesh_workloads."""
    (other,) = (one for one in clusters if one != cluster)
    callers = [{"service": "client"}, {"service": "client", "cluster": other}]
    servers = [{"service": name, "namespace": NAMESPACE, "kind": "Deployment", "name": name, "port": PORT, "protocol": protocol, "callers": callers}
               for name, protocol in SERVICES.items()]
    upstreams = [{"service": service, "port": port, **({"cluster": other} if crosses else {})} for service, crosses, port in UPSTREAMS.values()]
    return [*servers, {"service": "client", "namespace": NAMESPACE, "kind": "Deployment", "name": "client", "port": PORT, "protocol": "http",
                       "upstreams": upstreams}]


def entries(clusters: Sequence[str], cluster: str, mesh: str) -> list[dict[str, Any]]:
    """The failover of the services, as an inventory declares it. In a federation only the primary has entries, which hold in both datacenters."""
    if mesh == FEDERATION:
        target: dict[str, Any] = {"Datacenters": list(clusters)} if cluster == clusters[0] else {}
    else:
        target = {"Targets": [{"Peer": other} for other in clusters if other != cluster]}
    return [{"Kind": "service-resolver", "Name": name, "ConnectTimeout": CONNECT, "Failover": {"*": target}} for name in SERVICES if target]


def variables(clusters: Sequence[str], mesh: str) -> dict[str, Any]:
    """What `site` is given beside the lab's inventory."""
    return {"drill_workloads": {cluster: workloads(clusters, cluster) for cluster in clusters},
            "drill_entries": {cluster: entries(clusters, cluster, mesh) for cluster in clusters},
            "mesh_workloads": "{{ drill_workloads[inventory_hostname] }}",
            "mesh_cluster_values": {"entries": {"declared": "{{ drill_entries[inventory_hostname] }}"}}}


def objects(clusters: Sequence[str], cluster: str, rate: float) -> Iterator[dict[str, Any]]:
    """The Deployments without their sidecars, which `site` gives them."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    for name in SERVICES:
        yield _deployment(name, ["serve", "-http", f"127.0.0.1:{PORT}", "-grpc", "127.0.0.1:8081"], farewell=6)
    client = _deployment("client", arguments(clusters, cluster, rate), farewell=0)
    pod = client["spec"]["template"]["spec"]
    # Two rotations make the client anew. What became of its requests is not to go with it.
    pod["volumes"] = [{"name": "ledger", "hostPath": {"path": str(ledgers(cluster)), "type": "Directory"}}]
    pod["containers"][0]["volumeMounts"] = [{"name": "ledger", "mountPath": LEDGER}]
    yield client


def arguments(clusters: Sequence[str], cluster: str, rate: float) -> list[str]:
    words = ["send", "-timeout", f"{PATIENCE:g}s", "-ledger", LEDGER, "-await", READY]
    for name in sent(clusters, cluster):
        service, _crosses, port = UPSTREAMS[name]
        words += ["-flow", f"{flow(cluster, name)}=http://127.0.0.1:{port}/@{rate:g}"]
        words += ["-fresh", flow(cluster, name)] if SERVICES[service] == "tcp" else []
    return words


def _deployment(name: str, words: Sequence[str], farewell: int) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "traffic", "image": picture(), "imagePullPolicy": "IfNotPresent", "args": list(words)}
    if farewell:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": farewell}}}
    # Its sidecar serves for some seconds after the pod was told to end.
    pod = {"terminationGracePeriodSeconds": 20, "containers": [container]}
    labels: Mapping[str, str] = {**LABEL, "app": name}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"replicas": 1, "strategy": strategy, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": dict(labels)}, "spec": pod}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": NAMESPACE, "labels": dict(LABEL)}, "spec": spec}
