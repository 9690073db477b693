# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of Consul and Envoy, with their upstream names and the names by which a cluster pulls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.install.versions import minor
from ...._mesh.install.wish import ControlPlane
from ..envoy import NEWEST
from ..settings import VERSION, Images

_CONSUL, _ENVOY = "docker.io/hashicorp/consul", "docker.io/envoyproxy/envoy"


def consul(version: str, mirror: Mapping[str, Any], images: Images) -> str:
    return images.consul or _mirrored(f"{_CONSUL}:{version or VERSION}", mirror)


def envoy(version: str, mirror: Mapping[str, Any], images: Images) -> str:
    """Return the image of Envoy. For a version of Consul that is not known it is that of the newest one known."""
    known = minor(version or VERSION)
    return images.envoy or _mirrored(f"{_ENVOY}:{NEWEST.get(known or (0, 0), list(NEWEST.values())[-1])}", mirror)


def of(wish: ControlPlane, images: Images) -> Images:
    """Return the two images that a cluster pulls."""
    return Images(consul(wish.version, wish.mirror, images), envoy(wish.version, wish.mirror, images))


def _mirrored(upstream: str, mirror: Mapping[str, Any]) -> str:
    place = str(mirror.get("images") or "").rstrip("/")
    return f"{place}/{upstream.partition('/')[2]}" if place else upstream
