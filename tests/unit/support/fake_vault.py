# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of Vault that a signer uses: AppRole, and an issuer of a PKI mount that really signs.

It was written from the API's documentation and from the source of its PKI engine (`pathIssuerSignIntermediate`). `tests/api/test_vault.py` holds it against
Vault's own engines.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import Office, opened
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DENIED = "1 error occurred:\n\t* permission denied\n\n"


@dataclass
class Vault:
    """`issuers` has each issuer and the CAs above it, by reference. `fault` is an answer to every request, as status and errors."""

    issuers: dict[str, tuple[Office, tuple[Office, ...]]]
    token: str = "hvs.CAESIJ-the-only-token-that-is-known-here"
    role: tuple[str, str] = ("a-role-id-9e1b", "a-secret-id-7f3c")
    namespace: str = ""
    longest: timedelta = timedelta(days=3650)
    sealed: bool = False
    answer: dict[str, Any] | None = None
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""

    def reply(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append((method, path, body))
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if (headers.get("X-Vault-Namespace") or "") != self.namespace:
            return 404, {"errors": ["no handler for route"]}
        if path == "auth/approle/login" and method == "POST":
            return self._login(body)
        mount, _slash, rest = path.partition("/issuer/")
        name, _slash, verb = rest.partition("/")
        if mount != "pki":
            return 404, {"errors": [f'no handler for route "{path}". route entry not found.']}
        if verb == "json" and method == "GET":
            return self._certificates(name)
        if (headers.get("X-Vault-Token") or "") not in {self.token, *self.tokens}:
            return 403, {"errors": [DENIED]}
        return self._signed(name, body) if (verb, method) == ("sign-intermediate", "POST") else (405, {"errors": ["unsupported operation"]})

    def _login(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if (body.get("role_id"), body.get("secret_id")) != self.role:
            return 400, {"errors": ["invalid role or secret ID"]}
        self.tokens.add(f"hvs.of-an-approle-{len(self.tokens)}")
        return 200, {"auth": {"client_token": f"hvs.of-an-approle-{len(self.tokens) - 1}", "lease_duration": 1200}}

    def _certificates(self, name: str) -> tuple[int, dict[str, Any]]:
        if name not in self.issuers:
            return 404, {"errors": []}
        own, above = self.issuers[name]
        chain = [one.pem.decode().strip() for one in (own, *above)]
        return 200, {"data": {"certificate": chain[0], "ca_chain": chain, "revocation_time": 0}}

    def _signed(self, name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if name not in self.issuers:
            told = f"could not fetch the CA certificate (was one set?): unable to find PKI issuer for reference: {name}"
            return 500, {"errors": [f"1 error occurred:\n\t* {told}\n\n"]}
        if self.answer is not None:
            return 200, {"data": self.answer}
        own, above = self.issuers[name]
        now = datetime.now(UTC)
        end = min(now + min(_seconds(body["ttl"]), self.longest), own.certificate.not_valid_after_utc)
        made = own.sign(body["csr"].encode(), (now - _seconds(body.get("not_before_duration", "30s")), end))
        chain = [one.pem.decode().strip() for one in (own, *above)]
        data = {"certificate": made.decode().strip(), "issuing_ca": chain[0], "ca_chain": chain, "serial_number": "1a:2b", "expiration": int(end.timestamp())}
        return 200, {"data": data, "warnings": ["This mount hasn't configured any authority information access (AIA) fields"]}


def _seconds(told: str) -> timedelta:
    return timedelta(seconds=int(told.removesuffix("s")))


@contextmanager
def running(vault: Vault, folder: Path | None = None) -> Iterator[Vault]:
    """Serve by HTTPS with a CA of its own in `folder`/vault-ca.pem, or by plain HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"vault": vault}))
    if folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(folder))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    vault.url = f"{'https' if folder else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield vault
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    vault: Vault
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.vault.reply(self.command, self.path.removeprefix("/v1/"), self.headers, json.loads(body or b"{}"))
        said = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, *_said: Any) -> None:
        """Write nothing into the output of a test."""


def _certificate(folder: Path) -> Path:
    """The server's certificate with its key, under a CA that nobody knows."""
    office, key = opened("CA of Vault's server"), ec.generate_private_key(ec.SECP256R1())
    names = [x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(office.certificate.subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(office.key.public_key()), critical=False)
    made = builder.sign(office.key, hashes.SHA256())
    (folder / "vault-ca.pem").write_bytes(office.pem)
    form = serialization.PrivateFormat.PKCS8
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "vault.pem").write_bytes(pem)
    return folder / "vault.pem"
