# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads on one cluster: each contestant has its own namespaces on one API server, or an empty API server for a cold start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml
from meshlab import apionly, programs
from meshlab.apionly import ApiServer

from .contestants import CONTESTANTS, ENGINE, IDLE, ISTIOCTL, Scene
from .errors import BenchError
from .figures import Run
from .measure import AuditLog, timed
from .race import Lane, Outcome, Race, Say
from .workload import Manifest, objects


@cache
def istio_crds() -> list[Manifest]:
    """Istio's CRDs from the chart that the lab has built."""
    file = programs.PROGRAMS["istio"].cached / "charts" / "base" / "files" / "crd-all.gen.yaml"
    if not file.exists():
        raise BenchError("Istio's charts are not built yet: make lab-build.")
    return [crd for crd in yaml.load_all(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if crd]


def bring(lane: Lane, manifests: list[Manifest]) -> None:
    """Make the objects before anything is measured."""
    scene = replace(lane.scene, folder=lane.scene.folder / "before", objects=manifests, crds=[], wait=False)
    timed(CONTESTANTS[ENGINE].commands(scene), scene.folder, AuditLog())


class Course:
    """The contestants, for one workload after the other."""

    def __init__(self, folder: Path, rounds: int, names: list[str], say: Say) -> None:
        self._folder, self._rounds, self._say = folder, rounds, say
        self._names = [name for name in names if name != ISTIOCTL]

    def warm(self, wanted: list[str]) -> dict[str, Outcome]:
        """P1 and P2, on one API server that already has all objects."""
        outcomes = {}
        with apionly.running("bench") as server:
            lanes = {name: self._lane(server, name) for name in self._names}
            bring(lanes[ENGINE], istio_crds())
            first = Race(wanted[0], self._rounds, self._say)
            for lane in lanes.values():
                first.warm_up(lane)
            for workload in wanted:
                race = first if workload == wanted[0] else Race(workload, self._rounds, self._say)
                race.outcome.left_out.update(first.outcome.left_out)
                outcomes[workload] = race.run(self._names, lambda name, _number, drift=workload == "P2": self._settled(lanes[name], drift))
        return outcomes

    def _settled(self, lane: Lane, drift: bool) -> tuple[Lane, Run]:
        if drift:
            lane.drift()
            lane = replace(lane, scene=replace(lane.scene, force=True))
        return lane, lane.run()

    def cold(self) -> Outcome:
        """P3: a new, empty API server for each run of each contestant; CRDs are part of the work."""
        def attempt(name: str, _number: int) -> tuple[Lane, Run]:
            with self._empty(name) as lane:
                return lane, lane.run()

        return Race("P3", self._rounds, self._say).run(self._names, attempt)

    @contextlib.contextmanager
    def _empty(self, name: str) -> Iterator[Lane]:
        if name in IDLE:
            yield Lane(name, self._scene(self._folder / "none", name), (), AuditLog())
            return
        with apionly.running("bench") as server:
            yield self._lane(server, name, istio_crds())

    def _lane(self, server: ApiServer, name: str, crds: list[Manifest] | None = None) -> Lane:
        scene = replace(self._scene(self._folder / server.directory.parent.name, name), kubeconfig=server.kubeconfig, context=server.context, crds=crds or [])
        return Lane(name, scene, (server,), AuditLog(server.audit_log))

    def _scene(self, place: Path, name: str) -> Scene:
        (place / name).mkdir(parents=True, exist_ok=True)
        return Scene(place / name, place, "", objects(name), [])
