# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who lives by the certificates of istiod's CA: istiod itself, a ConfigMap in each namespace, each proxy."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.question import Greeting, Question, Read
from ...._mesh.rotation.observed import CONFIG, CONTROL_PLANE, PROXY, Held, Holder, Plane
from ..proxy import admin_port, environment, instance, online, workload
from ..trust import external_ca, trust
from ..trust.trust import CONFIG_MAP
from . import apart
from .apart import foreign, ztunnel

WORKLOADS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1"}
BUNDLE_KEY = "root-cert.pem"
PREVIOUS_NAME = f"{trust.SECRET_NAME}-previous"

_CA_PORT = 15012
_DUMP = "/config_dump?resource=dynamic_active_secrets"
_LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"

Object = Mapping[str, Any]
Live = Mapping[str, Sequence[Object]]


def secret(namespace: str) -> Ref:
    """The CA that istiod signs with."""
    return trust.objects(namespace)[0]


def previous(namespace: str) -> Ref:
    """The CA that it signed with before, kept while a rotation can be turned back."""
    return Ref("v1", "Secret", PREVIOUS_NAME, namespace)


def reads(namespace: str) -> list[Read]:
    """All but the proxies. A pod that starts after these were seen to be new can only be given what is new, so pods are listed later."""
    return [
        Read("apps/v1", "Deployment", namespace, "app=istiod"),
        Read("v1", "Pod", namespace, "app=istiod"),
        Read("v1", "ConfigMap", fields=f"metadata.name={CONFIG_MAP}"),
        Read("v1", "ConfigMap", namespace, "istio.io/rev"),
        Read("v1", "Namespace", metadata_only=True),
    ]


def pods() -> list[Read]:
    """Any pod may have a proxy, and no label tells all of them."""
    return [Read("v1", "Pod", fields=_LIVE_PODS)]


def planes(live: Live) -> list[Plane]:
    """The control planes of all revisions."""
    return [_plane(deployment, live.get("ConfigMap", ())) for deployment in live.get("Deployment", ())]


def _plane(deployment: Object, maps: Sequence[Object]) -> Plane:
    metadata, spec = deployment["metadata"], deployment["spec"]
    given, image = environment(spec["template"], "discovery")
    other = external_ca.authority(deployment, maps)
    last = image.rsplit("/", 1)[-1].partition("@")[0]
    return Plane(
        name=metadata["name"],
        revision=(metadata.get("labels") or {}).get("istio.io/rev", "default"),
        version=last.partition(":")[2] or last,
        desired=int(spec.get("replicas") or 0),
        ready=int((deployment.get("status") or {}).get("readyReplicas") or 0),
        online=_true(given.get("ISTIO_MULTIROOT_MESH")),
        signs=not other,
        instead=other,
    )


def _true(value: str | None) -> bool:
    """As Go reads a boolean."""
    return (value or "").lower() in ("1", "t", "true")


def control_planes(live: Live) -> list[tuple[Holder, Greeting]]:
    """Each istiod that runs, ready or not: what is not ready yet will sign with what it has read."""
    found = []
    for pod in live.get("Pod", ()):
        process = instance(pod, "discovery")
        if not process:
            continue
        space, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        given, _image = environment(pod, "discovery")
        holder = Holder(CONTROL_PLANE, space, name, online=_true(given.get("ISTIO_MULTIROOT_MESH")), workload=workload(pod), instance=process)
        found.append((holder, Greeting(space, name, _CA_PORT, f"istiod.{space}.svc", ("h2",))))
    return found


def bundles(live: Live, needed: Collection[str]) -> list[tuple[Holder, bytes]]:
    """The ConfigMap of each namespace that has one, and the lack of it in each that needs one. Namespaces in deletion are let go."""
    leaving = {space["metadata"]["name"] for space in live.get("Namespace", ()) if space["metadata"].get("deletionTimestamp")}
    there = {one["metadata"]["namespace"]: one for one in live.get("ConfigMap", ()) if one["metadata"]["name"] == CONFIG_MAP}
    spaces = sorted((there.keys() | set(needed)) - leaving)
    return [_bundle(space, there.get(space)) for space in spaces]


def _bundle(space: str, found: Object | None) -> tuple[Holder, bytes]:
    pem = str(((found or {}).get("data") or {}).get(BUNDLE_KEY) or "")
    fault = ""
    if found is None:
        fault = "it is not there, and proxies run in its namespace"
    elif not pem.strip():
        fault = f"it has no {BUNDLE_KEY}"
    return Holder(CONFIG, space, CONFIG_MAP, fault=fault), pem.encode()


def proxies(live: Live, namespace: str) -> list[tuple[Holder, Question]]:
    """Each running proxy: sidecars of either kind and gateways, also of pods that are being deleted, for they still serve."""
    found = []
    for pod in live.get("Pod", ()):
        process = instance(pod, "istio-proxy")
        if process and not ztunnel(pod) and not foreign(pod, namespace):
            space, name, owner = pod["metadata"]["namespace"], pod["metadata"]["name"], workload(pod)
            rolled = owner if owner.partition("/")[0] in WORKLOADS else ""
            holder = Holder(PROXY, space, name, online=online(pod), workload=rolled, instance=process)
            found.append((holder, Question("certificates", space, name, admin_port(pod), _DUMP)))
    return found


def selected(spaces: Sequence[Mapping[str, Any]], meshes: Sequence[Any]) -> Collection[str] | None:
    """The namespaces that the mesh's configurations select; None for all."""
    return apart.selected(spaces, meshes)


def unmeasured(live: Live, namespace: str) -> dict[str, list[str]]:
    """Pods that have a container called as a proxy's and are not asked: `ambient` ones and `foreign` ones."""
    running = [pod for pod in live.get("Pod", ()) if instance(pod, "istio-proxy")]
    others = [pod for pod in running if not ztunnel(pod) and foreign(pod, namespace)]
    kinds = {"ambient": [pod for pod in running if ztunnel(pod)], "foreign": others}
    return {kind: [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods] for kind, pods in kinds.items()}


def meshes(live: Live) -> list[str]:
    """The configurations of the meshes whose control planes run here, as YAML."""
    revisions = {plane.revision for plane in planes(live)}
    maps = [one for one in live.get("ConfigMap", ()) if one["metadata"]["name"] != CONFIG_MAP and "mesh" in (one.get("data") or {})]
    return [str(one["data"]["mesh"]) for one in maps if (one["metadata"].get("labels") or {}).get("istio.io/rev", "default") in revisions]


def held(dump: bytes) -> Held:
    """From Envoy's dump of its secrets; a ValueError for what is not one. A proxy that was given nothing to do yet has no secrets."""
    told = json.loads(dump)
    if not isinstance(told, dict) or (told and "configs" not in told):
        raise ValueError("it is not a dump of Envoy's secrets")
    secrets = {entry.get("name"): entry.get("secret") or {} for entry in told.get("configs") or []}
    chain = (secrets.get("default", {}).get("tls_certificate") or {}).get("certificate_chain")
    roots = (secrets.get("ROOTCA", {}).get("validation_context") or {}).get("trusted_ca")
    return Held(_inline(chain), _inline(roots))


def _inline(source: Mapping[str, Any] | None) -> bytes | None:
    if source is None:
        return None
    try:
        return base64.b64decode(source["inline_bytes"]) if "inline_bytes" in source else str(source["inline_string"]).encode()
    except (KeyError, binascii.Error) as unreadable:
        raise ValueError("its certificates are not in it") from unreadable


def added(live: Live) -> bytes:
    """The PEM of the roots that meshConfig.caCertificates gives to the proxies beside the CA's; their YAML may be folded or quoted."""
    texts = [str((one.get("data") or {}).get("mesh") or "") for one in live.get("ConfigMap", ()) if one["metadata"]["name"] != CONFIG_MAP]
    return "\n".join(texts).replace("\\n", "\n").encode()


def permissions(namespace: str) -> list[dict[str, str]]:
    """What it takes to see all of this. A port is forwarded by a GET that becomes a WebSocket; newer API servers ask for `create` too."""
    everywhere = [("", "namespaces", "list"), ("", "configmaps", "list"), ("", "pods", "list"), ("", "pods", "get")]
    everywhere += [("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
    inside = [("", "secrets", "get"), ("apps", "deployments", "list")]
    return [*_rights(everywhere), *({**right, "namespace": namespace} for right in _rights(inside))]


def _rights(wanted: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]
