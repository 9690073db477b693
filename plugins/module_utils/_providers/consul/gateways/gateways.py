# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Gateways` for Consul: the certificates of its agents expire, and no gateway serves a Secret."""

from __future__ import annotations

from ...._mesh.gateways.certificates import Expires, Use
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.question import Answers, Read
from ...._mesh.trust.certificate import Material, Names
from ...._mesh.trust.root_secret import decoded, encoded
from ..names import AGENT_TLS, SERVER_TLS

_CERTIFICATE, _KEY = "tls.crt", "tls.key"
_AGENTS = (SERVER_TLS, AGENT_TLS)


def uses() -> Look[list[Use]]:
    """Return nothing: the certificates of API gateways are entries in Consul, and mesh gateways pass TLS on."""
    return Look((), _none)


def _none(_live: Live, _answers: Answers) -> list[Use]:
    return []


def served(secret: Object) -> Material:
    """Return the certificate with its chain, and the key."""
    data = secret.get("data") or {}
    return Material(decoded(data.get(_CERTIFICATE)), decoded(data.get(_KEY)), names=Names(_CERTIFICATE, _KEY, _CERTIFICATE, _CERTIFICATE))


def patch(secret: Object, certificate: bytes, key: bytes) -> Manifest:
    """Return a patch that replaces the certificate and the key together. The CA beside them stays."""
    return {"data": {_CERTIFICATE: encoded(certificate), _KEY: encoded(key)}}


def expiring(namespace: str) -> Look[Expires]:
    """Find the certificates of servers and client agents."""
    return Look([Read("v1", "Secret", namespace, metadata_only=True)], _expiring)


def _expiring(live: Live, _answers: Answers) -> Expires:
    own = [one for one in live.get("Secret", ()) if one["metadata"]["name"] in _AGENTS]
    return Expires([Ref("v1", "Secret", str(one["metadata"]["name"]), one["metadata"].get("namespace")) for one in own], [], [])


def permissions() -> list[dict[str, str]]:
    """Return the rights for these looks."""
    return [{"verb": verb, "group": "", "resource": "secrets"} for verb in ("get", "list", "patch")]
