# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names and addresses in the form in which certificates and clients compare them."""

from __future__ import annotations

import ipaddress
from typing import Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007


def address(host: str) -> Address | None:
    """Return the IP address if the host is one, not a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def known_as(host: str) -> str:
    """Return one form for all spellings of a host: an address in its short form, a name in lower case, and non-ASCII letters as in DNS (xn--…)."""
    ip = address(host)
    if ip:
        return str(ip)
    try:
        return host.lower().encode("idna").decode()
    except UnicodeError:  # too long, or with an empty label: no host has such a name, so compare it unchanged
        return host.lower()


def certifiable(host: str) -> bool:
    """Return whether a certificate can name the host."""
    labels = known_as(host).rstrip(".").split(".")
    return bool(address(host)) or (known_as(host).isascii() and ".." not in host and all(0 < len(label) <= 63 for label in labels))
