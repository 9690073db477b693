# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of Envoy go with a version of Consul: by HashiCorp's pages before an install, and by the servers' own list afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.install.versions import Minor, dotted, minor

# The newest Envoy of the newest line that a version of Consul supports.
NEWEST = {(1, 21): "v1.34.1", (1, 22): "v1.35.3"}
_LINES = 4  # with which each line of Consul begins
_TRY = "what such an Envoy does was not tested by HashiCorp, so try it first, or name another one in mesh_values.images.envoy"


def unnamed(version: str, image: str) -> str:
    """Return half a sentence if HashiCorp's pages do not name the line of an image of Envoy; empty if they do, or if one of both is unknown."""
    own, known = minor(_tag(image)), NEWEST.get(minor(version) or (0, 0))
    newest = minor(known or "")
    if own is None or newest is None:
        return ""
    lines = {(newest[0], newest[1] - back) for back in range(_LINES)}
    return "" if own in lines else _sentence(own, min(lines), newest, f"Consul {version} supports")


def unlisted(itself: Mapping[str, Any], image: str) -> str:
    """Return half a sentence if a server, by what it says of itself, does not support the line of an image of Envoy."""
    supported = ((itself.get("xDS") or {}).get("SupportedProxies") or {}).get("envoy") or []
    own, lines = minor(_tag(image)), {line for text in supported if (line := minor(str(text)))}
    return _sentence(own, min(lines), max(lines), "the servers support") if own and lines and own not in lines else ""


def _sentence(own: Minor, lowest: Minor, newest: Minor, who: str) -> str:
    return f"Envoy is {dotted(own)}, and {who} {dotted(lowest)} to {dotted(newest)}; {_TRY}"


def _tag(image: str) -> str:
    return image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
