# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the proxy on the way to an API server and the headers for the proxy. No message holds the proxy's password."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from ..._mesh.errors import Refused
from ..._mesh.reach.spared import spared

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HttpProxy:
    scheme: str
    host: str
    port: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str]) -> HttpProxy:
        """Read a proxy's URL. Its user and password become the header proxy-authorization, unless `headers` has one."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Refused("The proxy's address cannot be read: write it as http://host:port.") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise Refused(f"The proxy {_shown(parts)} is not an http:// or https:// address. SOCKS is not supported: name a proxy that speaks HTTP.")
        sent = {name.lower(): value for name, value in headers.items()}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            sent.setdefault("proxy-authorization", "Basic " + base64.b64encode(pair.encode()).decode())
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], sent)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{bracketed(self.host)}:{self.port}"


def of_environment(server: SplitResult, port: int, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's URL as kubectl and Helm choose it: HTTPS_PROXY or HTTP_PROXY, capitals first; None for this machine and for NO_PROXY."""
    host = server.hostname or ""
    proxy = _variable(f"{server.scheme}_proxy", environ)
    if not proxy or _here(host) or spared(_variable("no_proxy", environ), host, port):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _variable(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(name.upper()) or environ.get(name) or ""


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(parts: SplitResult) -> str:
    """Return the address without user and password. An address that cannot be parsed may hold them anywhere, so it is not shown at all."""
    return f"{parts.scheme}://{bracketed(parts.hostname)}" if parts.scheme and parts.hostname else "that is given"
