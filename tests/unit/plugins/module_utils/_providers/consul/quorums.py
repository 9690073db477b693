# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for a StatefulSet of Consul's servers and its Raft quorum. What servers say is taken from the API's pages, not from a real Consul."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Change, Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER, STANDING, selector
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

BACK, READY, CAUGHT_UP = 2.0, 5.0, 9.0  # seconds after a pod was deleted
OLD, NEW = "old", "new"


def pod(number: int, revision: str = OLD, ready: bool = True) -> dict[str, Any]:
    made = server(number, ready)
    made["metadata"]["labels"] = {**made["metadata"]["labels"], "controller-revision-hash": revision}
    return {"apiVersion": "v1", "kind": "Pod", **made}


def workload(replicas: int = 3, standing: str = "peer", revision: str = NEW) -> dict[str, Any]:
    meta = {"name": SERVER, "namespace": "mesh", "labels": {**selector("server"), STANDING: standing}, "generation": 2}
    status = {"updateRevision": revision, "observedGeneration": 2}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": {"replicas": replicas}, "status": status}


class Servers(FakeCluster):
    """Servers whose pods come back some time after they were deleted. A leader has to give the lead away before it restarts, unless it is alone.

    `dies` counts down the deletions after which the run is killed. `handed` are the leaders that gave their lead away.
    `reaching` are servers that reach the primary; `gateways` is what a server knows of it.
    """

    def __init__(self, *pods: dict[str, Any], standing: str = "peer", leader: int = 1, dry_run: bool = False, revision: str = NEW) -> None:
        known = pods or tuple(map(pod, range(3)))
        first = {"apiVersion": "v1", "kind": "Secret", **tokens()}
        super().__init__(namespace("mesh"), workload(len(known), standing, revision), first, *known, dry_run=dry_run, react=lambda _live: None)
        self.names = [str(one["metadata"]["name"]) for one in known]
        self.leader, self.dies, self.restarted, self.handed = self.names[leader], -1, list[str](), list[str]()
        self.away: dict[str, float] = {}
        self.clock = Ticking(self.pass_time)
        self.reaching: set[str] | None = None
        self.gateways: dict[str, list[str]] = {}
        self.after: list[str] = []

    def live(self, name: str) -> dict[str, Any] | None:
        return self.get(Ref("v1", "Pod", name, "mesh"))

    def delete(self, refs: Iterable[Ref], wait: float = 0) -> list[Change]:
        """Delete a pod, as only a run does that has seen all others vote."""
        wanted = list(refs)
        if not self.dry_run:
            (ref,) = wanted
            assert all(self.clock.passed >= begun + CAUGHT_UP for begun in self.away.values()), f"{ref} restarts while {self.away} are away"
            self.away[ref.name] = self.clock.passed
            self.restarted.append(ref.name)
            assert self.leader != ref.name or len(self.names) == 1, f"{ref} restarts while it leads"
        changes = super().delete(wanted, wait)
        self.dies -= 1
        if self.dies == 0:
            raise KeyboardInterrupt
        return changes

    def pass_time(self, passed: float) -> None:
        for name, begun in self.away.items():
            number = self.names.index(name)
            if passed >= begun + BACK and not self.live(name):
                self.backend.seed(pod(number, NEW, ready=False))
                self.gateways |= {name: self.after} if self.after else {}
            if passed >= begun + READY:
                self.backend.seed(pod(number, NEW))

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        return [self.said(question) for question in questions]

    def said(self, question: PodRequest) -> Answer | MeshError:
        if question.path == "/v1/operator/raft/transfer-leader":
            assert (question.method, question.pod) == ("POST", self.leader)
            self.handed.append(self.leader)
            self.leader = next(name for name in self.names if name != self.leader)
            return Answer(200, b'{"Success": true}')
        if question.path.startswith("/v1/status/leader?dc="):
            reached = self.reaching is None or question.pod in self.reaching
            return Answer(200, b'"192.0.2.9:8300"') if reached else Answer(500, b"No path to datacenter")
        if question.path == "/v1/agent/self":
            raft = {"state": "Leader" if question.pod == self.leader else "Follower", "applied_index": str(self.member(question.pod)["LastIndex"])}
            known = {"DebugConfig": {"PrimaryGateways": self.gateways.get(question.pod, [])}, "Stats": {"raft": raft}}
            return Answer(200, json.dumps(known).encode())
        listed = [self.member(name) for name in self.names]
        return Answer(200 if all(one["Healthy"] for one in listed) else 429, json.dumps({"Servers": listed}).encode())

    def member(self, name: str) -> dict[str, Any]:
        well = self.clock.passed >= self.away.get(name, -CAUGHT_UP) + CAUGHT_UP
        index = 5000 if well else 4000
        return {"Name": name, "SerfStatus": "alive", "Leader": name == self.leader, "Voter": True, "LastTerm": 3, "LastIndex": index, "Healthy": False}
