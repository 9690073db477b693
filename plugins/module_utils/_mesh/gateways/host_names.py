# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names and addresses as certificates and clients know them."""

from __future__ import annotations

import ipaddress
from typing import Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007


def address(host: str) -> Address | None:
    """The address that a host is given by, if it is no name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def known_as(host: str) -> str:
    """One form for all ways to write a host: an address in its short form, a name in lower case, letters outside of ASCII as DNS has them (xn--…)."""
    found = address(host)
    if found:
        return str(found)
    try:
        return host.lower().encode("idna").decode()
    except UnicodeError:  # too long, or with an empty label: nobody has such a name, so it is compared as it is
        return host.lower()


def sayable(host: str) -> bool:
    """Whether a certificate can bear it."""
    return bool(address(host)) or (known_as(host).isascii() and ".." not in host and all(0 < len(one) <= 63 for one in known_as(host).rstrip(".").split(".")))
