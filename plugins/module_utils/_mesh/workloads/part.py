# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a workload that the mesh owns, beside what its users own, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..objects.change import Ref
from ..objects.managed_by import managed_by
from ..objects.shapes import Manifest, Object
from .service_wish import OWNER, SET

_LISTS = ("initContainers", "containers", "volumes")
_WAY = "Have that tool write the sidecar, or let it leave the workload to others."


def marked(part: Manifest, group: str) -> Manifest:
    """Return the part with the label by which a later run finds the workload."""
    meta = part["metadata"]
    return {**part, "metadata": {**meta, "labels": {**(meta.get("labels") or {}), SET: group}}}


def nothing(workload: Object) -> Manifest:
    """Return the part of a workload that leaves: a name, and no field."""
    meta = workload["metadata"]
    return {"apiVersion": workload["apiVersion"], "kind": workload["kind"], "metadata": {"name": meta["name"], "namespace": meta["namespace"]}}


def ours(workload: Object) -> Mapping[str, Any] | None:
    """Return the fields that the mesh owns; None if it owns none. A label alone proves nothing: people copy it with the manifest."""
    for entry in (workload.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == OWNER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return dict(entry.get("fieldsV1") or {})
    return None


def faults(cluster: str, workload: Object, part: Manifest) -> Iterator[str]:
    """Yield why the workload cannot get this part, each as a sentence."""
    place, spec = f"{cluster}: {Ref.of(workload)}", workload["spec"]["template"]["spec"]
    if refusal := managed_by(workload).refusal(place, _WAY):
        yield refusal
    if spec.get("hostNetwork"):
        yield f"{place} uses the network of its nodes, so its sidecar would take ports of the node. Remove hostNetwork, or leave it out of mesh_workloads."
    if workload["spec"].get("paused"):
        yield f"{place} is paused, so no pod would get its sidecar. Resume its rollout."
    for kind in _LISTS:
        if both := sorted(_names(_pod(part), kind) & (_names(spec, kind) - _owned(workload, kind))):
            yield f"{place} has {kind} of its own that are called {' and '.join(both)}, as those of the sidecar. Rename them."


def notices(cluster: str, workload: Object, part: Manifest) -> list[str]:
    """Return what may lose requests and is not the mesh's to change: a container that ends at once while others still send requests."""
    sidecar = _names(_pod(part), "containers")
    own = [one for one in workload["spec"]["template"]["spec"].get("containers", ()) if one["name"] not in sidecar]
    abrupt = sorted(one["name"] for one in own if not (one.get("lifecycle") or {}).get("preStop"))
    lacks = f"{cluster}: {Ref.of(workload)}: {' and '.join(abrupt)} has no preStop hook"
    return [f"{lacks}. Unless it serves on for some seconds after SIGTERM, requests fail when a pod ends."] if abrupt else []


def _pod(part: Manifest) -> Mapping[str, Any]:
    """Return what the part adds to pods; nothing if the mesh's webhook adds it."""
    return part["spec"]["template"].get("spec") or {}


def _names(spec: Mapping[str, Any], kind: str) -> set[str]:
    return {str(one["name"]) for one in spec.get(kind) or ()}


def _owned(workload: Object, kind: str) -> set[str]:
    """Return the names in a list of the pod template that the mesh owns."""
    fields: Any = ours(workload) or {}
    for step in ("f:spec", "f:template", "f:spec", f"f:{kind}"):
        fields = fields.get(step) or {}
    return {name for key in fields if key.startswith("k:") for name in _named(key)}


def _named(key: str) -> Iterator[str]:
    """Yield the name in a key of managedFields, such as k:{"name":"proxy"}."""
    start = '{"name":"'
    if key[2:].startswith(start):
        yield key[2:].removeprefix(start).removesuffix('"}')
