# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stages of an install will refuse, asked for before anything is written. Only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.errors import MeshError, Refused
from ..._mesh.install.stage import Stage
from ..._mesh.install.wish import ControlPlane
from ..._providers import provider
from ..clock import SystemClock
from ..look import look
from .giving_up import guarded


def refusals(cluster: Cluster, wish: Mapping[str, Any]) -> list[str]:
    """Return why stages will refuse the wish, each once. None if the wish is empty, or can never be: then its variables say so."""
    try:
        plane = _plane(wish) if wish else None
        stages = provider(plane.provider).install.stages(plane) if plane else []
    except Refused:
        return []
    said = [_refusal(cluster, plane, stage) for stage in stages if plane and stage.then]
    return list(dict.fromkeys(one for one in said if one))


def _plane(wish: Mapping[str, Any]) -> ControlPlane:
    plane = ControlPlane.of(wish)
    return replace(plane, namespace=plane.namespace or provider(plane.provider).defaults.namespace)


def _refusal(cluster: Cluster, plane: ControlPlane, stage: Stage) -> str:
    """Return why a stage will refuse; empty if it will not. A stage may look at what only an earlier one brings, so that nobody can tell yet."""
    try:
        return look(cluster, guarded(stage.then, plane, SystemClock())).refusal if stage.then else ""
    except MeshError:
        return ""
