# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Gateways` for Istio: the certificates that gateways serve, and what else expires."""

from __future__ import annotations

from typing import Any

from ...._mesh.gateways.certificates import Expires, Use
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Object
from ...._mesh.trust.certificate import Material, Names
from ...._mesh.trust.root_secret import decoded, encoded
from . import expiring as _expiring
from . import serving

_TLS, _GENERIC = ("tls.crt", "tls.key"), ("cert", "key")


def uses() -> Look[list[Use]]:
    """Find which gateway serves which Secret. A Gateway of Istio uses the Secret in the namespace of each pod that it selects."""
    return Look(serving.READS, serving.uses)


def _keys(secret: Object) -> tuple[str, str]:
    return _GENERIC if _GENERIC[0] in (secret.get("data") or {}) and _TLS[0] not in (secret.get("data") or {}) else _TLS


def served(secret: Object) -> Material:
    """Return the certificate with its chain, and the key."""
    certificate, key = _keys(secret)
    data = secret.get("data") or {}
    return Material(decoded(data.get(certificate, "")), decoded(data.get(key, "")), names=Names(certificate, key, certificate, certificate))


def patch(secret: Object, certificate: bytes, key: bytes) -> dict[str, Any]:
    """Return a patch that replaces the certificate and the key together. Other data, such as a CA for clients, stays."""
    parts = _keys(secret)
    return {"data": {parts[0]: encoded(certificate), parts[1]: encoded(key)}}


def expiring(namespace: str) -> Look[Expires]:
    """Find the certificates of gateways, the CAs of webhooks, and the tokens of remote secrets."""
    return Look(_expiring.reads(namespace), _expiring.judge)


def permissions() -> list[dict[str, str]]:
    """Return the rights for these looks and patches. Gateways may be in any namespace."""
    wanted = [
        *((group, "gateways", "list") for group in ("networking.istio.io", "gateway.networking.k8s.io")),
        *(("", resource, "list") for resource in ("services", "pods")),
        *(("", "secrets", verb) for verb in ("get", "patch")),
        *(("", "pods/portforward", verb) for verb in ("get", "create")),
    ]
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]
