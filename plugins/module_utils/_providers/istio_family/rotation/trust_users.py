# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the trust users of istiod's CA: istiod itself, a ConfigMap in each namespace, and each proxy."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...._mesh.objects.pod_owner import workload
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Greeting, Question
from ...._mesh.rotation.trust_users import CONFIG, CONTROL_PLANE, PROXY, ControlPlaneDeployment, ProxyCertificates, TrustUser
from ..proxy import admin_port, environment, instance, online, release
from ..trust import external_ca
from ..trust.trust import CONFIG_MAP
from .apart import foreign, ztunnel
from .quirks import quirks

WORKLOADS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1"}
BUNDLE_KEY = "root-cert.pem"

_CA_PORT = 15012
_DUMP = "/config_dump?resource=dynamic_active_secrets"
ABSENT = TrustUser(CONFIG, "", CONFIG_MAP, fault="it is not there, and proxies run in its namespace")


def planes(live: Live) -> list[ControlPlaneDeployment]:
    """Return the control planes of all revisions."""
    return [_plane(deployment, live.get("ConfigMap", ())) for deployment in live.get("Deployment", ())]


def _plane(deployment: Object, maps: Sequence[Object]) -> ControlPlaneDeployment:
    metadata, spec = deployment["metadata"], deployment["spec"]
    given, image = environment(spec["template"], "discovery")
    other = external_ca.authority(deployment, maps)
    version = release(deployment, image)
    return ControlPlaneDeployment(
        name=metadata["name"],
        revision=(metadata.get("labels") or {}).get("istio.io/rev", "default"),
        version=version,
        desired=int(spec.get("replicas") or 0),
        ready=int((deployment.get("status") or {}).get("readyReplicas") or 0),
        online=_true(given.get("ISTIO_MULTIROOT_MESH")),
        signs=not other,
        external_issuer=other,
        quirks=tuple(quirks([version])),
    )


def _true(value: str | None) -> bool:
    """Read a boolean as Go does."""
    return (value or "").lower() in ("1", "t", "true")


def control_planes(live: Live) -> list[tuple[TrustUser, Greeting]]:
    """Return each istiod that runs, ready or not. One that is not ready yet will sign with the CA that it has read."""
    asked = []
    for pod in live.get("Pod", ()):
        process = instance(pod, "discovery")
        if not process:
            continue
        space, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        given, _image = environment(pod, "discovery")
        holder = TrustUser(CONTROL_PLANE, space, name, online=_true(given.get("ISTIO_MULTIROOT_MESH")), workload=workload(pod), instance=process)
        asked.append((holder, Greeting(space, name, _CA_PORT, f"istiod.{space}.svc", ("h2",))))
    return asked


def bundles(live: Live) -> list[tuple[TrustUser, bytes]]:
    """Return the ConfigMap of each namespace that has one, without namespaces that are being deleted."""
    gone = ending(live)
    there = {one["metadata"]["namespace"]: one for one in live.get("ConfigMap", ()) if one["metadata"]["name"] == CONFIG_MAP}
    return [_bundle(space, there[space]) for space in sorted(there.keys() - gone)]


def _bundle(space: str, config_map: Object) -> tuple[TrustUser, bytes]:
    pem = str((config_map.get("data") or {}).get(BUNDLE_KEY) or "")
    return TrustUser(CONFIG, space, CONFIG_MAP, fault="" if pem.strip() else f"it has no {BUNDLE_KEY}"), pem.encode()


def ending(live: Live) -> frozenset[str]:
    """Return the namespaces that are being deleted."""
    return frozenset(space["metadata"]["name"] for space in live.get("Namespace", ()) if space["metadata"].get("deletionTimestamp"))


def proxies(live: Live, namespace: str) -> list[tuple[TrustUser, Question]]:
    """Return each running proxy: sidecars of either kind and gateways. Pods that are being deleted count too, because they still serve."""
    asked = []
    for pod in live.get("Pod", ()):
        process = instance(pod, "istio-proxy")
        if process and not ztunnel(pod) and not foreign(pod, namespace):
            space, name, owner = pod["metadata"]["namespace"], pod["metadata"]["name"], workload(pod)
            rolled = owner if owner.partition("/")[0] in WORKLOADS else ""
            holder = TrustUser(PROXY, space, name, online=online(pod), workload=rolled, instance=process)
            asked.append((holder, Question("certificates", space, name, admin_port(pod), _DUMP)))
    return asked


def unmeasured(live: Live, namespace: str) -> dict[str, list[str]]:
    """Return pods that have a container with the name of a proxy's container and are not asked: `node_proxies` and `foreign` pods."""
    running = [pod for pod in live.get("Pod", ()) if instance(pod, "istio-proxy")]
    others = [pod for pod in running if not ztunnel(pod) and foreign(pod, namespace)]
    kinds = {"node_proxies": [pod for pod in running if ztunnel(pod)], "foreign": others}
    return {kind: [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods] for kind, pods in kinds.items()}


def meshes(live: Live) -> list[str]:
    """Return the configurations of the meshes whose control planes run here, as YAML."""
    revisions = {plane.revision for plane in planes(live)}
    maps = [one for one in live.get("ConfigMap", ()) if one["metadata"]["name"] != CONFIG_MAP and "mesh" in (one.get("data") or {})]
    return [str(one["data"]["mesh"]) for one in maps if (one["metadata"].get("labels") or {}).get("istio.io/rev", "default") in revisions]


def certificates(dump: bytes) -> ProxyCertificates:
    """Read Envoy's dump of its secrets; raise a ValueError for anything else. A proxy that got nothing to do yet has no secrets."""
    document = json.loads(dump)
    if not isinstance(document, dict) or (document and "configs" not in document):
        raise ValueError("it is not a dump of Envoy's secrets")
    secrets = {entry.get("name"): entry.get("secret") or {} for entry in document.get("configs") or []}
    chain = (secrets.get("default", {}).get("tls_certificate") or {}).get("certificate_chain")
    roots = (secrets.get("ROOTCA", {}).get("validation_context") or {}).get("trusted_ca")
    return ProxyCertificates(_inline(chain), _inline(roots))


def _inline(source: Mapping[str, Any] | None) -> bytes | None:
    if source is None:
        return None
    try:
        return base64.b64decode(source["inline_bytes"]) if "inline_bytes" in source else str(source["inline_string"]).encode()
    except (KeyError, binascii.Error) as unreadable:
        raise ValueError("its certificates are not in it") from unreadable


def added(live: Live) -> bytes:
    """Return the PEM of the roots that meshConfig.caCertificates gives to proxies beside those of the CA. Their YAML may be folded or quoted."""
    texts = [str((one.get("data") or {}).get("mesh") or "") for one in live.get("ConfigMap", ()) if one["metadata"]["name"] != CONFIG_MAP]
    return "\n".join(texts).replace("\\n", "\n").encode()
