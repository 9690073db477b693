# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else expires in a mesh beside what its CA issues: gateways' certificates, webhooks' CAs, the tokens of remote secrets."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.question import Read
from . import credential_name

_CERTIFICATE_KEYS = ("tls.crt", "cert")
_TOKEN = re.compile(r"""\btoken["']?\s*:\s*["']?([\w.=-]+)""")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")

Object = Mapping[str, Any]
Live = Mapping[str, Sequence[Object]]


def reads(namespace: str) -> list[Read]:
    """Istio's gateways and those of the Gateway API, the webhooks of all revisions, the remote secrets."""
    return [
        Read("networking.istio.io/v1", "Gateway"),
        Read("gateway.networking.k8s.io/v1", "Gateway"),
        *(Read("admissionregistration.k8s.io/v1", kind) for kind in _WEBHOOKS),
        Read("v1", "Secret", namespace, "istio/multiCluster=true"),
    ]


def served(live: Live) -> list[Ref]:
    """The Secrets that gateways serve from. Istio looks for them where the pods of the gateway run."""
    found = [ref for gateway in live.get("Gateway", ()) for ref in _refs(gateway, live.get("Pod", ()))]
    return list(dict.fromkeys(found))


def _refs(gateway: Object, pods: Sequence[Object]) -> Iterator[Ref]:
    space, spec = gateway["metadata"]["namespace"], gateway.get("spec") or {}
    wanted = spec.get("selector") or {}
    there = {pod["metadata"]["namespace"] for pod in pods if wanted and _carries(pod, wanted)}
    for server in spec.get("servers") or []:
        for name in credential_name.names(server.get("tls") or {}):
            yield from filter(None, (credential_name.secret(name, place) for place in sorted(there) or [space]))
    for listener in spec.get("listeners") or []:
        for ref in (listener.get("tls") or {}).get("certificateRefs") or []:
            secret = credential_name.referred(ref, space)
            if secret:
                yield secret


def _carries(pod: Object, wanted: Mapping[str, str]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def certificate(secret: Object) -> bytes:
    """The PEM that a gateway serves from a Secret, never its key."""
    data = secret.get("data") or {}
    return next((_decoded(data[key]) for key in _CERTIFICATE_KEYS if data.get(key)), b"")


def authorities(live: Live) -> list[tuple[str, bytes]]:
    """By webhook configuration, the CA by which the API server trusts istiod; those of others are left out."""
    found: dict[tuple[str, bytes], None] = {}
    for kind in _WEBHOOKS:
        for one in live.get(kind, ()):
            if (one["metadata"].get("labels") or {}).get("app") not in ("sidecar-injector", "istiod"):
                continue
            for webhook in one.get("webhooks") or []:
                found[(f"{kind}/{one['metadata']['name']}", _decoded((webhook.get("clientConfig") or {}).get("caBundle")))] = None
    return [entry for entry in found if entry[1]]


def tokens(live: Live) -> list[tuple[str, str, str]]:
    """Of each remote secret where it is, when it was made, and the token in it, which is not to be told further."""
    found = []
    for secret in live.get("Secret", ()):
        metadata = secret["metadata"]
        for content in (secret.get("data") or {}).values():
            token = _TOKEN.search(_decoded(content).decode(errors="replace"))
            if token:
                found.append((f"{metadata['namespace']}/{metadata['name']}", str(metadata.get("creationTimestamp") or ""), token[1]))
    return found


def _decoded(value: str | None) -> bytes:
    try:
        return base64.b64decode(value or "")
    except binascii.Error:
        return b""


def permissions(namespace: str) -> list[dict[str, str]]:
    """What it takes to see all of this beside what the observation of trust needs. A gateway's Secret may be in any namespace."""
    groups = {"networking.istio.io": ["gateways"], "gateway.networking.k8s.io": ["gateways"]}
    groups["admissionregistration.k8s.io"] = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]
    wide = [{"verb": "list", "group": group, "resource": resource} for group, resources in groups.items() for resource in resources]
    secrets = {"verb": "list", "group": "", "resource": "secrets", "namespace": namespace}
    return [*wide, {"verb": "get", "group": "", "resource": "secrets"}, secrets]
