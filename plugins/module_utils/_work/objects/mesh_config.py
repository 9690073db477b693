# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a set of objects, or delete them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.objects import manifest_file
from ..._mesh.objects.change import Change, Ref, as_result
from ..._mesh.objects.condition import Condition, verdict
from ..._mesh.objects.exported import as_wishes
from ..._mesh.objects.pruning import Scope, labelled, left
from ..._mesh.objects.waits import rollouts, wished


def loaded(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the manifests of all files in `manifests`."""
    if not params.get("src"):
        return params
    files = [manifest for path in params["src"] for manifest in manifest_file.load(path)]
    return {**params, "src": None, "manifests": [*(params["manifests"] or []), *files]}


def _options() -> dict[str, Any]:
    text = {"required": True}
    truth = {"type": "bool", "default": False}
    prune = {
        "set": text,
        "kinds": {"type": "list", "elements": "dict", "required": True, "options": {"api_version": text, "kind": text}},
        "namespaces": {"type": "list", "elements": "str", "default": []},
    }
    wait_for = {
        "api_version": text,
        "kind": text,
        "name": text,
        "namespace": {},
        "condition": {"type": "dict", "options": {"type": text, "status": {"default": "True"}, "reason": {}}},
        "field": {"type": "dict", "options": {"path": text, "value": {"type": "raw"}, "absent": truth}},
        "rollout": truth,
        "absent": truth,
    }
    return {
        "manifests": {"type": "list", "elements": "dict"},
        "src": {"type": "list", "elements": "path"},
        "state": {"choices": ["present", "absent"], "default": "present"},
        "force": truth,
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        "wait_for": {"type": "list", "elements": "dict", "default": [], "options": wait_for},
        "prune": {"type": "dict", "options": prune},
    }


# For the module, and for the action that does without it.
TASK: dict[str, Any] = {"argument_spec": _options(), "required_one_of": [["manifests", "src"]], "prepare": loaded}


@dataclass(frozen=True)
class Request:
    """The objects that are wanted or not wanted, what the task waits for, and for how long; `seconds` is 0 if it does not wait."""

    manifests: tuple[dict[str, Any], ...]
    absent: bool
    force: bool
    waits: bool
    seconds: float
    awaited: tuple[Condition, ...]
    scope: Scope | None

    @classmethod
    def of(cls, params: dict[str, Any], cluster: str) -> Request:
        params = loaded(params)
        return cls(
            manifests=tuple(params["manifests"]),
            absent=params["state"] == "absent",
            force=params["force"],
            waits=params["wait"],
            seconds=params["wait_timeout"] if params["wait"] else 0,
            awaited=tuple(wished(cluster, params.get("wait_for") or [])),
            scope=Scope.of(cluster, params["prune"]) if params.get("prune") and params["state"] != "absent" else None,
        )


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """Apply or delete, then wait, even if nothing changed: an earlier run may have been killed while it waited."""
    request = Request.of(params, cluster.name)
    if request.absent:
        gone = cluster.delete([Ref.of(manifest) for manifest in request.manifests], wait=request.seconds)
        cluster.settle(request.awaited if request.waits else [], request.seconds)
        return as_result(gone)
    manifests, scope = as_wishes(cluster.name, list(request.manifests)), request.scope
    changes = cluster.apply(labelled(cluster.name, manifests, scope) if scope else manifests, force=request.force)
    if scope:
        changes += _prune(cluster, scope, changes, request.seconds)
    if request.waits:
        waits = {condition: change.after for change in changes if change.after for condition in rollouts([change.ref])}
        # An object that the apply returned as ready need not be read again.
        late = [condition for condition, live in waits.items() if verdict(condition, live)]
        cluster.settle([*late, *request.awaited], request.seconds)
    return as_result(changes)


def _prune(cluster: Cluster, scope: Scope, made: list[Change], timeout: float) -> list[Change]:
    """Delete the objects that are no longer wished. This comes last, so that replacements exist before objects go."""
    places: list[str | None] = [*scope.namespaces] or [None]
    asked = [(version, kind, place) for version, kind in scope.kinds for place in places]
    live = [item for what in asked for item in cluster.list(*what, labels=scope.selector, metadata_only=True)]
    return cluster.delete(left(live, (change.ref for change in made), scope), wait=timeout)
