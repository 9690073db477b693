# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the mesh's product do what a stage of its install orders, until nothing is due any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.errors import MeshError
from ..._mesh.install.stage import PARTS, Stage, named
from ..._mesh.install.wish import ControlPlane
from ..._mesh.objects.change import as_result
from ..._providers import provider
from ..clock import Clock, SystemClock
from .due import Completed, complete
from .giving_up import guarded

TASK: dict[str, Any] = dict(
    argument_spec=dict(
        wish=dict(type="dict", required=True),
        part=dict(choices=list(PARTS), required=True),
        stage=dict(required=True),
        state=dict(choices=["present", "absent"], default="present"),
        wait_timeout=dict(type="int", default=600),
    ),
)


@dataclass(frozen=True)
class StageRequest:
    """The control plane that is wanted, or is to go, and the stage whose orders are due."""

    plane: ControlPlane
    part: str
    stage: str
    absent: bool
    timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any], cluster: str) -> StageRequest:
        plane = ControlPlane.of({"cluster": cluster, **params["wish"]})
        plane = replace(plane, namespace=plane.namespace or provider(plane.provider).defaults.namespace)
        return cls(plane, params["part"], params["stage"], params["state"] == "absent", params["wait_timeout"])

    def wanted(self) -> Stage:
        install = provider(self.plane.provider).install
        return named(install.teardown(self.plane) if self.absent else install.stages(self.plane), self.part, self.stage, self.plane.cluster)


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    request = StageRequest.of(params, cluster.name)
    stage, did, ticking = request.wanted(), Completed(), clock or SystemClock()
    try:
        if stage.then:
            complete(cluster, guarded(stage.then, request.plane, ticking), request.timeout, ticking, did=did)
    except MeshError as failed:
        failed.facts.update(_result(did))
        raise
    unknown = [f"{cluster.name}: what the stage {stage.name} orders cannot be told yet: {did.unknown}."] if did.unknown else []
    return {**_result(did), "warnings": unknown}


def _result(did: Completed) -> dict[str, Any]:
    result = as_result(did.changes)
    return {**result, "changed": did.changed, "ordered": did.ordered, "diff": [*result["diff"], *did.diff]}
