# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P18: the whole playbooks on stub clusters that hold what a real run of site left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from meshlab import pki, programs

from .contestants import OURS, STATUS, TASKS, Commands, Scene
from .errors import BenchError
from .figures import Requests, Run
from .measure import AuditLog, footprint, surroundings, timed
from .race import OFTEN, Lane, Outcome, Race, Say
from .stubs import LOOPBACK, mesh, network

PROGRAM = Path(__file__).with_name("stubs.py").resolve()
HELM = Path(__file__).with_name("stub_helm.py").resolve()
FORKS = 10
SIZES = {"P18-2": 2, "P18-20": 20, "P18-50": 50, "P18-200": 200}
FEW = 20


def names(count: int) -> list[str]:
    return [f"c{number:04}" for number in range(1, count + 1)]


def charts() -> Path:
    return programs.PROGRAMS["istio"].cached / "charts"


def inventory(folder: Path, clusters: Sequence[str]) -> Path:
    """An inventory as users write it: common variables stand once, and each cluster has its own ones."""
    common = {
        "mesh_provider": "istio", "mesh_version": "1.32", "mesh_revision": "stable", "mesh_charts": {"source": "directory", "location": str(charts())},
        "mesh_kube": {"kubeconfig": f"{folder}/kube/{{{{ inventory_hostname }}}}", "context": "{{ inventory_hostname }}"},
        "mesh_values": {"istiod": {"autoscaleEnabled": False, "global": {"tag": programs.ISTIO_VERSION}, "telemetry": {"enabled": False}}},
    }
    hosts = {name: {"mesh_network": network(name), "mesh_site": f"dc{int(name[1:]) % 2}", "mesh_api_server": f"https://{name}.example:6443"}
             for name in clusters}
    groups = {mesh(one): {"hosts": {}, "vars": {"mesh_name": mesh(one), "mesh_trust_cluster": one}} for one in clusters[::2]}
    for name in clusters:
        groups[mesh(name)]["hosts"][name] = None
    file = folder / f"hosts-{len(clusters)}.json"
    file.write_text(json.dumps({"all": {"vars": common, "hosts": hosts, "children": {key.replace("-", "_"): group for key, group in groups.items()}}}))
    return file


class Site:
    """The stubs, and the folder of the inventory that names them."""

    def __init__(self, folder: Path, port: int, clusters: Sequence[str]) -> None:
        self.folder, self.url, self._clusters = folder, f"https://{LOOPBACK}:{port}", clusters

    def tell(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_/{what}", context=ssl._create_unverified_context()) as answer:
            return dict(json.load(answer))

    def mark(self) -> None:
        self.tell("counts")

    def since(self) -> Requests:
        seen = self.tell("counts")
        return Requests(seen["requests"], seen["writes"])

    def command(self, playbook: str, count: int, forks: int = FORKS) -> list[str]:
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return [program, playbook, f"--inventory={inventory(self.folder, self._clusters[:count])}", f"--forks={forks}"]

    def nothing(self, tasks: int) -> str:
        """Return a playbook of so many tasks that do nothing, which is what Ansible itself takes for them."""
        play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "nothing"}}] * tasks}
        (self.folder / "tasks.json").write_text(json.dumps([play]), encoding="utf-8")
        return "tasks.json"

    def fill(self) -> None:
        """Fill the stubs. Helm's part is recorded in the first mesh and copied to all; a real `site` writes everything else."""
        more = self.fill_first()
        self.tell("spread")
        if len(self._clusters) > 2:
            self._play(self.command("meshops.lifecycle.site", len(self._clusters)), more)

    def fill_first(self) -> dict[str, str]:
        """Fill the first mesh and return what a later `site` needs in its environment."""
        home = self.folder / "bin"
        home.mkdir()
        real = shutil.which("helm")
        script = home / "helm"
        script.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(HELM))} \"$@\"\n")
        script.chmod(0o755)
        more = {"STUB_HELM": str(real), "STUB_URL": self.url, "PATH": f"{home}:{os.environ['PATH']}"}
        self._play(self.command("meshops.lifecycle.site", 2), more)
        return more

    def _play(self, command: list[str], more: dict[str, str]) -> None:
        log, environ = self.folder / "fill.log", {**surroundings(self.folder), **more}
        with open(log, "w", encoding="utf-8") as out:
            done = subprocess.run(command, env=environ, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise BenchError(f"The stub clusters could not be filled: {' '.join(log.read_text(encoding='utf-8')[-3000:].split())}")


@contextlib.contextmanager
def site(folder: Path, count: int) -> Iterator[Site]:
    with stubs_running(folder, names(count)) as running:
        running.fill()
        yield running


@contextlib.contextmanager
def stubs_running(folder: Path, clusters: Sequence[str], program: Path = PROGRAM) -> Iterator[Site]:
    """The program that is these clusters, and a kubeconfig for each in the folder `kube`."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "pki"
    place.mkdir()
    authority = pki.Authority(place, "stubs-ca")
    authority.sign("apiserver", "/CN=stubs", ["serverAuth"], [LOOPBACK], ["localhost"])
    authority.sign("admin", "/O=system:masters/CN=admin")
    with subprocess.Popen([sys.executable, str(program), str(place), *clusters], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int((process.stdout.readline() if process.stdout else "") or 0)
            if not port:
                raise BenchError("The stub clusters did not start; what they said stands above.")
            (folder / "kube").mkdir()
            for name in clusters:
                pki.write_private(folder / "kube" / name, pki.kubeconfig([(name, f"https://{LOOPBACK}:{port}/{name}", place, "admin")], name))
            yield Site(folder, port, clusters)
        finally:
            process.kill()


RECAP = re.compile(r"^c\d+ +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+) +skipped=(\d+)", re.MULTILINE)


def settled(text: str, count: int) -> int:
    """The number of tasks of a cluster, from the recap of a run that changed nothing and had no faults."""
    told = [tuple(map(int, line)) for line in RECAP.findall(text)]
    if len(told) != count or any(changed or unreachable or failed for _ok, changed, unreachable, failed, _skipped in told):
        raise BenchError(f"Something changed or failed on stub clusters where nothing was to change: {' '.join(text[-1500:].split())}")
    return min(ok + skipped for ok, _changed, _unreachable, _failed, skipped in told)


class Size:
    """The contestants of P18 on so many clusters."""

    def __init__(self, site: Site, count: int) -> None:
        self._site, self._count, self._tasks = site, count, 1
        scene = Scene(site.folder, site.folder / "kube", "", [], [])
        self._lanes = {name: Lane(name, scene, (), AuditLog()) for name in (OURS, STATUS, TASKS)}

    def weigh(self, outcome: Outcome) -> None:
        outcome.trees[OURS] = footprint(self.commands(OURS), self._site.folder)

    def commands(self, name: str) -> Commands:
        if name == TASKS:
            return [self._site.command(self._site.nothing(self._tasks), self._count)]
        return [self._site.command(f"meshops.lifecycle.{'status' if name == STATUS else 'site'}", self._count)]

    def attempt(self, name: str, _number: int) -> tuple[Lane, Run]:
        run = timed(self.commands(name), self._site.folder, self._site)
        if name != TASKS:
            tasks = settled((self._site.folder / "out").read_text(encoding="utf-8"), self._count)
            self._tasks = tasks if name == OURS else self._tasks
        return self._lanes[name], run


def playbooks(folder: Path, rounds: int, wanted: Sequence[str], say: Say) -> dict[str, Outcome]:
    """The contestants by wanted workload. A large site is measured in fewer rounds."""
    sizes = {workload: count for workload, count in SIZES.items() if workload in wanted}
    say(f"P18: {max(sizes.values())} stub clusters are filled by a real site")
    found: dict[str, Outcome] = {}
    with site(folder / "P18", max(sizes.values())) as running:
        for workload, count in sizes.items():
            size, race = Size(running, count), Race(workload, min(rounds, OFTEN if count > FEW else rounds), say)
            size.weigh(race.outcome)
            found[workload] = race.run([OURS, STATUS, TASKS], size.attempt)
    return found
