# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared entries as objects of Kubernetes, held against the schemas of HashiCorp's CRDs by a real API server. The controller does not run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import entries
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.kinds import INTENTIONS, KINDS, EntryKind
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.shapes import FieldShape
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.full import FULL
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import with_entries
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

GROUP = "consul.hashicorp.com"
FOLDER = Path(os.environ.get("MESHOPS_CRDS") or Path(__file__).resolve().parents[3] / "shared" / "crds") / "consul"
SYNCED = {"type": "Synced", "status": "True"}
TYPES = {"text": "string", "flag": "boolean", "whole": "integer", "number": "number", "duration": "string"}


def schema(shape: FieldShape) -> dict[str, Any]:
    """The schema of a field, as far as we know it."""
    if shape.type == "free":
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    if shape.type == "list":
        return {"type": "array", "items": schema(shape.item or shape)}
    if shape.type == "map":
        return {"type": "object", "additionalProperties": schema(shape.item or shape)}
    if shape.type == "fields":
        return {"type": "object", "properties": {name: schema(part) for name, part in shape.fields.items()}}
    return {"type": TYPES[shape.type]}


def crd(kind: EntryKind) -> dict[str, Any]:
    """HashiCorp's CRD from the folder MESHOPS_CRDS, or else one with the fields that we know."""
    real = FOLDER / f"{kind.plural}.{GROUP}.json"
    if real.is_file():
        made: dict[str, Any] = json.loads(real.read_text("utf-8"))
        return {**{key: made[key] for key in ("apiVersion", "kind", "spec")}, "metadata": {"name": made["metadata"]["name"]}}
    spec = schema(kind.shape)
    if kind.name == INTENTIONS:
        spec["properties"]["destination"] = {"type": "object", "properties": {"name": {"type": "string"}}}
    whole = {"type": "object", "properties": {"spec": spec, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    version = {"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": whole}}
    names = {"kind": kind.resource, "listKind": f"{kind.resource}List", "plural": kind.plural, "singular": kind.resource.lower()}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{kind.plural}.{GROUP}"},
            "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]}}  # fmt: skip


def of_shape(shape: FieldShape, place: str) -> Iterator[str]:
    for name, part in shape.fields.items():
        yield f"{place}.{name}"
        yield from of_shape(part, f"{place}.{name}")
    if shape.item:
        yield from of_shape(shape.item, place)


def of_schema(part: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, inner in (part.get("properties") or {}).items():
        yield f"{place}.{name}"
        yield from of_schema(inner, f"{place}.{name}")
    for inner in (part.get("items"), part.get("additionalProperties")):
        yield from of_schema(inner, place) if isinstance(inner, Mapping) else ()


@pytest.mark.parametrize("name", KINDS)
def test_the_model_has_the_fields_of_the_crd(name: str) -> None:
    spec = crd(KINDS[name])["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    theirs = {place for place in of_schema(spec, name) if not place.startswith(f"{INTENTIONS}.destination")}
    assert set(of_shape(KINDS[name].shape, name)) == theirs


@pytest.fixture(scope="module")
def cluster(admin: dict[str, Any]) -> Iterator[Cluster]:
    made = connect(admin, environ={})
    crds = [crd(kind) for kind in KINDS.values()]
    made.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "consul"}}, *deepcopy(crds)])
    yield made
    made.delete([Ref.of(one) for one in crds], wait=30)


def completed(cluster: Cluster, *declared: dict[str, Any]) -> list[str]:
    """Complete the stage as a run does, while somebody plays the controller. Return what changed."""
    wish = with_entries(*declared, through="crds")
    (stage,) = entries.stages(wish, Settings.of(wish).entries, controller=True)
    assert stage.then

    def controller() -> None:
        for kind in KINDS.values():
            for live in cluster.list(f"{GROUP}/v1alpha1", kind.resource):
                if not (live.get("status") or {}).get("conditions"):
                    sync(cluster, kind.plural, live["metadata"])

    return [f"{change.action} {change.ref}" for change in complete(cluster, stage.then, 60, Ticking(), controller).changes if change.changed]


def sync(cluster: Cluster, plural: str, metadata: Mapping[str, Any]) -> None:
    """Play the controller that has made an entry of an object."""
    path = f"/apis/{GROUP}/v1alpha1/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}/status"
    body = {"status": {"conditions": [SYNCED]}}
    answer = cluster._server.transport.request("PATCH", path, body=body, content_type="application/merge-patch+json")
    assert answer.status == 200, answer.body


def test_a_strict_server_takes_each_field_and_a_second_run_changes_nothing(cluster: Cluster) -> None:
    assert len(completed(cluster, *FULL)) == len(FULL)
    assert completed(cluster, *FULL) == []
    assert completed(cluster, *FULL[1:6]) != []
    assert completed(cluster, *FULL[1:6]) == []
    completed(cluster)
