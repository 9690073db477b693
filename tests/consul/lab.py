# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's two datacenters as a user sees them: playbooks, kubectl, and a server's own HTTP API."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT, CLUSTERS, Estate

SPACE = "consul"
EVERYTHING = {"teardown_confirm": "stock", "teardown_config": True, "teardown_data": True, "teardown_root": True}
# The token comes by the standard input: arguments are seen by everybody on the machine.
_ASK = 'read -r TOKEN; exec wget -qO- --header "X-Consul-Token: $TOKEN" "http://127.0.0.1:8500$0"'


class Datacenters(Estate):
    """Two datacenters by an inventory of the lab: `peering` or `federation`."""

    def __init__(self, kind: str) -> None:
        super().__init__(CHECKOUT / "inventories" / "lab-consul" / f"{kind}.yml")
        self.kind = kind

    def ask(self, cluster: str, path: str, server: int = 0) -> Any:
        """What a server answers to one who may do everything."""
        holder = "east" if self.kind == "federation" else cluster
        token = base64.b64decode(self.get(holder, "secret", "consul-tokens", "-n", SPACE)["data"]["management"]).decode()
        words = ["kubectl", "--kubeconfig", self.kubeconfig, "--context", cluster, "-n", SPACE, "exec", "-i", f"consul-server-{server}", "-c", "consul", "--"]
        done = subprocess.run([*words, "/bin/sh", "-c", _ASK, path], input=f"{token}\n", capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{cluster}: {path}: {done.stderr}"
        return json.loads(done.stdout)

    def voters(self, cluster: str) -> int:
        return sum(one["Voter"] for one in self.ask(cluster, "/v1/operator/raft/configuration")["Servers"])

    def active_root(self, cluster: str) -> str:
        return str(next(one["RootCert"] for one in self.ask(cluster, "/v1/connect/ca/roots")["Roots"] if one["Active"]))

    def clear(self) -> None:
        """Leave nothing of a datacenter: not even what a teardown keeps, its Secrets and the data of its servers."""
        self.play("teardown", **EVERYTHING).succeeded()
        for cluster in CLUSTERS:
            self.kubectl(cluster, "delete", "namespace", SPACE, "--ignore-not-found", "--wait=true")
            for secret in (name for name in self.names(cluster, "secrets", "-n", "meshops-system") if name.startswith("stock-")):
                self.kubectl(cluster, "-n", "meshops-system", "delete", "secret", secret)
        self.remove_data()

    def remove_data(self) -> None:
        """Remove the data of servers and agents on the nodes, which no playbook removes."""
        for cluster in CLUSTERS:
            shutil.rmtree(Path(self.lab("path", "state").strip()) / cluster / "kubelet" / "consul", ignore_errors=True)

    def workloads(self, cluster: str) -> list[str]:
        return [name for kind in ("statefulsets", "daemonsets", "deployments") for name in self.names(cluster, kind, "-n", SPACE)]
