# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return lines for the screen. The action of module show puts them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster

TASK: dict[str, Any] = dict(argument_spec=dict(lines=dict(type="list", elements="str", default=[]), summary=dict(default="")), connected=False)


@dataclass(frozen=True)
class Request:
    """Lines for people, and one that says the same in short."""

    lines: tuple[str, ...]
    summary: str

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        return cls(tuple(params["lines"]), params["summary"])


def reconcile(_cluster: Cluster | None, params: dict[str, Any]) -> dict[str, Any]:
    request = Request.of(params)
    below = ["", request.summary] if request.lines and request.summary else [request.summary] if request.summary else []
    return {"changed": False, "screen": [*request.lines, *below], "summary": request.summary}
