# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stages of an install will refuse, asked for before anything is written. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.errors import MeshError, Refused
from ..._mesh.install.stage import Stage
from ..._mesh.install.wish import ControlPlane
from ..._providers import provider
from ..look import look


def refusals(cluster: Cluster, wish: Mapping[str, Any]) -> list[str]:
    """Return why stages will refuse the wish, each once. None if the wish is empty, or can never be: then its variables say so."""
    try:
        stages = _stages(wish) if wish else []
    except Refused:
        return []
    said = [_refusal(cluster, stage) for stage in stages if stage.then]
    return list(dict.fromkeys(one for one in said if one))


def _stages(wish: Mapping[str, Any]) -> Sequence[Stage]:
    plane = ControlPlane.of(wish)
    mesh = provider(plane.provider)
    return mesh.install.stages(replace(plane, namespace=plane.namespace or mesh.defaults.namespace))


def _refusal(cluster: Cluster, stage: Stage) -> str:
    """Return why a stage will refuse; empty if it will not. A stage may look at what only an earlier one brings, so that nobody can tell yet."""
    try:
        return look(cluster, stage.then).refusal if stage.then else ""
    except MeshError:
        return ""
