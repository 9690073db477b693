# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stages of an install or of a teardown will refuse, asked for before anything is written. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def refusals(cluster: Cluster, wish: Mapping[str, Any], absent: bool = False) -> list[str]:
    """Return why stages will refuse the wish, or with `absent` its end, each once. None if the wish is empty, or can never be: then its variables say so."""
    try:
        plane = _plane(wish) if wish else None
        stages = _stages(plane, absent) if plane else []
    except Refused:
        return []
    said = [_refusal(cluster, plane, stage) for stage in stages if plane and stage.then]
    return list(dict.fromkeys(one for one in said if one))


def _stages(plane: ControlPlane, absent: bool) -> Sequence[Stage]:
    """Return the stages that look at this cluster. Those of a teardown that are about another one never stop it."""
    install = provider(plane.provider).install
    return [stage for stage in install.teardown(plane) if not stage.cluster] if absent else install.stages(plane)


def _plane(wish: Mapping[str, Any]) -> ControlPlane:
    plane = ControlPlane.of(wish)
    return replace(plane, namespace=plane.namespace or provider(plane.provider).defaults.namespace)


def _refusal(cluster: Cluster, plane: ControlPlane, stage: Stage) -> str:
    """Return why a stage will refuse; empty if it will not. A stage may look at what only an earlier one brings, so that nobody can tell yet."""
    try:
        return look(cluster, guarded(stage.then, plane, SystemClock())).refusal if stage.then else ""
    except MeshError:
        return ""
