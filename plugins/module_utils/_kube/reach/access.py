# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach one API server: its address, the CA to trust and the credential."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..._mesh.errors import MeshError, Refused
from ..._mesh.reach.content import content_kind
from ..._mesh.reach.spared import spared
from . import trusted
from .proxy import HttpProxy

_REMEDIES = {
    FileNotFoundError: "Put the file there, or correct its path.",
    PermissionError: "Let the user that runs Ansible read it.",
    IsADirectoryError: "Name a file in it.",
}


class Resumption:
    """The TLS session that a server gave for later connections. They need only a fraction of a handshake; the server may decline."""

    def __init__(self) -> None:
        self._session: ssl.SSLSession | None = None

    def offered_by(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Make every connection of the context, also those of urllib3, resume the kept session."""
        wrap = context.wrap_socket
        setattr(context, "wrap_socket", lambda *to, **how: wrap(*to, **{"session": self._session, **how}))  # noqa: B010 - a type checker minds the plain assignment
        return context

    def keep(self, used: object) -> None:
        """Keep the session of a connection that was read from: TLS 1.3 sends it after the handshake."""
        if isinstance(used, ssl.SSLSocket) and not used.session_reused:
            self._session = used.session or self._session


@dataclass(frozen=True)
class Access:
    """All that a request needs. The credential is already a set of headers or a client certificate.

    `renew` returns a fresh Access if the credential can expire (exec plugins, token files).
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

    @cached_property
    def via(self) -> HttpProxy | None:
        """Return the proxy to use; None if there is none or `no_proxy` excludes this server."""
        spares = spared(self.no_proxy, self.url.hostname or "", self.port)
        return HttpProxy.of(self.proxy, self.proxy_headers) if self.proxy and not spares else None

    @property
    def through(self) -> str:
        """Return the part of a message that names the proxy; empty without one."""
        return f" (through the proxy {self.via.url})" if self.via else ""

    def tls(self) -> ssl.SSLContext | None:
        """Return the context that all connections share, because making one costs half a handshake. It is as strict as kubectl, no stricter."""
        return self._tls

    @cached_property
    def resumption(self) -> Resumption:
        """Return the session of this identity and its context only."""
        return Resumption()

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        if self.url.scheme != "https":
            return None
        context = self._trusting()
        if self.client_cert:
            _load_identity(context, self.client_cert + b"\n" + (self.client_key or b""), self.server)
        return self.resumption.offered_by(_settled(context))

    @cached_property
    def _proxy_tls(self) -> ssl.SSLContext | None:
        """Trust a proxy whose certificate the cluster's CA or a CA of the system signed. Send it no client certificate."""
        if not self.via or self.via.scheme != "https":
            return None
        context = trusted.context(None, self.verify)
        if self.ca:
            trusted.add(context, self.ca)
        return _settled(context)

    def proxy_tls(self) -> ssl.SSLContext | None:
        return self._proxy_tls

    def _trusting(self) -> ssl.SSLContext:
        try:
            return trusted.context(self.ca, self.verify)
        except ValueError as error:
            raise MeshError(f"The CA certificate given for {self.server} is not readable PEM: {error}. Give that of the cluster's CA.") from error


# What a header is made of, for people. The library quotes the value of a header that it cannot send.
_OF_HEADERS = {"authorization": "token or password", "impersonate-user": "user to impersonate", "impersonate-group": "group to impersonate"}


def unsendable(headers: Iterable[tuple[str, str]]) -> str:
    """Return the name of the first header with a line break or a letter that no header may hold; empty if there is none."""
    return next((name for name, value in headers if set(name + value) & set("\r\n\0") or not (name + value).isascii()), "")


def safe(access: Access) -> Access:
    """Return the access unchanged. Refuse, before anything is sent, an invalid address, plain http:// with a credential, and what no header may hold."""
    try:
        parts, _port = access.url, access.url.port
    except ValueError as error:
        raise Refused("The server's address cannot be read: write it as https://host:port.") from error
    if parts.username is not None:
        raise Refused(f"The server's address has a user in it: write https://{parts.hostname}, and give the credential by itself.")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused(f"The server {access.server} is not the URL of an API server: write https://{access.server.rpartition('//')[2]}. Nothing was sent.")
    if parts.scheme == "http" and any(name.lower() in ("authorization", "proxy-authorization") for name, _value in access.headers):
        fault = f"The server {access.server} is an http:// address, so everybody on the way could read the token or password"
        raise Refused(f"{fault}. Nothing was sent. Write https://.")
    if wrong := unsendable([*access.headers, *access.proxy_headers.items()]):
        what = _OF_HEADERS.get(wrong.lower(), f"header {wrong}")
        raise Refused(f"The {what} for {access.server} holds a line break, or a letter that no header may hold. Nothing was sent. Give it as one line.")
    return access


def bearer(token: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token.strip()}")


def basic(user: str, password: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def expanded(path: str) -> str:
    """Expand ~ and $VARIABLES as Ansible does. Unknown ones stay: a container's user may have neither a name nor a home."""
    return os.path.expanduser(os.path.expandvars(path))


def sought(path: str) -> str:
    """Return a sentence with the folder in which a relative path was looked for; empty for an absolute path."""
    return "" if os.path.isabs(expanded(path)) else f" It was looked for in {os.getcwd()}."


def read_file(path: str, what: str) -> bytes:
    if content := content_kind(path):
        raise MeshError(f"The {what} holds {content} itself, where the path of a file belongs: give a path.")
    try:
        return Path(expanded(path)).read_bytes()
    except (OSError, ValueError) as error:
        raise MeshError(f"The {what} {path} {unread(path, error)}") from error


def unread(path: str, error: Exception) -> str:
    """Return why a file cannot be read, where it was looked for, and what to do."""
    remedy = next((f" {words}" for kind, words in _REMEDIES.items() if isinstance(error, kind)), "")
    return f"cannot be read: {getattr(error, 'strerror', None) or error}.{sought(path)}{remedy}"


def _settled(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a context safe for threads: urllib3 sets the protocols for each connection, which frees memory that another thread's OpenSSL call copies."""
    context.set_alpn_protocols(["http/1.1"])
    setattr(context, "set_alpn_protocols", lambda _protocols: None)  # noqa: B010 - a type checker minds the plain assignment
    return context


def _load_identity(context: ssl.SSLContext, pem: bytes, server: str) -> None:
    """Load a client certificate. The ssl module takes only a path, so use a path to memory, not to a disk, where the system has one."""
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
        fault = f"The client certificate and key for {server} do not load: {error}"
        raise MeshError(f"{fault}. Give both as PEM, the key without a passphrase, and see that they belong together.") from error
