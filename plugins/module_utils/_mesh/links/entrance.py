# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the control planes of other clusters find an API server, and by which CA they trust it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_REMEDY = "give the address that pods of other clusters reach as mesh_api_server"


def address_fault(server: str) -> str | None:
    """Why pods of another cluster cannot reach an API server there, as half a sentence; None if they may."""
    try:
        parts = urlsplit(server.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = None, ""
    if parts is None or parts.scheme != "https" or not host:
        told = f"its API server's address {server} is no https:// URL, so no other cluster's control plane can use it"
        return f"{told}; {_REMEDY}, as in https://api.example:6443"
    if _loopback(host):
        return f"its API server's address {server} leads every pod to itself, so no other cluster's control plane reaches it there; {_REMEDY}"
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
    """What is known of an API server beside its token. `given` is the CA that the inventory names, `reached` that by which we reach the same URL."""

    server: str
    tls_server_name: str = ""
    given: bytes = b""
    reached: bytes = b""

    def ca(self, own: bytes) -> bytes:
        """What a control plane should trust there. `own` is what the cluster puts beside its tokens.

        A company's certificate in front of an API server is of another CA than that one. Both stay, since the server may have a certificate of each.
        """
        if self.given:
            return self.given
        known = _blocks(own)
        more = [block for block in _blocks(self.reached) if block not in known]
        return own if not more or not known else b"".join(block + b"\n" for block in [*known, *more])


def _blocks(pem: bytes) -> list[bytes]:
    """The certificates of a bundle, without what stands between them and however their lines end."""
    return [b"\n".join(line.strip() for line in block.splitlines()) for block in _BLOCK.findall(pem)]
