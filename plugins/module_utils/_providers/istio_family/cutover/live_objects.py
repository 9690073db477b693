# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what an order is about among the objects that were read, and say how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._mesh.cutover.write import PATCH, REPLACE, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.shapes import Live, Manifest, Object
from .gateway_api import is_gateway_api

# What tools put on an object to know it again. On a copy it would make them take the copy for theirs, and delete it.
_MARKS = (
    "helm.sh/", "meta.helm.sh/", "helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/", "argocd.argoproj.io/", "objectset.rio.cattle.io/", "kapp.k14s.io/",
    "deployment.kubernetes.io/", "kubectl.kubernetes.io/last-applied-configuration", "app.kubernetes.io/instance", "autoscaling.alpha.kubernetes.io/",
)  # fmt: skip
_MANAGED = "app.kubernetes.io/managed-by"


def named(live: Live, kind: str, namespace: str, name: str) -> Object | None:
    """The object, or None. Two groups have a kind Gateway; an order is about that of the Gateway API."""
    for one in live.get(kind, ()):
        meta = one["metadata"]
        if meta["name"] == name and meta.get("namespace", "") == namespace and (kind != "Gateway" or is_gateway_api(one)):
            return one
    return None


def patched(one: Object | None, body: Manifest, restarts: bool = False, then: Sequence[Condition] = ()) -> list[Write]:
    """Nothing for an object that is gone."""
    return [Write(PATCH, Ref.of(one), body, one, restarts, then)] if one else []


def replaced(one: Object | None, body: Manifest) -> list[Write]:
    return [Write(REPLACE, Ref.of(one), body, one)] if one and body != dict(one) else []


def copied(one: Object, name: str, **annotations: str) -> Manifest:
    """The object under another name, without what the API server and other tools wrote on it."""
    meta = one["metadata"]
    labels, notes = _unmarked(meta.get("labels") or {}), _unmarked(meta.get("annotations") or {})
    made = {"name": name, "namespace": meta["namespace"], "labels": {**labels, _MANAGED: "meshops.lifecycle"}, "annotations": {**notes, **annotations}}
    return {"apiVersion": one["apiVersion"], "kind": one["kind"], "metadata": made, "spec": one.get("spec") or {}}


def _unmarked(marks: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in marks.items() if not key.startswith(_MARKS)}


def labelled(live: Live, kind: str, labels: Mapping[str, str]) -> list[Object]:
    return [one for one in live.get(kind, ()) if labels.items() <= (one["metadata"].get("labels") or {}).items()]
