# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P12: how often istiod computes the configuration of all proxies again while objects change. istiod runs as a process, without a pod."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from meshlab import apionly, pki
from meshlab.apionly import ApiServer, free_ports

from .contestants import ISTIOCTL, PING, Scene
from .course import bring, istio_crds
from .errors import BenchError
from .figures import Run
from .istio import NAMESPACE
from .measure import AuditLog
from .race import Lane, Outcome, Race, Say
from .workload import namespaces, routing

# Recorded once for each push, as each begins with a new push context; connected proxies only add to what it costs.
METRIC = re.compile(r"^pilot_pushcontext_init_seconds_count (\d+)", re.MULTILINE)
PATIENCE = 60.0
# istiod waits for a pause of 0.1 s in the changes, but never longer than 10 s.
QUIET = 1.5


def counted(metrics: str) -> int:
    found = METRIC.search(metrics)
    return int(found.group(1)) if found else 0


@contextlib.contextmanager
def istiod(server: ApiServer, folder: Path) -> Iterator[Callable[[], int]]:
    """Run istiod. Yield a function that returns the number of its pushes so far."""
    http, grpc, metrics = free_ports(3)
    command = ["pilot-discovery", "discovery", f"--kubeconfig={_another_name(server, folder)}", f"--httpAddr=127.0.0.1:{http}", "--httpsAddr=",
               f"--grpcAddr=127.0.0.1:{grpc}", "--secureGRPCAddr=", f"--monitoringAddr=127.0.0.1:{metrics}", "--ctrlz_port=0"]
    environ = {**os.environ, "POD_NAMESPACE": NAMESPACE, "POD_NAME": "istiod-bench"}
    with open(folder / "istiod.log", "ab") as log, subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log) as process:
        try:
            _await_ready(process, f"http://127.0.0.1:{http}/ready")
            yield lambda: counted(_read(f"http://127.0.0.1:{metrics}/metrics"))
        finally:
            process.kill()


def _another_name(server: ApiServer, folder: Path) -> Path:
    """Give istiod another user, so that its requests do not count as a contestant's."""
    content = yaml.safe_load(server.kubeconfig.read_text(encoding="utf-8"))
    content["users"][0]["user"] |= {"as": "istiod", "as-groups": ["system:masters"]}
    pki.write_private(folder / "istiod.kubeconfig", yaml.safe_dump(content))
    return folder / "istiod.kubeconfig"


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def _await_ready(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            _read(url)
            return
        time.sleep(0.2)
    raise BenchError(f"istiod did not become ready within {PATIENCE:g} s.")


def settled(count: Callable[[], int], quiet: float = QUIET) -> int:
    """The number of pushes when it no longer grows."""
    before, now = -1, count()
    while now != before:
        time.sleep(quiet)
        before, now = now, count()
    return now


@dataclass(frozen=True)
class WatchedLane(Lane):
    """An istiod watches the API server."""

    pushes: Callable[[], int] = lambda: 0

    def run(self) -> Run:
        before = settled(self.pushes)
        found = super().run()
        return replace(found, pushes=settled(self.pushes) - before)


def storm(folder: Path, rounds: int, names: list[str], say: Say) -> Outcome:
    """Each run changes every object of the contestant's set."""
    race, names = Race("P12", rounds, say), [name for name in names if name not in (ISTIOCTL, PING)]
    with apionly.running("bench") as server:
        lanes = {name: _lane(folder, name, server) for name in names}
        home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        for number, (name, lane) in enumerate(lanes.items()):
            bring(lane, [*([] if number else [*istio_crds(), home]), *namespaces(name)])
        with istiod(server, folder) as pushes:
            def attempt(name: str, number: int) -> tuple[Lane, Run]:
                lane = WatchedLane(name, replace(lanes[name].scene, objects=routing(name, number)), (server,), lanes[name].audit, pushes)
                return lane, lane.run()

            for lane in lanes.values():
                race.warm_up(lane, 1)
            return race.run(names, attempt)


def _lane(folder: Path, name: str, server: ApiServer) -> Lane:
    place = folder / "P12" / name
    place.mkdir(parents=True, exist_ok=True)
    scene = Scene(place, server.kubeconfig, server.context, routing(name, 0), [], of_each=5)
    return Lane(name, scene, (server,), AuditLog(server.audit_log))
