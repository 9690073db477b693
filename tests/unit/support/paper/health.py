# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health of the mesh of paper: the operator reports its state in its object, and the links beside the object say which clusters it knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision, HealthFacts, Remote
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import Load, Measured, Probe, ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Live, Manifest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Question, Read

from .install import KIND, MESH, VERSION

_LINK, _PORT = "paper/link", 8080


def facts(cluster: str, namespace: str) -> Look[HealthFacts]:
    return Look([Read(VERSION, KIND, namespace), Read("v1", "ConfigMap", namespace, _LINK)], partial(_facts, cluster))


def _facts(cluster: str, live: Live, _answers: Answers) -> HealthFacts:
    meshes = [one for one in live.get(KIND, ()) if one["metadata"]["name"] == MESH]
    linked = [str(one["metadata"]["labels"][_LINK]) for one in live.get("ConfigMap", ()) if _LINK in (one["metadata"].get("labels") or {})]
    return HealthFacts(
        cluster,
        planes=[ControlPlaneRevision("", str(mesh["spec"].get("version", "")), 1, int(_ready(mesh))) for mesh in meshes],
        remotes=[Remote(MESH, name, "synced") for name in linked],
        links=sorted(linked),
        reachable_networks=None,
        answered=[MESH for mesh in meshes if _ready(mesh)],
    )


def _ready(mesh: Mapping[str, Any]) -> bool:
    conditions = (mesh.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def config(namespace: str) -> Look[dict[str, int]]:
    return Look((), _none)


def _none(_live: Live, _answers: Answers) -> dict[str, int]:
    return {}


def probe(wish: ProbeWish) -> Probe:
    def question(pod: str, target: str) -> Question:
        return Question(target, wish.namespace, pod, _PORT, f"/ask/{target}")

    def fault(target: str, status: int, body: str) -> str | None:
        return None if status == 200 and body == target else f"{target} did not answer"

    def load(pod: str, target: str, wanted: Load) -> Question:
        return Question(target, wish.namespace, pod, _PORT, f"/ask/{target}/{wanted.requests}")

    pods = Read("v1", "Pod", wish.namespace, f"app=echo-{wish.cluster}")
    return Probe([_space(wish), _echo(wish)], pods, question, fault, load, _measured)


def _measured(body: str) -> Measured:
    sent, answered, slowest = body.split()
    return Measured(int(sent), int(answered), float(slowest))


def _space(wish: ProbeWish) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wish.namespace}}


def _echo(wish: ProbeWish) -> Manifest:
    name = f"echo-{wish.cluster}"
    labels, spec = {"app": name}, {"containers": [{"name": "echo", "image": wish.image}]}
    template = {"metadata": {"labels": dict(labels)}, "spec": spec}
    meta = {"name": name, "namespace": wish.namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"selector": {"matchLabels": dict(labels)}, "template": template}}
