# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of Envoy go with a version of Consul: by what is known before an install, and by the servers' own list afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.install.versions import Minor, dotted, minor

# The newest Envoy of the newest line that a version of Consul supports.
NEWEST = {(1, 21): "v1.34.1", (1, 22): "v1.35.3"}
_OLDEST = {(1, 22): (1, 33)}  # as a server of 1.22.3 lists it
_TRY = "what such an Envoy does was not tested by HashiCorp, so try it first, or name another one in mesh_values.images.envoy"


def unnamed(version: str, image: str) -> str:
    """Return half a sentence if a version of Consul does not support the line of an image of Envoy; empty if it does, or if one of both is unknown."""
    own, line = minor(_tag(image)), minor(version) or (0, 0)
    oldest, newest = _OLDEST.get(line), minor(NEWEST.get(line) or "")
    if own is None or newest is None or (oldest or own) <= own <= newest:
        return ""
    return _sentence(own, oldest, newest, f"Consul {version} supports")


def unlisted(itself: Mapping[str, Any], image: str) -> str:
    """Return half a sentence if a server, by what it says of itself, does not support the line of an image of Envoy."""
    supported = ((itself.get("xDS") or {}).get("SupportedProxies") or {}).get("envoy") or []
    own, lines = minor(_tag(image)), {line for text in supported if (line := minor(str(text)))}
    return _sentence(own, min(lines), max(lines), "the servers support") if own and lines and own not in lines else ""


def _sentence(own: Minor, oldest: Minor | None, newest: Minor, who: str) -> str:
    lines = f"{dotted(oldest)} to {dotted(newest)}" if oldest else f"none newer than {dotted(newest)}"
    return f"Envoy is {dotted(own)}, and {who} {lines}; {_TRY}"


def _tag(image: str) -> str:
    return image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
