# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide whether NO_PROXY excludes a server from the proxy. Its entries are domains, addresses and ranges, with or without a port."""

from __future__ import annotations

import ipaddress
import re


def spared(no_proxy: str, host: str, port: int) -> bool:
    return any(_spares(entry.strip().lower(), host.lower().rstrip("."), port) for entry in no_proxy.split(",") if entry.strip())


def _spares(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    match = re.fullmatch(r"(?P<name>\[[^]]+]|[^:]+)(:(?P<port>\d+))?", entry)
    if match and match["port"] and int(match["port"]) != port:
        return False
    name = match["name"].strip("[]") if match else entry
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        domain = name.removeprefix("*").lstrip(".")
        return host == domain or host.endswith("." + domain)
