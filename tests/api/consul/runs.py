# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the playbooks site and rotate with Consul, each in a process of its own that SIGKILL ends at a write.

The tasks are those of the roles, with the same modules, options and decisions, in the same order, without Ansible around them: what Ansible does is the same
for all meshes, and other tests have it. The clusters come one after the other, so that every run sends its writes in one order.

A write is a request to an API server that changes something, or an order to Consul. Python and what it imports start once (`python -c …; serve()`), and each
run is a fork of that process, which is why many of them are quick.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube import connect as connecting
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.modules import ca, links, mesh_config, stage_orders, workloads
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.deciding.install import plan
from ansible_collections.meshops.lifecycle.tests.api.rotation.play import Play, task
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import _LEASES, is_write
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Steps

NAMES = ("east", "west")
WEB = {"service": "web", "namespace": "shop", "port": 8080, "kind": "Deployment", "name": "web", "protocol": "http"}
BASE = {"mesh": "shop", "provider": "consul", "namespace": "consul", "version": "1.22.3", "network": "one", "trust_domain": "shop.example"}
# The primary has a leader that hands its lead over. One server is enough for what else there is in a secondary, and is quicker.
SERVERS = {"east": 3, "west": 1}
PRIMARY, SECONDARY = {"serves_remotes": True}, {"role": "remote", "primary": "east", "primary_address": "192.0.2.1:8443"}
SHARED = {"provider": "consul", "mesh": "shop", "namespace": "consul"}
SERVE = "from ansible_collections.meshops.lifecycle.tests.api.consul.runs import serve; serve()"
CHANGED, UNCHANGED = "changed", "unchanged"  # what a run says at its end
FASTER = 8  # than the pauses of the work: nothing here is busy
PATIENCE = 120  # seconds that a task waits, on a machine that has much else to do
LONGEST = 600  # seconds that a run may take


class Point:
    """Counts the writes of this process, and ends it at one of them. `place` is a file that gets a line for each, and the cluster's controllers are told."""

    def __init__(self, place: str, moment: str, number: int, pokes: str) -> None:
        self.at, self.count, self._pokes = (moment, number), 0, pokes
        self._poke = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._poke.setblocking(False)
        self._lock, self._file = threading.Lock(), os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def around(self, what: str, sends: Callable[[], Any]) -> Any:
        with self._lock:
            self.count += 1
            os.write(self._file, f"{what}\n".encode())
            self._reached("before")
            answer = sends()
            with suppress(BlockingIOError):  # they have not looked since the latest ones, and will
                self._poke.sendto(b"x", f"{self._pokes}/{what.partition(' ')[0]}.poke")
            self._reached("after")
        return answer

    def _reached(self, moment: str) -> None:
        if self.at == (moment, self.count):
            os.kill(os.getpid(), signal.SIGKILL)


def _arm(point: Point) -> None:
    class Counted(Transport):
        def request(self, method: str, path: str, query: Any = None, body: Any = None, **how: Any) -> Any:
            sends = super().request
            if not is_write(method, path, query, body) or _LEASES.match(path):
                return sends(method, path, query, body, **how)
            return point.around(f"{self.name} {method} {path}", lambda: sends(method, path, query, body, **how))

    asked = Cluster._asked

    def counted(self: Cluster, question: Any) -> Any:
        if question.method == "GET":
            return asked(self, question)
        return point.around(f"{self.name} order {question.method} {question.path.partition('?')[0]}", lambda: asked(self, question))

    vars(connecting)["Transport"] = Counted
    Cluster._asked = counted  # type: ignore[method-assign]
    SystemClock.sleep = lambda _self, seconds: time.sleep(seconds / FASTER)  # type: ignore[method-assign]


@dataclass(frozen=True)
class Mesh:
    """What the inventory says. `kube` has the connections by cluster, `wishes` the control planes, `services` the workloads of each.

    `pokes` is the folder with the sockets at which controllers hear of writes.
    """

    kube: Mapping[str, Mapping[str, Any]]
    wishes: Mapping[str, Mapping[str, Any]]
    services: Mapping[str, list[dict[str, Any]]]
    pokes: str

    @classmethod
    def of(cls, kube: Mapping[str, Mapping[str, Any]], pokes: str) -> Mesh:
        wishes = {name: {**BASE, "cluster": name, "values": {"servers": {"replicas": SERVERS[name]}}, **more}
                  for name, more in zip(NAMES, (PRIMARY, SECONDARY), strict=True)}  # fmt: skip
        return cls(kube, wishes, {name: [WEB] for name in NAMES}, pokes)

    @property
    def root(self) -> dict[str, Any]:
        return {"source": "generated", "kube": {**self.kube["east"], "cluster": "east"}, "namespace": "meshops-system", "name": "meshops-root-ca"}

    def do(self, name: str, module: Any, **options: Any) -> bool:
        done = task(module, {**self.kube[name], "cluster": name, **options})
        if done.get("failed"):
            raise SystemExit(str(done["msg"]))
        return bool(done["changed"])

    def part(self, name: str, part: str) -> bool:
        """Bring a part of a cluster up, as control_plane and gateways do."""
        planned, changed = plan(self.wishes[name], part), False
        assert not planned["refusals"], planned["refusals"]
        for step in planned["stages"]:
            if step["kind"] == "manifests":
                changed |= self.do(name, mesh_config, manifests=step["manifests"], wait_for=step["wait_for"], wait_timeout=PATIENCE)
            else:
                changed |= self.do(name, stage_orders, wish=step["wish"], part=step["part"], stage=step["name"], wait_timeout=PATIENCE)
        return changed


def site(mesh: Mesh) -> bool:
    """Trust, primaries, their gateways, secondaries, links, the secondaries' gateways, and workloads."""
    remote = [name for name, wish in mesh.wishes.items() if wish.get("role") == "remote"]
    primaries = [name for name in mesh.wishes if name not in remote]
    days = {"root_days": 365, "intermediate_days": 90}
    changed = [mesh.do(name, ca, **SHARED, trust_domain="shop.example", root=mesh.root, **days) for name in mesh.wishes]
    changed += [mesh.part(name, part) for part in ("control_plane", "gateways") for name in primaries]
    changed += [mesh.part(name, "control_plane") for name in remote]
    here = {name: [other for other in mesh.wishes if other != name] for name in mesh.wishes}
    for name, others in here.items():
        wished = [{"name": other, "kube": {**mesh.kube[other], "cluster": other}} for other in others]
        changed.append(mesh.do(name, links, provider="consul", namespace="consul", links=wished, consumers=list(mesh.wishes)))
    changed += [mesh.part(name, "gateways") for name in remote]
    changed += [mesh.do(name, workloads, wish=mesh.wishes[name], services=services, wait_timeout=PATIENCE) for name, services in mesh.services.items()]
    return any(changed)


def rotate(mesh: Mesh, kind: str, min_age: int) -> bool:
    """Rotate as the role does. What ended, or is, less than `min_age` seconds ago is not rotated again."""
    if kind == "root":
        variables = {name: {"mesh_provider": "consul", "mesh_role": wish.get("role", "primary"), "mesh_primary": wish.get("primary", "")}
                     for name, wish in mesh.wishes.items()}  # fmt: skip
        kube = {name: mesh.kube[name] for name in mesh.wishes}
        own = {"provider": "consul", "namespace": "consul"}
        return Play(kube, variables=variables, shared=own, timeout=PATIENCE, duration=2, min_age=min_age).run().changed
    clusters = {name: connecting.connect({**mesh.kube[name], "cluster": name}, environ={}) for name in mesh.wishes}
    steps = Steps(clusters, "consul", kind, "consul", timeout=PATIENCE, clock=SystemClock(), may_restart=True)
    steps.run(min_age)
    return steps.changed


def _run(given: Mapping[str, Any]) -> None:
    _arm(Point(given["writes"], given["moment"], given["number"], given["mesh"]["pokes"]))
    mesh = Mesh(**given["mesh"])
    changed = site(mesh) if given["what"] == "site" else rotate(mesh, given["what"], given["min_age"])
    print(CHANGED if changed else UNCHANGED, flush=True)


def serve() -> None:
    """Fork a run for each line of the input, and say how it ended."""
    for line in sys.stdin:
        given = json.loads(line)
        child = os.fork()
        if not child:
            output = os.open(given["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(output, stream)
            code = 1
            try:
                _run(given)
                code = 0
            except BaseException as failed:
                print(f"{type(failed).__name__}: {failed}", flush=True)
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


@dataclass(frozen=True)
class Run:
    """How a run ended, its last words, and the writes that it sent."""

    rc: int
    output: str
    writes: list[str]

    @property
    def killed(self) -> bool:
        return self.rc == -signal.SIGKILL


class Runs:
    """Starts runs, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True)  # fmt: skip

    def run(self, what: str, mesh: Mesh, moment: str = "", number: int = 0, min_age: int = 3600) -> Run:
        writes, output = self.folder / "writes", self.folder / "output"
        given = {"what": what, "mesh": vars(mesh), "writes": str(writes), "output": str(output), "moment": moment, "number": number, "min_age": min_age}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], LONGEST)[0]:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"{what} did not end within {LONGEST} s; it sent {writes.read_text().splitlines()[-3:]} and said {output.read_text()[-2000:]}")
        ended = self.process.stdout.readline()
        assert ended, f"the process that forks runs ended, {what}"
        return Run(int(ended), output.read_text(), writes.read_text().splitlines())

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)
