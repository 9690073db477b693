# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the charts that an install needs, and why Helm on the controller cannot get one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .helm_release import Release
from .versions import minor

_OLDEST = (3, 8)  # the first with OCI registries
_USERINFO = re.compile(r"//[^/@\s]+@")


def wanted(releases: Mapping[str, Iterable[Release]]) -> list[dict[str, Any]]:
    """Return every chart of the clusters' releases once, with the clusters that need it."""
    clusters_by_chart: dict[tuple[str, str, str], list[str]] = {}
    for cluster, own in releases.items():
        for release in own:
            clusters = clusters_by_chart.setdefault((release.chart, release.repository or "", release.version or ""), [])
            if cluster not in clusters:
                clusters.append(cluster)
    return [
        {"chart": chart, "repository": repository or None, "version": version or None, "clusters": clusters}
        for (chart, repository, version), clusters in sorted(clusters_by_chart.items())
    ]


def shown(text: str) -> str:
    """Return a URL, or Helm's message about one, without the password that may be in it."""
    return _USERINFO.sub("//", text)


def faults(controller: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the faults in controller_info's result by cluster, as half sentences. Without Helm, charts are not judged."""
    charts = controller.get("charts") or []
    everyone = list(dict.fromkeys(cluster for chart in charts for cluster in chart["clusters"]))
    helm_fault = _helm_fault(controller)
    if helm_fault:
        return {cluster: [helm_fault] for cluster in everyone}
    by_cluster: dict[str, list[str]] = {}
    for chart in charts:
        if chart.get("fault"):
            for cluster in chart["clusters"]:
                by_cluster.setdefault(cluster, []).append(_missing(chart))
    return by_cluster


def _helm_fault(controller: Mapping[str, Any]) -> str | None:
    helm = controller.get("helm") or {}
    if not helm.get("path"):
        return (
            "the machine that runs Ansible has no helm on its PATH; install Helm 3.8 or later there "
            "(in AWX: use an execution environment that has Helm)"
        )
    version = minor(str(helm.get("version") or ""))
    if version is None:
        return f"{helm['path']} did not print its version ({helm.get('fault') or 'it printed nothing'}); check that it is Helm"
    if version < _OLDEST:
        return f"{helm['path']} is Helm {helm['version']}; install Helm 3.8 or later"
    return None


def _missing(chart: Mapping[str, Any]) -> str:
    version = f" {chart['version']}" if chart.get("version") else ""
    place = f" from {shown(chart['repository'])}" if chart.get("repository") else ""
    return f"Helm cannot get the chart {shown(chart['chart'])}{version}{place}: {shown(chart['fault'])}; check mesh_charts and mesh_version"
