# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Istio's charts and images come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._mesh.install.helm_release import Release
from ...istio_family.install.places import HUB, OCI

# Minors whose own charts name such a place for their images: release-1.30's build set it, 1.31's was set back before it came out.
_HUBS_GONE = ((1, 30),)
_NEEDING_HUB = ("istiod", "cni", "ztunnel")
_IMAGES = {"istiod": ("pilot", "proxyv2"), "cni": ("install-cni",), "ztunnel": ("ztunnel",), "gateway": ("proxyv2",)}


def hub(chart: str, version: tuple[int, int] | None, mirror: str) -> dict[str, Any]:
    """Return the values that set where a chart's images come from: a mirror, or a lasting place if the chart's own one shuts down."""
    if chart not in _NEEDING_HUB or not (mirror or version in _HUBS_GONE):
        return {}
    return {"global": {"hub": f"{mirror.rstrip('/')}/istio" if mirror else HUB}}


def chart(release: Release) -> str:
    """Return the chart's upstream name. The version of a chart in a directory is unknown."""
    return f"{OCI}/{release.chart.rpartition('/')[2]}:{release.version or '<the version of the directory>'}"


def images(releases: Sequence[Release], version: str) -> list[tuple[str, str]]:
    """Return the images that the releases pull: upstream name and pulled name. Gateways use the image that istiod's templates name."""
    hubs = [_global(release).get("hub") for release in releases if release.chart.rpartition("/")[2] == "istiod"]
    pulled: dict[str, str] = {}
    for release in releases:
        values = _global(release)
        tag = _tag(values, release.version or version)
        for image in _IMAGES.get(release.chart.rpartition("/")[2], ()):
            place = str(values.get("hub") or next((hub for hub in hubs if hub), HUB)).rstrip("/")
            pulled.setdefault(f"{HUB}/{image}:{tag}", f"{place}/{image}:{tag}")
    return list(pulled.items())


def _global(release: Release) -> Mapping[str, Any]:
    values = release.values.get("global")
    return values if isinstance(values, Mapping) else {}


def _tag(values: Mapping[str, Any], version: str) -> str:
    tag = str(values.get("tag") or version.removeprefix("v") or "<the newest>")
    variant = values.get("variant")
    return f"{tag}-{variant}" if variant and not tag.endswith(f"-{variant}") else tag
