# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to reach one API server: where it is, whom to trust, who we are."""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from .._mesh.errors import MeshError


class Resumption:
    """What a server gave to begin later connections with. Those take it and us a fraction of a handshake, and it may decline."""

    def __init__(self) -> None:
        self._session: ssl.SSLSession | None = None

    def wrap(self, context: ssl.SSLContext, connected: socket.socket, name: str) -> ssl.SSLSocket:
        return context.wrap_socket(connected, server_hostname=name, session=self._session)

    def keep(self, used: object) -> None:
        """TLS 1.3 gives it after the handshake, so when something was read from the connection."""
        if isinstance(used, ssl.SSLSocket) and not used.session_reused:
            self._session = used.session or self._session


@dataclass(frozen=True)
class Access:
    """Everything a request needs, with the credential already turned into headers or a client certificate.

    `renew` gives a fresh Access where the credential can expire (exec plugins, token files).
    """

    server: str
    ca: bytes | None = None
    verify: bool = True
    client_cert: bytes | None = None
    client_key: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    tls_server_name: str | None = None
    proxy: str | None = None
    proxy_headers: dict[str, str] = field(default_factory=dict)
    no_proxy: str = ""
    renew: Callable[[], Access] | None = None

    @property
    def url(self) -> SplitResult:
        return urlsplit(self.server)

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)

    def proxy_for_server(self) -> str | None:
        """The proxy to use, unless `no_proxy` spares this server."""
        host = self.url.hostname or ""
        spared = any(_spares(entry.strip(), host) for entry in self.no_proxy.split(",") if entry.strip())
        return None if spared else self.proxy

    def tls(self) -> ssl.SSLContext | None:
        """The same for all connections, for it costs as much to make as half a handshake."""
        return self._tls

    @cached_property
    def resumption(self) -> Resumption:
        """Of this identity and its context alone."""
        return Resumption()

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        """As strict as kubectl, no stricter: many clusters' CAs lack the extensions that Python 3.13 asks for."""
        if self.url.scheme != "https":
            return None
        try:
            context = self._trusting()
        except (ssl.SSLError, ValueError) as error:
            raise MeshError(f"The CA certificate given for {self.server} is not readable PEM: {error}.") from error
        if self.client_cert:
            _load_identity(context, self.client_cert + b"\n" + (self.client_key or b""), self.server)
        return _settled(context)

    def _trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.ca.decode() if self.ca else None)
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def bearer(token: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token.strip()}")


def basic(user: str, password: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def read_file(path: str, what: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise MeshError(f"The {what} {path} cannot be read: {error.strerror or error}.") from error


def _settled(context: ssl.SSLContext) -> ssl.SSLContext:
    """For many threads. urllib3 sets the protocols anew for each connection, which frees what OpenSSL, without a lock, copies for another thread's."""
    context.set_alpn_protocols(["http/1.1"])
    setattr(context, "set_alpn_protocols", lambda _protocols: None)  # noqa: B010 - a type checker minds the plain assignment
    return context


def _load_identity(context: ssl.SSLContext, pem: bytes, server: str) -> None:
    """The ssl module takes a path only; where the system can, that path leads to memory and not to a disk."""
    try:
        if hasattr(os, "memfd_create"):
            with os.fdopen(os.memfd_create("identity"), "wb") as memory:
                memory.write(pem)
                memory.flush()
                context.load_cert_chain(f"/proc/self/fd/{memory.fileno()}")
        else:
            with tempfile.NamedTemporaryFile() as kept:
                kept.write(pem)
                kept.flush()
                context.load_cert_chain(kept.name)
    except (ssl.SSLError, OSError) as error:
        raise MeshError(f"The client certificate and key for {server} do not load: {error}.") from error


def _spares(entry: str, host: str) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return host == entry.lstrip(".") or host.endswith("." + entry.lstrip("."))
