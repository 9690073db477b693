# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check Helm and the charts on the machine that runs Ansible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._kube import helm
from ..._kube.cluster import Cluster
from ..._mesh.install.chart_source import shown

_CHART: dict[str, Any] = {
    "chart": {"required": True},
    "repository": {},
    "version": {},
    "clusters": {"type": "list", "elements": "str", "default": []},
}
TASK: dict[str, Any] = {
    "argument_spec": {
        "charts": {"type": "list", "elements": "dict", "options": _CHART, "default": []},
        "timeout": {"type": "float", "default": 30.0},
    }
}


@dataclass(frozen=True)
class Request:
    """The charts that Helm is asked for, and how long it may take for each answer."""

    charts: tuple[Mapping[str, Any], ...]
    timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        return cls(tuple(params["charts"]), params["timeout"])


def reconcile(_cluster: Cluster | None, params: dict[str, Any]) -> dict[str, Any]:
    """Ask no cluster, and never fail. Preflight reports what is missing, together with its other findings."""
    request, path = Request.of(params), helm.location()
    version, fault = helm.version(path, request.timeout) if path else ("", "")
    seen = helm.charts(path, request.charts, request.timeout) if path and version else [("", "")] * len(request.charts)
    return {
        "changed": False,
        "helm": {"path": path, "version": version, "fault": shown(fault)},
        "charts": [
            {**wish, "chart": shown(wish["chart"]), "repository": shown(wish["repository"] or ""), "found": chart_version, "fault": shown(fault)}
            for wish, (chart_version, fault) in zip(request.charts, seen, strict=True)
        ],
    }
