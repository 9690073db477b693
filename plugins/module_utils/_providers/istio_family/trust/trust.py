# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write and read the CA that istiod signs with: the Secret `cacerts`, and what istiod requires of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers
from ...._mesh.trust.certificate import Material, Names
from ...._mesh.trust.prepared import TrustNeeds
from ...._mesh.trust.root_secret import decoded, encoded, labels
from . import external_ca

SECRET_NAME = "cacerts"  # noqa: S105
SELF_SIGNED_NAME = "istio-ca-secret"
CONFIG_MAP = "istio-ca-root-cert"
NETWORK_LABEL = "topology.istio.io/network"

_OWN = Names("ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem")
_TLS = Names("tls.crt", "tls.key", "tls.crt", "ca.crt")  # what cert-manager writes, and istiod takes first
_SELF_MADE = "istio-generated"
_FIRST = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_KEYS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"RSA PRIVATE KEY")


def objects(namespace: str) -> list[Ref]:
    """Return the Secret that has the whole CA which was given to istiod."""
    return [Ref("v1", "Secret", SECRET_NAME, namespace)]


def self_made(namespace: str) -> list[Ref]:
    """Return where istiod keeps the CA that it makes for itself if nobody gives it one."""
    return [Ref("v1", "Secret", SELF_SIGNED_NAME, namespace)]


def needs(namespace: str, trust_domain: str, cluster: str = "") -> TrustNeeds:
    """Return the names in istiod's intermediate, as in Istio's own tools/certs. istiod makes everything else by itself."""
    return TrustNeeds((f"istiod.{namespace}.svc",))


def external_issuer(namespace: str) -> Look[str]:
    """Return who signs in place of istiod; empty if istiod signs itself."""
    return Look(external_ca.reads(namespace), external_ca.issuer)


def bundle(namespace: str) -> Look[bytes]:
    """Return the bundle that istiod hands out, else the bundle that it was given; empty if there is none yet."""
    return Look([Ref("v1", "ConfigMap", CONFIG_MAP, namespace), *objects(namespace)], _bundle)


def _bundle(live: Live, _answers: Answers) -> bytes:
    config, secret = (next(iter(live.get(kind, ())), {}).get("data") or {} for kind in ("ConfigMap", "Secret"))
    return str(config.get(_OWN.roots) or "").encode() or decoded(secret.get(_OWN.roots))


def namespace(name: str, network: str | None = None) -> dict[str, Any]:
    """Return the namespace with the label for its network. istiod reads this label before it gets any other configuration."""
    metadata: dict[str, Any] = {"name": name}
    if network:
        metadata["labels"] = {NETWORK_LABEL: network}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def manifests(material: Material, namespace: str, mesh: str = "") -> list[dict[str, Any]]:
    """Return the Secret that gives istiod its CA. All four parts are in one object, so istiod never sees parts of different CAs."""
    parts = (material.certificate, material.key, material.chain or b"", material.roots)
    keys = (_OWN.certificate, _OWN.key, _OWN.chain, _OWN.roots)
    metadata = {"name": SECRET_NAME, "namespace": namespace, "labels": labels(mesh)}
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": "Opaque",
            "data": {key: encoded(part) for key, part in zip(keys, parts, strict=True)},
        }
    ]


def read(there: Mapping[Ref, Mapping[str, Any]]) -> Material:
    """Return the CA in one of the Secrets from which istiod takes it."""
    return material_in(next(iter(there.values()), {}))


def material_in(secret: Mapping[str, Any]) -> Material:
    """Return the CA in `cacerts` or `istio-ca-secret`; a missing part is empty."""
    data = {key: decoded(value) for key, value in (secret.get("data") or {}).items()}
    name = (secret.get("metadata") or {}).get("name")
    if name == SELF_SIGNED_NAME:
        own = data.get(_OWN.certificate, b"")
        return Material(own, data.get(_OWN.key, b""), own, own, _OWN, self_made=True)
    names = _TLS if _TLS.certificate in data else _OWN
    chain = data.get(names.chain, b"")
    roots = data.get(names.roots, b"")
    return Material(
        certificate=data.get(names.certificate, b""),
        key=data.get(names.key, b""),
        chain=chain + roots if names is _TLS else chain,
        roots=roots,
        names=names,
        self_made=_SELF_MADE in data,
        faults=tuple(_faults(data, names)),
    )


def _faults(data: Mapping[str, bytes], names: Names) -> list[str]:
    """Return the faults that come from istiod parsing only the first PEM block of a key or certificate."""
    wanted = {names.key: _KEYS, names.certificate: (b"CERTIFICATE",)}
    firsts = {part: _FIRST.search(data.get(part, b"")) for part in wanted}
    return [
        f"{part} begins with a block {first[1].decode()}, and istiod reads no other; put the right one first"
        for part, first in firsts.items()
        if first and first[1] not in wanted[part] and b"ENCRYPTED" not in first[1]
    ]
