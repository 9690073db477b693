# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which charts Helm will be asked for, and what stands in the way of them on the machine that runs it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .helm_release import Release

_OLDEST = (3, 8)  # the first with OCI registries
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_USERINFO = re.compile(r"//[^/@\s]+@")


def wanted(releases: Mapping[str, Iterable[Release]]) -> list[dict[str, Any]]:
    """From each cluster's releases: every chart once, with the clusters that want it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for cluster, own in releases.items():
        for release in own:
            clusters = found.setdefault((release.chart, release.repository or "", release.version or ""), [])
            if cluster not in clusters:
                clusters.append(cluster)
    return [
        {"chart": chart, "repository": repository or None, "version": version or None, "clusters": clusters}
        for (chart, repository, version), clusters in sorted(found.items())
    ]


def shown(text: str) -> str:
    """A URL, or what Helm said of one, without the password that may be in it."""
    return _USERINFO.sub("//", text)


def faults(controller: Mapping[str, Any]) -> dict[str, list[str]]:
    """By cluster, half sentences about what controller_info returned. Without Helm nothing is said of the charts."""
    charts = controller.get("charts") or []
    everyone = list(dict.fromkeys(cluster for chart in charts for cluster in chart["clusters"]))
    told = _helm(controller)
    if told:
        return {cluster: [told] for cluster in everyone}
    found: dict[str, list[str]] = {}
    for chart in charts:
        if chart.get("fault"):
            for cluster in chart["clusters"]:
                found.setdefault(cluster, []).append(_missing(chart))
    return found


def _helm(controller: Mapping[str, Any]) -> str | None:
    helm = controller.get("helm") or {}
    if not helm.get("path"):
        return (
            "there is no helm on the PATH of the machine that runs Ansible; install Helm 3.8 or later there "
            "(in AWX: take an execution environment that has it)"
        )
    version = _VERSION.match(str(helm.get("version") or ""))
    if not version:
        return f"{helm['path']} does not say its version ({helm.get('fault') or 'it said nothing'}); look whether it is Helm"
    if (int(version[1]), int(version[2])) < _OLDEST:
        return f"{helm['path']} is Helm {helm['version']}; 3.8 or later is needed"
    return None


def _missing(chart: Mapping[str, Any]) -> str:
    version = f" {chart['version']}" if chart.get("version") else ""
    place = f" of {shown(chart['repository'])}" if chart.get("repository") else ""
    return f"the chart {shown(chart['chart'])}{version}{place} cannot be had: {shown(chart['fault'])}; look at mesh_charts and mesh_version"
