# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two datacenters of Consul by hand: kubectl, and Consul's own command in the pods of servers. It shares no code with the collection."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT, Estate

from . import play
from .errors import DrillError
from .play import Run

SPACE, SERVERS, GATEWAY, SERVER = "consul", "statefulset/consul-server", "deployment/consul-mesh-gateway", "app=consul,component=server"
ANSWERING = "app=consul,component=mesh-gateway"
INVENTORIES = CHECKOUT / "inventories" / "lab-consul"
# The token comes by the standard input: arguments are seen by everybody on the machine.
_WITH_TOKEN = 'read -r CONSUL_HTTP_TOKEN; export CONSUL_HTTP_TOKEN; exec "$@"'


@dataclass(frozen=True)
class Said:
    code: int
    text: str

    def well(self) -> str:
        if self.code:
            raise DrillError(f"Consul refused what the drill asked for: {self.text.strip()[-300:]}")
        return self.text


@dataclass
class Mesh:
    """`mesh` is peering or federation, and `folder` the place of logs."""

    estate: Estate
    mesh: str
    folder: Path
    variables: Mapping[str, Any] = field(default_factory=dict)

    def play(self, name: str, kind: str, *words: str, **variables: Any) -> Run:
        given = {**self.variables, **variables}
        return play.playbook(name, kind, self.folder / kind, given, inventory=INVENTORIES / f"{self.mesh}.yml", words=words)

    @property
    def snapshots(self) -> dict[str, Any]:
        """Where backups lie, encrypted by a key beside them: this is a lab."""
        place, key = self.folder / "snapshots", self.folder / "snapshots.key"
        place.mkdir(parents=True, exist_ok=True)
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(secrets.token_hex(32), encoding="utf-8")
        openssl = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", f"file:{key}"]
        return {"directory": str(place), "encrypt": openssl, "decrypt": [*openssl, "-d"], "keep": 3}

    def newest(self, cluster: str) -> str:
        return max((str(file) for file in (self.folder / "snapshots").glob(f"{cluster}@*.snapshot")), default="")

    def servers(self, cluster: str) -> dict[str, str]:
        """The servers that are ready, with their addresses."""
        return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in self.ready(cluster, SERVER)}

    def ready(self, cluster: str, labels: str, space: str = SPACE) -> list[dict[str, Any]]:
        pods = self.estate.get(cluster, "pods", "-n", space, "-l", labels)["items"]
        return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")
                and any((one["type"], one["status"]) == ("Ready", "True") for one in pod["status"].get("conditions", []))]

    def management(self, cluster: str) -> str:
        """The token of the datacenter that may do everything; a secondary has those of its primary."""
        there = cluster if self.mesh == "peering" else self.primary
        secret = self.estate.get(there, "secret", "consul-tokens", "-n", SPACE)
        return base64.b64decode(secret["data"]["management"]).decode()

    @property
    def primary(self) -> str:
        return "east"

    def consul(self, cluster: str, *words: str, given: str = "", pod: str = "") -> Said:
        """Consul's own command in the pod of a server."""
        name = pod or next(iter(self.servers(cluster)), "")
        if not name:
            raise DrillError(f"{cluster}: no server of Consul is ready.")
        command = ["kubectl", "--kubeconfig", self.estate.kubeconfig, "--context", cluster, "-n", SPACE, "exec", "-i", name, "-c", "consul", "--",
                   "/bin/sh", "-c", _WITH_TOKEN, "sh", *words]
        done = subprocess.run(command, input=f"{self.management(cluster)}\n{given}", capture_output=True, text=True, check=False, timeout=60)
        return Said(done.returncode, done.stdout if not done.returncode else done.stdout + done.stderr)

    def http(self, cluster: str, path: str, pod: str = "") -> Said:
        """A GET to a server's own HTTP port."""
        script = f'exec wget -qO- --header "X-Consul-Token: $CONSUL_HTTP_TOKEN" "http://127.0.0.1:8500{path}"'
        return self.consul(cluster, "/bin/sh", "-c", script, pod=pod)

    def voters(self, cluster: str) -> tuple[str, int]:
        """The name of the leader, and how many servers vote."""
        told = json.loads(self.http(cluster, "/v1/operator/raft/configuration").well())["Servers"]
        return next((one["Node"] for one in told if one["Leader"]), ""), sum(one["Voter"] for one in told)

    def scale(self, cluster: str, what: str, replicas: int, space: str = SPACE) -> None:
        self.estate.kubectl(cluster, "-n", space, "scale", what, f"--replicas={replicas}")

    def rolled_out(self, cluster: str, what: str, space: str = SPACE) -> None:
        self.estate.kubectl(cluster, "-n", space, "rollout", "status", what, "--timeout=240s")

    def kill(self, cluster: str, pod: str, space: str = SPACE) -> None:
        """As when its node dies: nobody in the pod hears of it."""
        self.estate.kubectl(cluster, "-n", space, "delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")

    def until(self, holds: Callable[[], bool], what: str, patience: float = 180.0) -> float:
        """Wait for something to hold. Return the seconds that it took."""
        begin = time.monotonic()
        while True:
            try:
                if holds():
                    return time.monotonic() - begin
            except (DrillError, AssertionError, KeyError, ValueError, subprocess.TimeoutExpired):
                pass
            if time.monotonic() - begin > patience:
                raise DrillError(f"{what}: not within {patience:.0f} s.")
            time.sleep(1.0)

    def gone(self, cluster: str, labels: str, space: str = SPACE) -> float:
        return self.until(lambda: not self.estate.get(cluster, "pods", "-n", space, "-l", labels)["items"], f"{cluster}: pods with {labels} are gone")

    def alone(self, cluster: str, labels: str, space: str) -> float:
        return self.until(lambda: len(self.estate.get(cluster, "pods", "-n", space, "-l", labels)["items"]) == 1, f"{cluster}: one pod has {labels}")

    def elected(self, cluster: str, servers: int = 3) -> float:
        return self.until(lambda: bool(self.voters(cluster)[0]) and self.voters(cluster)[1] == servers, f"{cluster}: {servers} servers vote")


def token_of(text: str) -> Sequence[str]:
    """The identifiers in what `consul acl token create` says."""
    return [line.split()[1] for line in text.splitlines() if line.startswith("AccessorID")]
