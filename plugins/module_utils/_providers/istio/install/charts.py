# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Istio's charts come from, and what all of its releases have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.helm_release import Release
from ...._mesh.install.versions import plain
from ...._mesh.install.wish import ControlPlane, merged
from ...._mesh.reach.options import anchor
from . import supply
from .supply import OCI, REPOSITORY


def release(wish: ControlPlane, chart: str, name: str, values: Mapping[str, Any], namespace: str = "") -> Release:
    """A release of one of Istio's charts: our values below, the inventory's above."""
    source, location = _source(wish)
    everything = merged(values, supply.hub(chart, plain(wish.version), wish.mirror.get("images") or ""), wish.values.get(chart))
    if source == "repository":
        return Release(name, namespace or wish.namespace, chart, location or REPOSITORY, wish.version or None, everything)
    if source == "oci":
        return Release(name, namespace or wish.namespace, f"{(location or OCI).rstrip('/')}/{chart}", None, wish.version or None, everything)
    if source == "directory" and location:
        return Release(name, namespace or wish.namespace, f"{anchor(location, wish.inventory).rstrip('/')}/{chart}", None, None, everything)
    raise Refused(
        f"{wish.cluster}: mesh_charts needs a source (repository, oci or directory) and, for a directory, a location; it says {dict(wish.charts)}."
    )


def _source(wish: ControlPlane) -> tuple[str, str]:
    """What mesh_charts says, and where it names no location the mirror's, whose kind its address tells."""
    source, location, mirror = wish.charts.get("source") or "repository", wish.charts.get("location") or "", wish.mirror.get("charts") or ""
    if location or not mirror:
        return source, location
    return "oci" if mirror.startswith("oci://") else "repository" if "://" in mirror else "directory", mirror


def revision(wish: ControlPlane) -> str:
    """The charts know the revision default by an empty name; spelled out it would be called istiod-default."""
    return "" if wish.revision == "default" else wish.revision


def istiod(wish: ControlPlane) -> str:
    """The name of the Deployment and the Service of this revision's control plane."""
    return "istiod" if wish.revision == "default" else f"istiod-{wish.revision}"


def injection_path(wish: ControlPlane) -> str:
    """A primary injects a remote's pods with that cluster's name and network, told by the path."""
    return f"/inject/cluster/{wish.cluster}/net/{wish.network}" if wish.role == "remote" else "/inject"
