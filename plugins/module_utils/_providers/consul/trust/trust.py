# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Trust` for Consul: the CA with which it signs workloads, in one Secret, from which its servers take it when they start for the first time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest
from ...._mesh.question import Answers
from ...._mesh.trust.certificate import Material, Names
from ...._mesh.trust.prepared import RANDOM, UUID, Drawn, PreparedSecret, SignedServer, TrustNeeds
from ...._mesh.trust.root_secret import decoded, encoded, labels
from ..names import AGENT_TLS, AGENTS_CA, CONNECT_CA, DOMAIN, SERVER, SERVER_TLS, SHARED, TOKENS

# The chain begins with the CA and goes up to the root: Consul signs with the first certificate of the text that it gets, and workloads trust all of it.
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
NAMES = Names("ca.crt", "ca.key", "chain.pem", "roots.pem")
CONFIGURATION = "connect.json"  # the same as a configuration of servers, for HashiCorp's chart, which mounts Secrets as files of configuration


def objects(namespace: str) -> list[Ref]:
    """Return the Secret that has the whole CA."""
    return [Ref("v1", "Secret", CONNECT_CA, namespace)]


def self_made(namespace: str) -> list[Ref]:
    """Return nothing: a CA that Consul makes for itself lies in its own store."""
    return []


def read(there: Mapping[Ref, Mapping[str, Any]]) -> Material:
    data = next(iter(there.values()), {}).get("data") or {}
    certificate, key, chain, roots = (decoded(data.get(part)) for part in (NAMES.certificate, NAMES.key, NAMES.chain, NAMES.roots))
    return Material(certificate, key, chain, roots, NAMES)


def manifests(material: Material, namespace: str, mesh: str = "") -> list[Manifest]:
    """Return the Secret. A CA without a chain is its own root."""
    parts = {NAMES.certificate: material.certificate, NAMES.key: material.key, NAMES.chain: line(material), NAMES.roots: material.roots}
    parts[CONFIGURATION] = _configuration(material)
    metadata = {"name": CONNECT_CA, "namespace": namespace, "labels": labels(mesh)}
    return [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": {name: encoded(part) for name, part in parts.items()}}]


def _configuration(material: Material) -> bytes:
    known = {"private_key": material.key.decode(), "root_cert": line(material).decode()}
    return json.dumps({"connect": {"ca_config": known}}, sort_keys=True).encode()


def line(material: Material) -> bytes:
    """Return the CA and the certificates above it, each once, with the CA first, whether or not the chain repeats it."""
    given = [*blocks(material.certificate), *blocks(material.chain or b""), *blocks(material.roots)]
    return b"".join(dict.fromkeys(given))


def blocks(pem: bytes) -> list[bytes]:
    """Return each certificate of a text as PEM, with one kind of line end and without other text. What is no PEM stays as it is, for others to judge."""
    return pem_of(pem) or ([pem] if pem.strip() else [])


def pem_of(data: bytes) -> list[bytes]:
    """Return each certificate that stands as PEM anywhere in the data."""
    return [b"\n".join(line.strip() for line in block.splitlines()) + b"\n" for block in _BLOCK.findall(data)]


def namespace(name: str, network: str | None = None) -> Manifest:
    """Return the namespace without a label, because Consul knows nothing of networks."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def needs(namespace: str, trust_domain: str, cluster: str = "") -> TrustNeeds:
    """Return the name of the CA, at which Consul itself does not look, and the Secrets that servers and agents take when they start."""
    return TrustNeeds((f"connect.{namespace}.{trust_domain}",), tuple(secrets(namespace, cluster)))


def secrets(namespace: str, cluster: str) -> list[PreparedSecret]:
    """Return the Secrets. All agents of a mesh gossip with one key, and a secondary replicates with a token that its primary knows.

    The CA of the agents signs no workload: otherwise any workload could speak to the ports of servers.
    """
    server, client = f"server.{cluster}.{DOMAIN}", f"client.{cluster}.{DOMAIN}"
    service = f"{SERVER}.{namespace}.svc"
    local = ("localhost", "127.0.0.1")
    return [
        PreparedSecret(_ref(SHARED, namespace), (Drawn("gossip", RANDOM), Drawn("replication", UUID)), shared=True),
        PreparedSecret(_ref(TOKENS, namespace), (*(Drawn(name, UUID) for name in ("management", "agent", "gateway")), Drawn("workloads", RANDOM))),
        PreparedSecret(_ref(SERVER_TLS, namespace), signed=SignedServer(AGENTS_CA, (server, f"*.{server}", service, f"*.{service}", *local))),
        PreparedSecret(_ref(AGENT_TLS, namespace), signed=SignedServer(AGENTS_CA, (client, *local))),
    ]


def _ref(name: str, namespace: str) -> Ref:
    return Ref("v1", "Secret", name, namespace)


def external_issuer(namespace: str) -> Look[str]:
    """Return nothing: which provider of CAs Consul uses stands in its own store, and the rotation asks for it."""
    return Look((), _nobody)


def _nobody(_live: Live, _answers: Answers) -> str:
    return ""


def bundle(namespace: str) -> Look[bytes]:
    """Return the roots of the Secret; empty if there is none yet."""
    return Look(objects(namespace), _bundle)


def _bundle(live: Live, _answers: Answers) -> bytes:
    held = next((one for one in live.get("Secret", ()) if (one["metadata"]).get("name") == CONNECT_CA), {})
    return decoded((held.get("data") or {}).get(NAMES.roots))
