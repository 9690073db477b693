# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster in memory in which a stand-in for Consul runs, and what an install orders there. It was not compared with a real Consul."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Store
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

ALL = ["the policy meshops-agent", "the policy meshops-gateway", "the token of the agent", "the token of the gateway",
       "the entry proxy-defaults", "the entry mesh"]  # fmt: skip


class Running(FakeCluster):
    """A cluster in which Consul runs.

    `dies` counts down the writes after which the run is killed, `refusing` are answers to the first writes, and from its write `refused_from` on it takes none.
    """

    store: Store
    dies = refused_from = -1
    taken = 0
    refusing: list[int]

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        return [self.answer(question) for question in questions]

    def answer(self, question: PodRequest) -> Answer | MeshError:
        if question.method != "GET":
            if self.refusing:
                return Answer(self.refusing.pop(0), f"no: {question.body!r}".encode())
            self.taken += 1
            if self.taken >= self.refused_from > 0:
                return Answer(503, b"no leader")
            self.dies -= 1
            if self.dies == 0:
                raise KeyboardInterrupt
        said = self.store.answer(question)
        return Answer(403, b"ACL not found") if said is None else Answer(200, said.encode())


def running(*refusing: int, dry_run: bool = False, store: Store | None = None) -> Running:
    objects = [{"apiVersion": "v1", "kind": kind, **copy.deepcopy(one)} for kind, one in (("Pod", server()), ("Secret", tokens()))]
    for one in objects:
        one["metadata"]["namespace"] = "consul"
    made = Running(namespace("consul"), *objects, dry_run=dry_run)
    made.store, made.refusing = store or Store(), list(refusing)
    return made
