# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-planes: the traffic of ingress, application and egress from blue to green and back by weights, and a gate that says no. Nobody notices."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

from . import ledger, plane_scenery, play, revisions, sightings
from .app import NAMESPACE, Load
from .byhand import MESH
from .cutover import MEASURE
from .errors import DrillError
from .gate import Gate, always, gate
from .ground import LONGEST_GAP, Ground, Seen
from .ledger import Flow
from .plane_scenery import COLOURS, FLOWS, INGRESS, MUTUAL, PLANES, SPACES
from .play import Run
from .report import Phase, Promise, Result, promise
from .revisions import Variables

CLUSTER = "east"
WATCHED = 4.0  # seconds for which a colour is watched to see whether it still answers
Play = Callable[[str, Variables], Run]


class PlanesLoad(Load):
    """Three flows in one cluster, each through the gateways of one plane or two."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground.estate, (CLUSTER,), ground.rate, ground.say)
        self._wanted = list(plane_scenery.objects(ground.rate))

    @property
    def flows(self) -> tuple[str, ...]:
        return FLOWS

    def start(self) -> None:
        self._bring_image()
        self.stop()
        self._apply(self._wanted)
        for space in (*SPACES, NAMESPACE):
            for name in self._estate.names(CLUSTER, "deployments", "-n", space):
                self._estate.kubectl(CLUSTER, "-n", space, "rollout", "status", f"deployment/{name}", "--timeout=180s")
        self._apply(plane_scenery.slices({colour: self._addresses(colour) for colour in COLOURS}))
        self._settle()

    def _apply(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._estate.kubectl(CLUSTER, "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def _addresses(self, colour: str) -> list[str]:
        pods = self._estate.get(CLUSTER, "pods", "-n", INGRESS, "-l", f"colour={colour}")["items"]
        return [pod["status"]["podIP"] for pod in pods]

    def sent_since(self, begin: float) -> int:
        seen = ledger.flows(ledger.during(self.requests(), begin, time.time()))
        return min((seen[flow].sent if flow in seen else 0) for flow in FLOWS)

    def stop(self) -> None:
        self._estate.kubectl(CLUSTER, "delete", "namespace", NAMESPACE, *SPACES, "--ignore-not-found")


def counted(lines: Iterable[str]) -> int:
    """From what an Envoy says: the requests that its listener for the mesh answered well. Istio ends the listener's name with a semicolon."""
    pairs = (line.rpartition(": ") for line in lines)
    return sum(int(value) for name, _colon, value in pairs if re.fullmatch(rf"http\.outbound_.*_{MUTUAL};?\.downstream_rq_2xx", name))


def answered(estate: Estate, plane: str, colour: str) -> int:
    """Nothing, where its pods were taken after the last share."""
    space, name = plane_scenery.gateway_of(plane, colour)
    if estate.get(CLUSTER, "deployment", name, "-n", space)["spec"].get("replicas") == 0:
        return 0
    words = ("exec", f"deploy/{name}", "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "stats?filter=downstream_rq_2xx")
    try:
        said = estate.kubectl(CLUSTER, "-n", space, *words)
    except AssertionError:  # once more: on busy cores a pod that has just come is ready before the kubelet runs a command in it
        time.sleep(2.0)
        said = estate.kubectl(CLUSTER, "-n", space, *words)
    return counted(said.splitlines())


def share(estate: Estate, plane: str) -> int:
    """What the weights of a plane's VirtualService give green, in percent."""
    split = plane_scenery.declared()[plane]["splits"][0]
    rules = estate.get(CLUSTER, "virtualservice", split["name"], "-n", split["namespace"])["spec"]["http"]
    route = next(rule["route"] for rule in rules if rule["name"] == "all")
    return sum(one.get("weight", 100) for one in route if one["destination"]["host"] == split["green"]["host"])


@dataclass
class PlanesCourse:
    """There and back with each plane, until each flow has its requests."""

    ground: Ground
    play: Play
    asked: Gate
    requests: int
    wrong: list[str] = field(default_factory=list)
    shifts: int = 0

    def act(self, load: Load) -> list[Phase]:
        begin = time.time()
        phases = self._refused("egress")
        while True:
            for colour in reversed(COLOURS):
                for plane in PLANES:
                    phases += self._shift(plane, colour)
                    self.ground.say(f"drill-planes: {plane} to {colour}: {phases[-1].seconds:.1f} s, {load.sent_since(begin)} requests in the slowest flow")
            if load.sent_since(begin) >= self.requests:
                return phases

    def _refused(self, plane: str) -> list[Phase]:
        """A gate says no as soon as green has half of the traffic, and all of it goes back."""
        self.asked.well = lambda: share(self.ground.estate, plane) < 50
        own = {"name": "drill", "http": {"url": self.asked.url, "status": [200]}}
        run, phases = self._run(f"{plane}, gate fails", plane, "green", cutover_gates=[own], cutover_rollback="all")
        self.asked.well = always
        if not run.code or share(self.ground.estate, plane) or not self.asked.refused:
            self.wrong.append(f"{plane}: the gate said no {self.asked.refused} times, the playbook ended with {run.code}, and green has "
                              f"{share(self.ground.estate, plane)} percent ({run.log})")
        return phases

    def _shift(self, plane: str, colour: str) -> list[Phase]:
        run, phases = self._run(f"{plane} to {colour}", plane, colour)
        run.succeeded()
        self.shifts += 1
        former = next(one for one in COLOURS if one != colour)
        before = {one: answered(self.ground.estate, plane, one) for one in COLOURS}
        time.sleep(WATCHED)
        served = {one: answered(self.ground.estate, plane, one) - before[one] for one in COLOURS}
        if served[former] or not served[colour]:
            self.wrong.append(f"after {plane} went to {colour}, {colour} answered {served[colour]} requests and {former} {served[former]}")
        return phases

    def _run(self, name: str, plane: str, colour: str, **more: Any) -> tuple[Run, list[Phase]]:
        run = self.play(name, {**wish(), "cutover_plane": plane, "cutover_to": colour, "cutover_probe": MEASURE, **more})
        return run, [*run.phases, Phase(f"{name}: in all", run.began, time.time() - run.began)]

    def judge(self, seen: Seen) -> list[Promise]:
        flows = [seen.flows.get(name, Flow(name, 0, 0, 0, 0, 0)) for name in FLOWS]
        least, bare = min(flow.sent for flow in flows), sightings.plain(seen.samples)
        return [Promise(f"each flow has {self.requests} requests or more", str(least), least >= self.requests),
                promise("no request is lost", sum(flow.lost for flow in flows)),
                Promise("each shift moved what was asked, and the gate's no turned all back", "; ".join(self.wrong) or f"{self.shifts} shifts", not self.wrong),
                Promise("no pod without a sidecar becomes ready where there should be one", ", ".join(bare) or "none", not bare),
                promise("no cluster is out of the witness's sight for longer, in seconds,", sightings.longest_gap(seen.samples), LONGEST_GAP)]


def wish() -> Variables:
    """Only the first cluster has planes."""
    return {"drill_planes": {CLUSTER: plane_scenery.declared()}, "mesh_planes": "{{ drill_planes[inventory_hostname] | default({}) }}"}


def hold(ground: Ground, requests: int, run: Play | None = None) -> Result:
    by = run or (lambda name, variables: play.playbook("cutover", name, ground.build / "planes" / name.replace(", ", "-").replace(" ", "-"), variables))
    with installed(ground), gate() as asked:
        course = PlanesCourse(ground, by, asked, requests)
        return ground.hold("planes", course.act, course.judge, eyes=sightings.PODS, load=PlanesLoad(ground))


@contextmanager
def installed(ground: Ground) -> Iterator[None]:
    """Six control planes beside that of the mesh, as the playbook `site` installs what is declared. In the end they are gone."""
    now = revisions.serving(ground.estate, CLUSTER) or revisions.REVISIONS[0]
    play.playbook("site", "site", ground.build / "site", {"mesh_revision": now, **wish()}).succeeded()
    try:
        yield
    finally:
        words = ["helm", "--kubeconfig", ground.estate.kubeconfig, "--kube-context", CLUSTER, "-n", MESH, "uninstall", "--ignore-not-found", "--wait"]
        names = [f"istiod-{plane_scenery.revision(plane, colour)}" for plane in PLANES for colour in COLOURS]
        done = subprocess.run([*words, *names], capture_output=True, text=True, check=False)
        if done.returncode:
            raise DrillError(f"The control planes of the planes stayed: {done.stderr.strip()}.")
