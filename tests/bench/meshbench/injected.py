# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster in memory with two revisions of a control plane and many sidecars, run as a program of its own, as stubs.py is.

A Deployment whose template changes gets new pods at once. Who makes their proxies is what the namespace's label says, and each istiod lists those that it made.
So a cutover waits for nobody, and what is measured is what it does itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_server import rolled_out
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import HOOKS, injector, tag

from meshbench.stubs import Stub, main

REVISIONS = {"blue": "1.31.2", "green": "1.32.0"}
REV, NAMESPACE = "istio.io/rev", istio_live.NAMESPACE
SPACES, WORKLOADS, REPLICAS = 20, 200, 5
SIDECARS = WORKLOADS * REPLICAS
ADMISSION = "admissionregistration.k8s.io/v1"


def spaces() -> list[str]:
    return [f"shop-{number:02}" for number in range(SPACES)]


class Injected(Stub):
    """A cluster in which all namespaces name the revision blue."""

    def __init__(self, name: str, mates: list[str]) -> None:
        self._templates: dict[tuple[str, str], str] = {}
        super().__init__(name, mates)
        for revision, version in REVISIONS.items():
            self._plane(revision, version)
        for half in tag("default", "blue"):
            self.server.seed({"apiVersion": ADMISSION if half.get("webhooks") else "v1", "kind": HOOKS if half.get("webhooks") else "Service", **half})
        validator = {"name": "istiod-default-validator", "labels": {REV: "blue", "app": "istiod"}}
        self.server.seed({"apiVersion": ADMISSION, "kind": "ValidatingWebhookConfiguration", "metadata": validator})
        for space in spaces():
            self.server.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": {REV: "blue"}}})
        for number in range(WORKLOADS):
            self.server.seed(_workload(spaces()[number % SPACES], f"server-{number:03}"))
            self.server.seed(_budget(spaces()[number % SPACES], f"server-{number:03}"))

    def _plane(self, revision: str, version: str) -> None:
        self.server.seed(istio_live.deployment(revision, image=f"docker.io/istio/pilot:{version}"))
        pod = istio_live.pod(f"istiod-{revision}-1", revision)
        pod["metadata"]["labels"]["sidecar.istio.io/inject"] = "false"
        self.server.seed(pod)
        self.server.seed({"apiVersion": ADMISSION, "kind": HOOKS, **injector(revision)})

    def _react(self, live: dict[str, Any]) -> None:
        if live["kind"] != "Deployment" or live["metadata"]["namespace"] == NAMESPACE:
            return
        rolled_out(live)
        meta, template = live["metadata"], json.dumps(live["spec"]["template"], sort_keys=True)
        key = (meta["namespace"], meta["name"])
        if self._templates.get(key) != template:
            self._templates[key] = template
            self._anew(live)

    def _anew(self, live: dict[str, Any]) -> None:
        meta = live["metadata"]
        labels = self.server.objects["v1", "namespaces", None, meta["namespace"]]["metadata"]["labels"]
        for number in range(REPLICAS):
            name = f"{meta['name']}-{number}"
            owner = {"kind": "Deployment", "name": meta["name"], "uid": meta["uid"], "controller": True}
            pod = {"name": name, "namespace": meta["namespace"], "labels": {"app": meta["name"]}, "annotations": {REV: labels[REV]}, "ownerReferences": [owner]}
            status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
            self.server.objects.pop(("v1", "pods", meta["namespace"], name), None)
            self.server.seed({"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": {"containers": []}, "status": status})

    def debug(self, path: str, pod: str = "") -> bytes:
        """As one istiod says it. Its metrics say that no proxy rejected anything."""
        if not path.startswith("/debug/syncz"):
            return b"pilot_total_xds_rejects 0\n" if path.startswith("/metrics") else super().debug(path, pod)
        revision = pod.removeprefix("istiod-").removesuffix("-1")
        made = [one["metadata"] for key, one in self.server.objects.items() if key[1] == "pods" and _made_by(one) == revision]
        return json.dumps([istio_live.synced(f"{meta['name']}.{meta['namespace']}", self.name) for meta in made]).encode()

    def handle(self, method: str, target: str, body: Any, content_type: str) -> Answer:
        """A list of pods is asked for with a selector of fields; all of these pods live."""
        return super().handle(method, target.replace("fieldSelector=status.phase", "ignored=status.phase"), body, content_type)


def _made_by(pod: dict[str, Any]) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(REV, ""))


def _workload(space: str, name: str) -> dict[str, Any]:
    labels = {"app": name}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": []}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": space}, "spec": spec}


def _budget(space: str, name: str) -> dict[str, Any]:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": space}, "spec": spec,
            "status": {"disruptionsAllowed": 1, "currentHealthy": REPLICAS, "desiredHealthy": REPLICAS - 1, "expectedPods": REPLICAS}}


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:], Injected))
