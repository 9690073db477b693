# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads on many clusters: several contexts for each of a few API servers, near or far away."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from meshlab import apionly, pki
from meshlab.apionly import ApiServer

from .contestants import ENGINE, ISTIOCTL, ONE_TASK, OWN, STEP, Scene
from .course import bring, istio_crds
from .distance import LOOPBACK, far_away
from .istio import istio_set, say_ready
from .measure import AuditLog
from .race import Lane, Outcome, Race, Say
from .workload import Manifest, objects

SERVERS = 2
SOME, MANY = 20, 50
ONE_WAY = 0.025
ALL_AT_ONCE = MANY


@contextlib.contextmanager
def api_servers(count: int) -> Iterator[list[ApiServer]]:
    with contextlib.ExitStack() as running:
        yield [running.enter_context(apionly.running(f"bench-{number}")) for number in range(count)]


def spread(servers: Sequence[ApiServer], count: int) -> list[ApiServer]:
    """The server of each cluster."""
    return [servers[number % len(servers)] for number in range(count)]


def kubeconfig(file: Path, servers: Sequence[ApiServer], ports: Sequence[int] = ()) -> tuple[str, ...]:
    """Write a kubeconfig with a context for each cluster, named c01, c02, …, at the given ports if there are any."""
    urls = [f"https://{LOOPBACK}:{port}" for port in ports] or [server.server for server in servers]
    names = tuple(f"c{number:02}" for number in range(1, len(servers) + 1))
    parts = [(name, url, server.directory / "pki", "admin") for name, url, server in zip(names, urls, servers, strict=True)]
    pki.write_private(file, pki.kubeconfig(parts, names[0]))
    return names


class Fleets:
    """The workloads that change nothing in any cluster."""

    def __init__(self, folder: Path, rounds: int, names: list[str], say: Say) -> None:
        self._folder, self._rounds, self._names, self._say = folder, rounds, names, say

    def own_set(self) -> Outcome:
        """The objects that istioctl installs, applied by istioctl and by us."""
        return self._istio("P1-istioctl", 1, 1)

    def some(self) -> Outcome:
        """The same objects on several clusters. istioctl takes one after the other."""
        return self._istio("P1-fleet", SERVERS, SOME)

    def _istio(self, workload: str, servers: int, clusters: int) -> Outcome:
        race, names = Race(workload, self._rounds, self._say), [name for name in self._names if name in (*OWN, ISTIOCTL)]
        with api_servers(servers) as ours, api_servers(servers) as theirs:
            # Each has its own, as two owners of the same fields would quarrel about 2Gi and 2048Mi.
            lanes = {name: self._lane(workload, name, spread(theirs if name == ISTIOCTL else ours, clusters), istio_set()) for name in names}
            for server in (*ours, *theirs):
                bring(self._near(lanes[ENGINE], server), istio_set())
                say_ready(server)
            for lane in lanes.values():
                race.weigh(lane)
            return race.run(names, lambda name, _number: (lanes[name], lanes[name].run()))

    def far(self) -> Outcome:
        """P4. Each contestant first makes its objects without the delay."""
        race, names = Race("P4", self._rounds, self._say), [STEP, *(name for name in self._names if name in (*OWN, ONE_TASK))]
        with api_servers(SERVERS) as running, far_away(ONE_WAY, [_port(server) for server in spread(running, MANY)]) as ports:
            lanes = {name: self._lane("P4", name, spread(running, MANY), objects(name), ports) for name in names}
            for server in running:
                near = self._near(lanes[ENGINE], server)
                bring(near, istio_crds())
                bring(near, lanes[STEP].scene.objects)  # the role waits for what rolls out, and nothing does here
                for space in sorted({one["metadata"]["namespace"] for one in lanes[STEP].scene.objects if one["kind"] == "Deployment"}):
                    say_ready(server, space)
                for lane in lanes.values():
                    race.warm_up(self._near(lane, server))
            for lane in lanes.values():
                race.weigh(lane)
            return race.run(names, lambda name, _number: (lanes[name], lanes[name].run()))

    def _lane(self, workload: str, name: str, servers: Sequence[ApiServer], manifests: list[Manifest], ports: Sequence[int] = ()) -> Lane:
        folder = self._folder / workload / name
        folder.mkdir(parents=True, exist_ok=True)
        contexts = kubeconfig(folder / "kubeconfig", servers, ports)
        # To wait is free where nothing rolls out, and istioctl does.
        scene = Scene(folder, folder / "kubeconfig", contexts[0], manifests, [], wait=manifests is istio_set(), fleet=contexts if len(contexts) > 1 else (),
                      forks=ALL_AT_ONCE if name == ONE_TASK else Scene.forks)
        different = tuple(dict.fromkeys(servers))
        return Lane(name, scene, different, AuditLog(*(server.audit_log for server in different)))

    def _near(self, lane: Lane, server: ApiServer) -> Lane:
        folder = lane.scene.folder / server.context
        folder.mkdir(exist_ok=True)
        scene = replace(lane.scene, folder=folder, kubeconfig=server.kubeconfig, context=server.context, fleet=())
        return Lane(lane.name, scene, (server,), AuditLog(server.audit_log))


def _port(server: ApiServer) -> int:
    return urllib.parse.urlsplit(server.server).port or 443
