# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P16: a cutover is planned in a cluster with many namespaces, from the objects as they were read to the plan, in this process. Nothing is asked."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.way import way
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio import ISTIO
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import observation
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import HOOKS, NAMESPACE, REV, deployment, injector, space, tag

from .contestants import ENGINE, Scene
from .errors import BenchError
from .figures import Run
from .injected import REVISIONS
from .measure import AuditLog
from .race import Lane, Outcome, Race, Say

SPACES, WORKLOADS, PODS = 2000, 5, 2
WISH = {"to": "green", "former": "blue", "retire": True}
Live = dict[str, list[dict[str, Any]]]


def objects(spaces: int = SPACES) -> Live:
    """All namespaces follow one tag, which leads to blue."""
    names = [f"shop-{number:04}" for number in range(spaces)]
    service, webhook = tag("prod", "blue")
    owners = [_owner(name, number) for name in names for number in range(WORKLOADS)]
    return {
        "Namespace": [space(NAMESPACE), *(space(name, **{REV: "prod"}) for name in names)],
        "Deployment": owners, "Pod": [_pod(owner, number) for owner in owners for number in range(PODS)],
        HOOKS: [*(injector(revision) for revision in REVISIONS), webhook], "Service": [service],
        "ValidatingWebhookConfiguration": [{"metadata": {"name": "istiod-default-validator", "labels": {REV: "blue", "app": "istiod"}}}],
    }


def _owner(space: str, number: int) -> dict[str, Any]:
    made = deployment(space, f"server-{number}")
    made["spec"]["replicas"] = PODS
    return made


def _pod(owner: dict[str, Any], number: int) -> dict[str, Any]:
    meta = owner["metadata"]
    owners = [{"kind": "Deployment", "name": meta["name"], "controller": True}]
    return {"metadata": {"name": f"{meta['name']}-{number}", "namespace": meta["namespace"], "labels": owner["spec"]["template"]["metadata"]["labels"],
                         "annotations": {REV: "blue"}, "ownerReferences": owners},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


def planned(live: Live) -> dict[str, Any]:
    """As the module and the role do it: what was seen goes as JSON from one to the other."""
    planes = [ControlPlaneRevision(name, version, 1, 1) for name, version in REVISIONS.items()]
    serving = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): ("blue", True) for pod in live["Pod"]}
    told = json.dumps(observation.state("east", live, planes, serving).facts())
    return way("bench", [ClusterState.of(json.loads(told))], WISH, ISTIO.cutover.rules, ISTIO.install.requirements().versions)


class Plans:
    """The same plan in each round."""

    def __init__(self, live: Live, scene: Scene) -> None:
        self._live, self._scene = live, scene

    def attempt(self, name: str, _number: int) -> tuple[Lane, Run]:
        wall, cpu = time.perf_counter(), time.process_time()
        plan = planned(self._live)
        run = Run(time.perf_counter() - wall, time.process_time() - cpu, 0, 0)
        moved = {space for wave in plan["waves"] for names in wave["spaces"].values() for space in names}
        if plan["findings"] or len(moved) != len(self._live["Namespace"]) - 1:
            raise BenchError(f"The plan moves {len(moved)} namespaces, and says: {' '.join(plan['findings'][:3]) or 'nothing'}")
        return Lane(name, self._scene, (), AuditLog()), run


def plans(folder: Path, rounds: int, contestants: Sequence[str], say: Say) -> Outcome:
    say(f"P16: {SPACES} namespaces, {SPACES * WORKLOADS} Deployments, {SPACES * WORKLOADS * PODS} pods")
    scene = Scene(folder, folder, "east", [], [])
    return Race("P16", rounds, say).run([name for name in contestants if name == ENGINE], Plans(objects(), scene).attempt)
