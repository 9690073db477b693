# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controllers of a datacenter's workloads, as far as restarts for a rotation need them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, GATEWAY, SERVER
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter

_WORKLOADS = {"StatefulSet": SERVER, "DaemonSet": AGENT, "Deployment": GATEWAY}


class Controllers:
    """They start a pod anew when a run deletes it, or when the template of its workload changes. `started` are the names of these pods, in order."""

    def __init__(self, datacenter: Datacenter, kind: str, patched: pytest.MonkeyPatch) -> None:
        self.datacenter, self.mark = datacenter, f"meshops.lifecycle/renewed-{kind}"
        self.started: list[str] = []
        self._made = dict.fromkeys(datacenter.pods, "first")
        backend = datacenter.cluster.backend
        patched.setattr(backend, "react", self.react)
        patched.setattr(datacenter.cluster, "delete", self.delete)
        for kind_of, name in _WORKLOADS.items():
            live = datacenter.find(kind_of, name)
            self.react(live)
            backend.seed(live)
        for name in datacenter.pods:
            self._seed(name)

    def react(self, live: dict[str, Any]) -> None:
        if live["kind"] not in _WORKLOADS:
            return
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), int(live["spec"].get("replicas") or 0))
        live["status"] = {"observedGeneration": live["metadata"].get("generation"), "updateRevision": self._marked(live), **counts}
        name = _WORKLOADS[live["kind"]]
        if live["kind"] != "StatefulSet" and self._made.get(name, self._marked(live)) != self._marked(live):
            self._start(name, self._marked(live))

    def delete(self, refs: Any, wait: float = 0) -> list[Any]:
        (ref,) = refs
        self._start(ref.name, self._marked(self.datacenter.find("StatefulSet", SERVER)))
        return []

    def _marked(self, live: dict[str, Any]) -> str:
        return str((live["spec"]["template"]["metadata"].get("annotations") or {}).get(self.mark, "first"))

    def _seed(self, name: str) -> None:
        live = self.datacenter.find("Pod", name)
        live["metadata"]["labels"]["controller-revision-hash"] = self._made[name]
        self.datacenter.cluster.backend.seed(live)

    def _start(self, name: str, revision: str) -> None:
        self.started.append(name)
        self._made[name] = revision
        self.datacenter.pods[name].end()
        self.datacenter.pods[name].start()
        self._seed(name)
