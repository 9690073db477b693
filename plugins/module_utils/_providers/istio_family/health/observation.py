# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the objects of a cluster and istiod's answers into facts about what runs of Istio."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...._mesh.health.health import ControlPlaneRevision, Gateway, HealthFacts, Proxy, Remote
from ...._mesh.health.stuck import why
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Question, Read
from ...._mesh.report.managed import kept
from ..install import passage, tags, validator
from ..links import remote_secret
from ..proxy import release
from ..rotation.connected import of_istiod, running

_DEBUG_PORT = 15014
_DEBUG = {"remotes": "/debug/clusterz", "networks": "/debug/networkz", "proxies": "/debug/syncz"}
CONFIG_KINDS = ("cluster", "listener", "route", "endpoint", "extensionconfig")

CONFIGURATION = (
    ("networking.istio.io/v1", "DestinationRule"),
    ("networking.istio.io/v1", "Gateway"),
    ("networking.istio.io/v1", "ServiceEntry"),
    ("networking.istio.io/v1", "Sidecar"),
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "WorkloadEntry"),
    ("networking.istio.io/v1", "WorkloadGroup"),
    ("networking.istio.io/v1alpha3", "EnvoyFilter"),
    ("networking.istio.io/v1beta1", "ProxyConfig"),
    ("security.istio.io/v1", "AuthorizationPolicy"),
    ("security.istio.io/v1", "PeerAuthentication"),
    ("security.istio.io/v1", "RequestAuthentication"),
    ("telemetry.istio.io/v1", "Telemetry"),
    ("extensions.istio.io/v1alpha1", "WasmPlugin"),
)

KEPT = ("Deployment", "Service", "Secret", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "Namespace")


def reads(namespace: str) -> list[Read]:
    """Read control planes, gateways and their Services, links, and the nodes, which a NodePort needs."""
    return [
        Read("apps/v1", "Deployment", namespace, "app=istiod"),
        Read("apps/v1", "Deployment", namespace, "istio=eastwestgateway"),
        Read("v1", "Pod", namespace, "app=istiod"),
        Read("v1", "Pod", namespace, "istio=eastwestgateway"),
        Read("v1", "Service", namespace, "topology.istio.io/network"),
        Read("v1", "Node"),
        Read("v1", "Namespace", None, f"kubernetes.io/metadata.name={namespace}"),
        remote_secret.links(namespace),
        *tags.reads(namespace),
        validator.reads(),
    ]


def config(namespace: str) -> list[Read]:
    """Read the kinds with which users configure the mesh, and the Deployments in the control plane's namespace."""
    return [*(Read(version, kind, metadata_only=True) for version, kind in CONFIGURATION), Read("apps/v1", "Deployment", namespace, metadata_only=True)]


def ours(manifest: Object) -> bool:
    """Return whether the object comes from this collection: its own objects, the control plane and the gateways."""
    labels = manifest.get("metadata", {}).get("labels") or {}
    return remote_secret.ours(manifest) or labels.get("app") == "istiod" or labels.get("istio") == "eastwestgateway"


def questions(live: Live) -> list[Question]:
    """Ask each running istiod which clusters it has synced, for which networks it knows a gateway, and which proxies it serves."""
    serving = [pod for pod in live.get("Pod", ()) if of_istiod(pod) and running(pod)]
    return [
        Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], _DEBUG_PORT, path)
        for pod in serving
        for about, path in _DEBUG.items()
    ]


def health(cluster: str, live: Live, answers: Mapping[Question, str | None]) -> HealthFacts:
    """Return the facts. An answer is a JSON text, or None if the pod gave none."""
    read = {question: _entries(text) for question, text in answers.items()}
    answered = {question: body for question, body in read.items() if body is not None}
    planes = [plane(d, live.get("Pod", ())) for d in _labelled(live, "Deployment", "app", "istiod")]
    revisions = {pod["metadata"]["name"]: str((pod["metadata"].get("labels") or {}).get("istio.io/rev", "")) for pod in live.get("Pod", ())}
    return HealthFacts(
        cluster=cluster,
        planes=planes,
        remotes=[remote for q, body in answered.items() if q.about == "remotes" for remote in _remotes(cluster, q.pod, body)],
        gateways=_gateways(live),
        links=sorted(remote_secret.linked(secret) for secret in live.get("Secret", ())),
        reachable_networks=_networks(body for q, body in answered.items() if q.about == "networks"),
        proxies=[proxy for q, body in answered.items() if q.about == "proxies" for proxy in _proxies(cluster, body, revisions.get(q.pod, ""))],
        answered=sorted(q.pod for q in answered if q.about == "remotes"),
        unanswered=sorted(f"{q.pod}{q.path}" for q, body in read.items() if body is None),
        served_by=_served_by(live),
        tags=tags.seen(live, {plane.revision: plane.version for plane in planes}),
        default_revision=validator.revision(live),
        kept=kept(one for kind in KEPT for one in live.get(kind, ())),
    )


def _entries(text: str | None) -> list[Any] | None:
    """Return the list in an answer. Go writes an empty list as null. An answer without a list does not come from istiod."""
    try:
        body = json.loads(text or "null")
    except ValueError:
        return None
    if text is not None and body is None:
        return []
    return body if isinstance(body, list) else None


def _labelled(live: Live, kind: str, label: str, value: str) -> list[Object]:
    return [o for o in live.get(kind, ()) if (o["metadata"].get("labels") or {}).get(label) == value]


def plane(deployment: Object, pods: Iterable[Object]) -> ControlPlaneRevision:
    """Return the revision that an istiod's Deployment runs."""
    labels = deployment["metadata"].get("labels") or {}
    status = deployment.get("status", {})
    revision = labels.get("istio.io/rev", "default")
    own = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get("istio.io/rev") == revision and of_istiod(pod)]
    wanted, ready = int(deployment["spec"].get("replicas") or 0), int(status.get("readyReplicas") or 0)
    stuck = why(deployment, own) if ready < max(wanted, 1) else None
    return ControlPlaneRevision(revision, version(deployment), wanted, ready, stuck.text if stuck else "", bool(stuck and stuck.lasting))


def version(workload: Object) -> str:
    """Return the version of the first image of a workload."""
    return release(workload, str(workload["spec"]["template"]["spec"]["containers"][0]["image"]))


def _remotes(cluster: str, pod: str, body: Iterable[Object]) -> list[Remote]:
    return [Remote(pod, str(entry["id"]), str(entry.get("syncStatus", "unknown"))) for entry in body if entry.get("id") != cluster]


def _networks(bodies: Iterable[Iterable[Object]]) -> list[str]:
    """Return the networks for which every answering istiod knows a gateway address."""
    known = [{str(entry["Network"]) for entry in body if entry.get("Addr")} for body in bodies]
    return sorted(set.intersection(*known)) if known else []


def _proxies(cluster: str, body: Iterable[Object], revision: str) -> list[Proxy]:
    proxies = []
    for entry in body:
        if entry.get("cluster_id") not in (None, "", cluster):
            continue
        name, _dot, namespace = str(entry.get("proxy", "")).partition(".")
        stale = [kind for kind in CONFIG_KINDS if entry.get(f"{kind}_sent") != entry.get(f"{kind}_acked")]
        proxies.append(Proxy(name, namespace, str(entry.get("istio_version", "")), stale, revision))
    return proxies


def _gateways(live: Live) -> list[Gateway]:
    services = [one for one in live.get("Service", ()) if "topology.istio.io/network" in one["metadata"]["labels"]]
    return [_gateway(service, _behind(service, live), live) for service in services]


def _behind(service: Object, live: Live) -> list[Object]:
    """The Deployments that serve through it. While a cutover moves a gateway there is a second one, and one of both may have no pods."""
    picks = (service.get("spec") or {}).get("selector") or {}
    known = _labelled(live, "Deployment", "istio", "eastwestgateway")
    chosen = [one for one in known if picks and picks.items() <= _pods_of(one).items()]
    return chosen or [one for one in known if one["metadata"]["name"] == service["metadata"]["name"]]


def _pods_of(deployment: Object) -> dict[str, Any]:
    return (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}


def _gateway(service: Object, deployments: list[Object], live: Live) -> Gateway:
    meta, pods = service["metadata"], _labelled(live, "Pod", "istio", "eastwestgateway")
    counts = [(int(one["spec"].get("replicas") or 0), int((one.get("status") or {}).get("readyReplicas") or 0), one) for one in deployments]
    desired, ready = sum(wanted for wanted, _ready, _one in counts), sum(there for _wanted, there, _one in counts)
    lacking = [one for wanted, there, one in counts if there < (wanted if desired else 1)]
    reasons = [stuck for one in lacking if (stuck := why(one, [pod for pod in pods if _pods_of(one).items() <= (pod["metadata"].get("labels") or {}).items()]))]
    stuck = next((one for one in reasons if one.lasting), reasons[0] if reasons else None)
    return Gateway(
        name=meta["name"],
        namespace=meta["namespace"],
        network=meta["labels"]["topology.istio.io/network"],
        desired=desired,
        ready=ready,
        addresses=passage.addresses(service, live.get("Node", ())),
        reason=stuck.text if stuck else "",
        lasting=bool(stuck and stuck.lasting),
    )


def _served_by(live: Live) -> str:
    for space in live.get("Namespace", ()):
        annotations = space["metadata"].get("annotations") or {}
        return str(annotations.get("topology.istio.io/controlPlaneClusters", ""))
    return ""
