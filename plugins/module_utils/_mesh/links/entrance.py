# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address at which the control planes of other clusters reach an API server, and the CA by which they trust it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_REMEDY = "set mesh_api_server to an address that pods of other clusters can reach"


def address_fault(server: str) -> str | None:
    """Return why pods of another cluster cannot reach an API server at this address, as half a sentence; None if they may."""
    try:
        parts = urlsplit(server.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = None, ""
    if parts is None or parts.scheme != "https" or not host:
        fault = f"its API server's address {server} is no https:// URL, so the control planes of other clusters cannot use it"
        return f"{fault}; {_REMEDY}, such as https://api.example:6443"
    if _loopback(host):
        return f"its API server's address {server} leads every pod to itself, so the control planes of other clusters cannot reach it; {_REMEDY}"
    return None


def _loopback(host: str) -> bool:
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address  # Python 3.11 does not look inside by itself
    return inner.is_loopback or inner.is_unspecified


@dataclass(frozen=True)
class Entrance:
    """An API server without its token. `given` is the CA from the inventory; `reached` is the CA with which this run reaches the same URL."""

    server: str
    tls_server_name: str = ""
    given: bytes = b""
    reached: bytes = b""

    def ca(self, own: bytes) -> bytes:
        """Return the CA that a control plane should trust for this server. `own` is the CA that the cluster puts beside its tokens.

        A load balancer may show a certificate of another CA, such as a company's. Both CAs stay, because either certificate may be shown.
        """
        if self.given:
            return self.given
        known = _blocks(own)
        more = [block for block in _blocks(self.reached) if block not in known]
        return own if not more or not known else b"".join(block + b"\n" for block in [*known, *more])


def _blocks(pem: bytes) -> list[bytes]:
    """Return the certificates of a bundle, without other text, and with one kind of line end."""
    return [b"\n".join(line.strip() for line in block.splitlines()) for block in _BLOCK.findall(pem)]
