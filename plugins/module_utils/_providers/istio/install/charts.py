# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Istio's charts come from, and what all its releases have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.helm_release import Release
from ...._mesh.install.versions import plain
from ...._mesh.install.wish import ControlPlane, merged
from ...._mesh.reach.options import anchor
from ...istio_family.install.places import OCI, REPOSITORY
from . import supply


def release(wish: ControlPlane, chart: str, name: str, values: Mapping[str, Any], namespace: str = "") -> Release:
    """Return a release of one of Istio's charts. The inventory's values override ours."""
    source, location = _source(wish)
    everything = merged(values, supply.hub(chart, plain(wish.version), wish.mirror.get("images") or ""), wish.values.get(chart))
    if source == "repository":
        return Release(name, namespace or wish.namespace, chart, location or REPOSITORY, wish.version or None, everything)
    if source == "oci":
        return Release(name, namespace or wish.namespace, f"{(location or OCI).rstrip('/')}/{chart}", None, wish.version or None, everything)
    if source == "directory" and location:
        return Release(name, namespace or wish.namespace, f"{anchor(location, wish.inventory).rstrip('/')}/{chart}", None, None, everything)
    raise Refused(
        f"{wish.cluster}: mesh_charts needs a source (repository, oci or directory) and, for a directory, a location, but it is {dict(wish.charts)}."
    )


def _source(wish: ControlPlane) -> tuple[str, str]:
    """Return source and location from mesh_charts. Without a location, return those of the mirror; its address shows the kind of source."""
    source, location, mirror = wish.charts.get("source") or "repository", wish.charts.get("location") or "", wish.mirror.get("charts") or ""
    if location or not mirror:
        return source, location
    return "oci" if mirror.startswith("oci://") else "repository" if "://" in mirror else "directory", mirror
