# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what expires in a mesh besides its CA and proxies: certificates of gateways, CAs of webhooks, and tokens of remote secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from ...._mesh.gateways.certificates import Expires, LinkToken
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ..links import remote_secret
from . import named

_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def reads(namespace: str) -> list[Read]:
    """Read the gateways of Istio and of the Gateway API, all pods, the webhooks of all revisions, and the remote secrets."""
    return [
        Read("networking.istio.io/v1", "Gateway"),
        Read("gateway.networking.k8s.io/v1", "Gateway"),
        *(Read("admissionregistration.k8s.io/v1", kind) for kind in _WEBHOOKS),
        Read("v1", "Secret", namespace, "istio/multiCluster=true"),
        Read("v1", "Pod", metadata_only=True, fields="status.phase!=Succeeded,status.phase!=Failed"),
    ]


def judge(live: Live, _answers: Answers) -> Expires:
    return Expires(_secrets(live), _authorities(live), _tokens(live.get("Secret", ())))


def _secrets(live: Live) -> list[Ref]:
    refs = [one.secret for gateway in live.get("Gateway", ()) for one in named.secrets(gateway, live.get("Pod", ()))]
    return list(dict.fromkeys(refs))


def _authorities(live: Live) -> list[tuple[str, bytes]]:
    """Return the CAs with which the API server trusts istiod, by webhook configuration. Other tools' webhooks are left out."""
    authorities: dict[tuple[str, bytes], None] = {}
    for kind in _WEBHOOKS:
        for configuration in live.get(kind, ()):
            if (configuration["metadata"].get("labels") or {}).get("app") not in ("sidecar-injector", "istiod"):
                continue
            for webhook in configuration.get("webhooks") or []:
                authorities[(f"{kind}/{configuration['metadata']['name']}", _decoded((webhook.get("clientConfig") or {}).get("caBundle")))] = None
    return [entry for entry in authorities if entry[1]]


def _tokens(secrets: Sequence[Object]) -> list[LinkToken]:
    link_tokens = []
    for secret in secrets:
        meta = secret["metadata"]
        tokens = (remote_secret.token(secret, key).decode() for key in secret.get("data") or {})
        link_tokens += [LinkToken(f"{meta['namespace']}/{meta['name']}", str(meta.get("creationTimestamp") or ""), token) for token in tokens if token]
    return link_tokens


def _decoded(value: str | None) -> bytes:
    try:
        return base64.b64decode(value or "")
    except binascii.Error:
        return b""


def permissions(namespace: str) -> list[dict[str, str]]:
    """Return the rights for all of this, besides those for observing trust. A gateway's Secret may be in any namespace."""
    groups = {"networking.istio.io": ["gateways"], "gateway.networking.k8s.io": ["gateways"]}
    groups["admissionregistration.k8s.io"] = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]
    wide = [{"verb": "list", "group": group, "resource": resource} for group, resources in groups.items() for resource in resources]
    secrets = {"verb": "list", "group": "", "resource": "secrets", "namespace": namespace}
    return [*wide, {"verb": "get", "group": "", "resource": "secrets"}, secrets]
