# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operator with its CRD, then an object of that CRD, which has to be ready, then a name that its product is given. No charts, no revisions, no gateway."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.claim import Claim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due, DueOrder
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.mirror import Needed
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import Stage
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.supply import RetiredReference
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import ReleaseLine, Versions
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Live, Manifest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.preflight.requirements import Requirements
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Question, Read

from . import rotation

GROUP, KIND, MESH, OPERATOR = "paper.example.com", "PaperMesh", "mesh", "paper-operator"
VERSION = f"{GROUP}/v1"
IMAGE = "registry.example/paper/operator"
CRD = f"papermeshes.{GROUP}"
NAME = "/v1/name"
_LABELS = {"app": OPERATOR}
_VERSIONS = Versions("Paper", date(2026, 11, 1), (ReleaseLine((1, 0), date(2026, 1, 1), ((1, 20), (1, 99))),), ("nowhere",))


def requirements() -> Requirements:
    return Requirements(_VERSIONS, groups=(GROUP,), refusing=((f"{GROUP}/closed", "true"),))


def permissions(namespace: str, platform: str = "", probe: str = "", source: str = "") -> list[dict[str, str]]:
    wide = [("", "namespaces"), ("apiextensions.k8s.io", "customresourcedefinitions")]
    inside = [("apps", "deployments"), (GROUP, "papermeshes")]
    verbs = ("get", "create", "patch", "delete")
    rights = [{"verb": verb, "group": group, "resource": resource} for group, resource in wide for verb in verbs]
    rights += [{"verb": "get", "group": "", "resource": "secrets", "namespace": namespace}]
    product = [("pods", "list"), ("pods/portforward", "get"), ("pods/portforward", "create")]
    rights += [{"verb": verb, "group": "", "resource": resource, "namespace": namespace} for resource, verb in product]
    return rights + [{"verb": verb, "group": group, "resource": resource, "namespace": namespace} for group, resource in inside for verb in verbs]


def claims(wish: ControlPlane, peers: Iterable[str] = (), gateway: bool = True) -> list[Claim]:
    return [Claim(Ref.of(one)) for one in [_operator(wish), _mesh(wish)]]


def stages(wish: ControlPlane) -> list[Stage]:
    """The CRD and the operator come before the object of the mesh: without the CRD the API server has no such kind, and nothing acts on the object before the
    operator runs."""
    operator, mesh = _operator(wish), _mesh(wish)
    running = [Condition(_crd_ref(), "established"), Condition(Ref.of(operator), "rollout")]
    return [
        Stage("operator", "control_plane", manifests=[_namespace(wish), _crd(), operator], ready=running),
        Stage("mesh", "control_plane", manifests=[mesh], ready=[Condition(Ref.of(mesh), "condition", type="Ready")], then=_name(wish, wish.cluster)),
    ]


def _name(wish: ControlPlane, wanted: str) -> Look[Due]:
    """The product keeps the cluster's name, which it is told by a PUT with its token."""
    reads = [Read("v1", "Pod", wish.namespace, rotation.LABEL), Ref("v1", "Secret", rotation.TOKEN, wish.namespace)]

    def asked(live: Live) -> list[Question]:
        pods = [one["metadata"]["name"] for one in live.get("Pod", ()) if live.get("Secret")]
        return [Question("name", wish.namespace, pod, rotation.PORT, NAME, headers=rotation.token(live)) for pod in pods[:1]]

    return Look(reads, partial(_named, asked, wanted), asked)


def _named(asked: Any, wanted: str, live: Live, answers: Answers) -> Due:
    said = next((text for text in answers.values() if text is not None), None)
    if said is None:
        return Due(fault="the product does not tell its name" if wanted or live.get("Pod") else "")
    (question,) = asked(live)
    put = replace(question, about="order", method="PUT", body=json.dumps({"name": wanted}).encode())
    return Due(orders=[] if json.loads(said)["name"] == wanted else [DueOrder(f"the name {wanted!r}", put)])


def teardown(wish: ControlPlane) -> list[Stage]:
    """The product forgets its name while it still runs. The object goes before the operator, which has to notice this."""
    mesh = _mesh(wish)
    return [
        Stage("mesh", "control_plane", manifests=[mesh], ready=[Condition(Ref.of(mesh), "absent")], then=_name(wish, "")),
        Stage("operator", "control_plane", manifests=[_crd(), _operator(wish)]),
    ]


def leftovers(namespace: str, revision: str) -> Look[list[Ref]]:
    return Look((), _nothing)


def _nothing(live: Live, answers: Answers) -> list[Any]:
    return []


def supplies(wish: ControlPlane) -> list[Needed]:
    image = f"{IMAGE}:{wish.version or '1.0.0'}"
    return [Needed("image", image, str(wish.values.get("paper", {}).get("image") or image))]


def retired(namespace: str) -> Look[list[RetiredReference]]:
    return Look((), _nothing)


def _namespace(wish: ControlPlane) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wish.namespace}}


def _crd_ref() -> Ref:
    return Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", CRD)


def _crd() -> Manifest:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": dict(anything), "status": dict(anything)}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    names = {"kind": KIND, "listKind": f"{KIND}List", "plural": "papermeshes", "singular": "papermesh"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": CRD},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _operator(wish: ControlPlane) -> Manifest:
    container = {"name": "operator", "image": f"{IMAGE}:{wish.version or '1.0.0'}"}
    template = {"metadata": {"labels": dict(_LABELS)}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OPERATOR, "namespace": wish.namespace, "labels": dict(_LABELS)},
        "spec": {"replicas": 1, "selector": {"matchLabels": dict(_LABELS)}, "template": template},
    }


def _mesh(wish: ControlPlane) -> Manifest:
    return {
        "apiVersion": VERSION,
        "kind": KIND,
        "metadata": {"name": MESH, "namespace": wish.namespace},
        "spec": {"mesh": wish.mesh, "cluster": wish.cluster, "network": wish.network, "version": wish.version or "1.0.0"},
    }
