# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster: its files, its first process, and whether it is well."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cache, cgroups, host, images, kubeapi, node, paths, pki, processes
from .errors import LabError
from .kubeapi import Api, ApiError
from .plan import Plan
from .shell import last_words, run

LONGEST_SOCKET = 107
DNS_PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns"


@dataclass(frozen=True)
class Parts:
    """What every cluster is made from."""

    binaries: Path
    store: Path
    snapshotter: str


@dataclass(frozen=True)
class Options:
    audit: bool = False
    flat: tuple[Plan, ...] = ()


class Cluster:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.home = paths.state() / plan.name
        self.logs = self.home / "logs"

    @property
    def api(self) -> Api:
        return Api(self.plan.server, self.home / "pki", timeout=5)

    def recipe(self, parts: Parts) -> str:
        """Changes when the cluster would be made differently now; which Python serves it does not matter."""
        made = [node.files(self.plan, self.home, parts.snapshotter), node.programs(self.plan, self.home, ["python3"], False),
                node.network(self.plan, []), (paths.MANIFESTS / "coredns.yaml.in").read_text(encoding="utf-8")]
        return cache.key([json.dumps(made, sort_keys=True), parts.binaries.name, parts.store.parent.name])

    def create(self, parts: Parts) -> None:
        """All files of a new cluster."""
        check_place(self.home)
        for directory in (self.logs, *(self.home / source for source, _target in node.BINDS)):
            directory.mkdir(parents=True, exist_ok=True)
        self._certificates()
        images.install(parts.store, self.home / "containerd")
        plugins = host.cni_plugins()
        assert plugins
        for plugin in plugins.iterdir():
            shutil.copy2(plugin, self.home / "cni-bin")

    def _certificates(self) -> None:
        plan, authority = self.plan, pki.Authority(self.home / "pki", f"{self.plan.name}-ca")
        authority.sign("apiserver", "/CN=kube-apiserver", ["serverAuth"], [plan.node, plan.kubernetes_service, "127.0.0.1"],
                       ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{node.DOMAIN}", plan.name, "localhost"])
        authority.sign("kubelet", f"/O=system:nodes/CN=system:node:{plan.name}", ["clientAuth", "serverAuth"], [plan.node], [plan.name])
        authority.sign("admin", "/O=system:masters/CN=admin")
        authority.sign("controller-manager", "/CN=system:kube-controller-manager")
        authority.sign("scheduler", "/CN=system:kube-scheduler")
        authority.sign("proxy", "/CN=system:kube-proxy")
        authority.service_account_keys()
        for user in ("kubelet", "controller-manager", "scheduler", "proxy", "admin"):
            file = paths.kubeconfig(plan.name) if user == "admin" else self.home / "pki" / f"{user}.conf"
            pki.write_private(file, pki.kubeconfig([(plan.name, plan.server, self.home / "pki", user)], plan.name))

    def _specify(self, parts: Parts, options: Options) -> Path:
        """Write all settings, and what the first process shall do."""
        for path, text in node.files(self.plan, self.home, parts.snapshotter).items():
            (self.home / path).write_text(text, encoding="utf-8")
        specification = {
            "cgroup": self.plan.cgroup, "logs": str(self.logs), "status": str(self.home / "programs.json"), "sysctls": node.SYSCTLS,
            "binds": [[str(self.home / source), target] for source, target in node.BINDS],
            "commands": node.network(self.plan, list(options.flat)),
            "programs": node.programs(self.plan, self.home, [sys.executable], options.audit),
        }
        file = self.home / "specification.json"
        file.write_text(json.dumps(specification, indent=1), encoding="utf-8")
        return file

    def start(self, parts: Parts, options: Options) -> int:
        """The number of the cluster's new first process, whose cable is plugged in."""
        specification = self._specify(parts, options)
        (self.home / "programs.json").unlink(missing_ok=True)
        (self.home / "containerd.sock").unlink(missing_ok=True)
        cgroups.create(self.plan.cgroup)
        environment = {**os.environ, "PATH": host.search_path(parts.binaries), "PYTHONPATH": str(paths.LAB), "PYTHONDONTWRITEBYTECODE": "1"}
        begun = subprocess.run([sys.executable, "-m", "meshlab.supervisor", str(specification)], env=environment, cwd="/", check=False,
                               capture_output=True, text=True, timeout=30)
        if begun.returncode:
            raise LabError(f"{self.plan.name} could not be started: {last_words(begun.stderr)}.")
        pid = int(begun.stdout)
        host.plug_in(self.plan, pid)
        return pid

    def programs(self) -> dict[str, dict[str, Any]]:
        """What the first process last said of each program."""
        try:
            return json.loads((self.home / "programs.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

    def answers(self) -> bool:
        try:
            return self.api.text("/readyz") == "ok"
        except (OSError, ApiError):
            return False

    def node_ready(self) -> bool:
        """Whether the kubelet that runs now has said so; the API server remembers what the one before it said."""
        since = self.programs().get("kubelet", {}).get("since", 0)
        try:
            conditions = self.api.get(f"/api/v1/nodes/{self.plan.name}")["status"].get("conditions", [])
        except (OSError, ApiError):
            return False
        return any(one["type"] == "Ready" and one["status"] == "True" and seconds(one["lastHeartbeatTime"]) >= since for one in conditions)

    def dns_ready(self, since: float) -> bool:
        """Whether DNS answers, from a container that began after a point in time: since the cluster's first process did."""
        try:
            pods = self.api.get(f"{DNS_PODS}")["items"]
        except (OSError, ApiError):
            return False
        return any(status.get("ready") and seconds(status["state"]["running"]["startedAt"]) >= since
                   for pod in pods for status in pod.get("status", {}).get("containerStatuses", []))

    def furnished(self) -> bool:
        try:
            return bool(self.api.get("/apis/apps/v1/namespaces/kube-system/deployments/coredns"))
        except (OSError, ApiError):
            return False

    def well(self, since: float) -> bool:
        programs = self.programs()
        return bool(programs) and all(program["pid"] for program in programs.values()) and self.node_ready() and self.dns_ready(since)

    def marked(self) -> bool:
        """Whether the cluster says of itself that it is for tests."""
        try:
            kubeapi.mark(self.api)
        except (OSError, ApiError):
            return False
        return True

    def furnish(self, kubectl: Path) -> None:
        """What a cluster has from its beginning: DNS."""
        text = (paths.MANIFESTS / "coredns.yaml.in").read_text(encoding="utf-8")
        text = text.replace("@IMAGE@", images.COREDNS).replace("@ADDRESS@", self.plan.dns_service)
        run([str(kubectl), f"--kubeconfig={paths.kubeconfig(self.plan.name)}", "apply", "--server-side", "--force-conflicts", "--filename=-"],
            stdin=text)

    def await_ready(self, pid: int, kubectl: Path, patience: float, give_up: Callable[[], bool]) -> bool:
        """Whether the cluster comes up within the time; False at once when its first process ends."""
        started, end = processes.started(pid), time.monotonic() + patience
        since = (self.home / "specification.json").stat().st_mtime - 1
        while time.monotonic() < end and processes.alive(pid, started) and not give_up():
            if self.well(since) and self.marked():
                return True
            if self.answers() and not self.furnished():
                self.furnish(kubectl)
            time.sleep(0.3)
        return False


def check_place(home: Path) -> None:
    """Refuse a directory that the cluster's programs could not use."""
    if len(f"{home}/containerd.sock") > LONGEST_SOCKET:
        raise LabError(f"The path {home} is too long for a socket: set MESHOPS_LAB_STATE to a shorter one.")
    hidden = [place for place in ("/run", "/proc", "/sys", *(target for _source, target in node.BINDS)) if home.resolve().is_relative_to(place)]
    if hidden:
        raise LabError(f"The clusters have a {hidden[0]} of their own and could not see {home}: set MESHOPS_LAB_STATE to a directory elsewhere.")


def seconds(time_of_day: str) -> float:
    """A time as the API writes it, since 1970."""
    return datetime.datetime.fromisoformat(time_of_day.replace("Z", "+00:00")).timestamp()
