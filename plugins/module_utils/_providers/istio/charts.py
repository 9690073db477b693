# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Istio's charts come from, and what all of its releases have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.control_plane import ControlPlane, merged
from ..._mesh.errors import Refused
from ..._mesh.release import Release

REPOSITORY = "https://istio-release.storage.googleapis.com/charts"


def release(wish: ControlPlane, chart: str, name: str, values: Mapping[str, Any], namespace: str = "") -> Release:
    """A release of one of Istio's charts: our values below, the inventory's above."""
    source = wish.charts.get("source", "repository")
    location = wish.charts.get("location", "")
    everything = merged(values, wish.values.get(chart))
    if source == "repository":
        return Release(name, namespace or wish.namespace, chart, location or REPOSITORY, wish.version or None, everything)
    if source == "oci" and location:
        return Release(name, namespace or wish.namespace, f"{location.rstrip('/')}/{chart}", None, wish.version or None, everything)
    if source == "directory" and location:
        return Release(name, namespace or wish.namespace, f"{location.rstrip('/')}/{chart}", None, None, everything)
    raise Refused(
        f"{wish.cluster}: mesh_charts needs a source (repository, oci or directory) and, for oci and directory, a location; it says {dict(wish.charts)}."
    )


def revision(wish: ControlPlane) -> str:
    """The charts know the revision default by an empty name; spelled out it would be called istiod-default."""
    return "" if wish.revision == "default" else wish.revision


def istiod(wish: ControlPlane) -> str:
    """The name of the Deployment and the Service of this revision's control plane."""
    return "istiod" if wish.revision == "default" else f"istiod-{wish.revision}"


def injection_path(wish: ControlPlane) -> str:
    """A primary injects a remote's pods with that cluster's name and network, told by the path."""
    return f"/inject/cluster/{wish.cluster}/net/{wish.network}" if wish.role == "remote" else "/inject"
