# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server in memory: paths, server-side apply with owners, dry runs, finalizers."""

from __future__ import annotations

import copy
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind, builtin
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.selector import matches

from .fake_apply import Taken, applied, created, merged, replaced

Key = tuple[str, str, str | None, str]
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch"
_UNKNOWN = {"ConfigMap": {"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"}}


def rolled_out(live: dict[str, Any]) -> None:
    """Controllers that finish a rollout at once."""
    spec = live.get("spec") or {}
    if live["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
        wanted = 1 if spec.get("replicas") is None else spec["replicas"]
        same = ("replicas", "updatedReplicas", "availableReplicas", "readyReplicas", "desiredNumberScheduled")
        status = dict.fromkeys((*same, "updatedNumberScheduled", "numberAvailable"), wanted)
        live["status"] = {**status, "observedGeneration": live["metadata"]["generation"]}
    if live["kind"] == "Service" and spec.get("type") == "LoadBalancer":
        live["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}


class FakeServer:
    """An API server in memory. `handle` answers a request."""

    def __init__(
        self,
        manifests: Sequence[Mapping[str, Any]],
        kinds: Sequence[Kind],
        refuses: Sequence[Permission],
        react: Callable[[dict[str, Any]], None],
        uid: str,
    ) -> None:
        self.kinds = {(kind.api_version, kind.plural): kind for kind in [*builtin().values(), *kinds]}
        self.refuses, self.react = refuses, react
        self.objects: dict[Key, dict[str, Any]] = {}
        self.version = 0
        self._one_by_one = threading.RLock()
        for name in ("kube-system", "default"):
            self.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.objects[("v1", "namespaces", None, "kube-system")]["metadata"]["uid"] = uid
        for manifest in manifests:
            self.seed(manifest)

    def seed(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Put an object there with its kind and namespace, as if it had always existed. Nobody owns its fields."""
        api, kind = manifest["apiVersion"], manifest["kind"]
        served = next((each for each in self.kinds.values() if (each.api_version, each.kind) == (api, kind)), None)
        namespace = manifest["metadata"].get("namespace")
        if served is None:
            served = Kind(api, kind, kind.lower() + "s", bool(namespace))
            self.kinds[(api, served.plural)] = served
        if namespace and ("v1", "namespaces", None, namespace) not in self.objects:
            self.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        live = created(manifest, None)
        live["status"] = copy.deepcopy(manifest.get("status") or live.get("status"))
        self._store((api, served.plural, namespace, live["metadata"]["name"]), live, react="status" not in manifest)
        return live

    def _store(self, key: Key, live: dict[str, Any], react: bool = True) -> None:
        self.version += 1
        meta = live["metadata"]
        meta.setdefault("uid", str(uuid.UUID(int=self.version)))
        meta.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
        meta.setdefault("generation", 1)
        meta["resourceVersion"] = str(self.version)
        if live.get("status", "") is None:
            del live["status"]
        if react:
            self.react(live)
        self.objects[key] = live
        if live["kind"] == "CustomResourceDefinition":
            self._serve(live)

    def _serve(self, crd: dict[str, Any]) -> None:
        spec = crd["spec"]
        crd["status"] = {
            "conditions": [{"type": "Established", "status": "True"}],
            "storedVersions": [version["name"] for version in spec["versions"] if version.get("storage")],
        }
        for version in spec["versions"]:
            api, names = f"{spec['group']}/{version['name']}", spec["names"]
            self.kinds[(api, names["plural"])] = Kind(api, names["kind"], names["plural"], spec["scope"] == "Namespaced")

    def handle(self, method: str, path: str, query: dict[str, str], body: Any, content_type: str) -> Answer:
        """Answer one request after the other, as etcd stores them. What reacts to a write may send requests itself."""
        with self._one_by_one:
            return self._handle(method, path, query, body, content_type)

    def _handle(  # noqa: C901
        self, method: str, path: str, query: dict[str, str], body: Any, content_type: str
    ) -> Answer:
        special = self._evict(body, query) if path.endswith("/eviction") else self._special(method, path, body)
        if special:
            return special
        found = self._locate(path)
        if found is None:
            return _status(404, "NotFound", "the server could not find the requested resource")
        kind, namespace, name = found
        body = copy.deepcopy(body)
        if method == "GET" and not name:
            return self._list(kind, namespace, query)
        if method == "POST":
            name = body["metadata"].setdefault("name", f"{body['metadata'].get('generateName', '')}0")
        key = (kind.api_version, kind.plural, namespace if kind.namespaced else None, name)
        live = copy.deepcopy(self.objects.get(key))
        if method in ("GET", "DELETE") and live is None:
            return _status(404, "NotFound", f'{kind.plural} "{name}" not found', {"name": name, "kind": kind.plural})
        if method == "GET":
            return _answer(live)
        if method == "PATCH" and path.endswith("/status") and live:
            return self._report(key, live, body["status"])
        if method == "DELETE":
            return self._delete(key, live or {}, bool((body or {}).get("dryRun")))
        if _precise(method, content_type, body) and (live is None or not _same_version(live, body)):
            return _status(404 if method == "PUT" and not live else 409, "Conflict", f'{kind.plural} "{key[3]}" is another by now')
        if content_type.startswith(_MERGE) and (refused := _another(live, body)):
            return _status(*refused, f'{kind.plural} "{key[3]}" is another by now')
        return self._write(key, kind, live, method, query, body, content_type)

    def _write(  # noqa: C901
        self, key: Key, kind: Kind, live: Any, method: str, query: dict[str, str], body: Any, content_type: str
    ) -> Answer:
        if kind.namespaced and ("v1", "namespaces", None, key[2]) not in self.objects:
            return _status(404, "NotFound", f'namespaces "{key[2]}" not found', {"name": key[2], "kind": "namespaces"})
        if isinstance(body, dict) and (unknown := sorted(set(body) - _UNKNOWN.get(kind.kind, set(body)))):
            told = f"failed to create typed patch object ({key[2]}/{key[3]}; {key[0]}, Kind={kind.kind}): "
            return _status(500, "", told + f".{unknown[0]}: field not declared in schema")
        try:
            if method == "POST":
                if live:
                    return _status(409, "AlreadyExists", f'{kind.plural} "{key[3]}" already exists')
                after = created(body, query.get("fieldManager"))
            elif content_type.startswith("application/json-patch"):
                after = copy.deepcopy(live)
                index = int(body[1]["path"].split("/")[3])
                after["metadata"]["managedFields"][index].update({step["path"].split("/")[4]: step["value"] for step in body[1:]})
            elif content_type.startswith(_MERGE):
                after = merged(live, body, query["fieldManager"])
            else:
                put = replaced if method == "PUT" else applied
                after = put(live, body, query["fieldManager"], query.get("force") == "true")
        except Taken as taken:
            causes = [{"reason": "FieldManagerConflict", "message": text, "field": field} for text, field in taken.causes]
            return _status(409, "Conflict", "Apply failed with conflicts", {"causes": causes})
        if live and {**after, "status": 0} == {**live, "status": 0}:
            return _answer(live)
        if live and after.get("spec") != live.get("spec"):
            after["metadata"]["generation"] += 1
        if "dryRun" not in query:
            self._store(key, after)
            if after["metadata"].get("deletionTimestamp") and not after["metadata"].get("finalizers"):
                del self.objects[key]
        return _answer(after, 200 if live else 201)

    def _report(self, key: Key, live: dict[str, Any], status: Mapping[str, Any]) -> Answer:
        """A controller writes a status."""
        live["status"] = {**(live.get("status") or {}), **status}
        self._store(key, live, react=False)
        return _answer(live)

    def _delete(self, key: Key, live: dict[str, Any], dry: bool) -> Answer:
        if not dry and live["metadata"].get("finalizers"):
            self.objects[key]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        elif not dry:
            del self.objects[key]
            if key[1] == "namespaces":
                self.objects = {other: kept for other, kept in self.objects.items() if other[2] != key[3]}
        return _answer(live)

    def _evict(self, body: Mapping[str, Any], query: Mapping[str, str]) -> Answer:
        """A pod that runs is kept by a budget that allows nothing, or that nobody has counted yet."""
        meta, options = body["metadata"], body["deleteOptions"]
        key = ("v1", "pods", meta["namespace"], meta["name"])
        pod = self.objects.get(key)
        if pod is None:
            return _status(404, "NotFound", f'pods "{meta["name"]}" not found')
        if pod["metadata"]["uid"] != options["preconditions"]["uid"]:
            return _status(409, "Conflict", "the UID in the precondition does not match")
        budgets = [live for (_api, plural, space, _name), live in self.objects.items() if (plural, space) == ("poddisruptionbudgets", key[2])]
        kept = [one for one in budgets if matches(one["spec"]["selector"], pod["metadata"].get("labels") or {})]
        if (pod.get("status") or {}).get("phase") == "Running" and any(not (one.get("status") or {}).get("disruptionsAllowed") for one in kept):
            return _status(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        if not query.get("dryRun"):
            del self.objects[key]
        return _answer({"kind": "Status", "status": "Success"}, 201)

    def _list(self, kind: Kind, namespace: str | None, query: dict[str, str]) -> Answer:
        items = [
            live
            for (api, plural, place, _name), live in sorted(self.objects.items(), key=lambda entry: str(entry[0]))
            if (api, plural) == (kind.api_version, kind.plural) and namespace in (None, place)
            if _selects(query.get("labelSelector", ""), live["metadata"].get("labels") or {}) and _has(query.get("fieldSelector", ""), live)
        ]
        bare = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in items]
        return _answer({"kind": kind.kind + "List", "items": bare, "metadata": {}})

    def _locate(self, path: str) -> tuple[Kind, str | None, str | None] | None:
        parts = path.strip("/").split("/")
        api, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        namespace = None
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        kind = self.kinds.get((api, rest[0])) if rest else None
        return (kind, namespace, rest[1] if len(rest) > 1 else None) if kind else None

    def _special(self, method: str, path: str, body: Any) -> Answer | None:
        if path == "/version":
            return _answer({"gitVersion": "v1.34.1", "major": "1", "minor": "34", "platform": "linux/amd64"})
        if path in ("/api", "/apis"):
            return self._discovery(path == "/api")
        if path.startswith("/apis/") and path.count("/") == 3:
            api = path.removeprefix("/apis/")
            served = [{"kind": kind.kind, "name": kind.plural} for kind in self.kinds.values() if kind.api_version == api]
            return _answer({"kind": "APIResourceList", "resources": served}) if served else _status(404, "NotFound", "not found")
        if path.endswith("/selfsubjectaccessreviews") and method == "POST":
            asked = dict(body["spec"]["resourceAttributes"])
            sub = asked.pop("subresource", "")
            asked["resource"] += "/" + sub if sub else ""
            permission = Permission(**{key: value or ("" if key == "group" else None) for key, value in asked.items()})
            return _answer({"status": {"allowed": permission not in self.refuses}}, 201)
        if path == "/apis/config.openshift.io":
            there = any(api.startswith("config.openshift.io/") for api, _plural in self.kinds)
            return _answer({}) if there else _status(404, "NotFound", "not found")
        return None

    def _discovery(self, core: bool) -> Answer:
        groups: dict[str, dict[str, list[Any]]] = {}
        for kind in self.kinds.values():
            group, _slash, version = kind.api_version.rpartition("/")
            if core == (not group):
                entry = {"resource": kind.plural, "responseKind": {"kind": kind.kind}}
                entry["scope"] = "Namespaced" if kind.namespaced else "Cluster"  # type: ignore[assignment]
                entry["subresources"] = [{"subresource": "status"}] if kind.has_status else []  # type: ignore[assignment]
                groups.setdefault(group, {}).setdefault(version, []).append(entry)
        items = [
            {"metadata": {"name": group}, "versions": [{"version": name, "resources": all_} for name, all_ in each.items()]} for group, each in groups.items()
        ]
        return _answer({"kind": "APIGroupDiscoveryList", "items": items})


def _selects(selector: str, labels: Mapping[str, str]) -> bool:
    """`key=value`, `key in (one,two)`, `key` and `!key`, joined by commas."""
    for key, value, values in re.findall(r"([^\s,=(]+)(?:=([^,]*)| in \(([^)]*)\))?(?:,|$)", selector):
        wanted = values.split(",") if values else [value] if value else [labels.get(key)]
        if key[1:] in labels if key.startswith("!") else key not in labels or labels[key] not in wanted:
            return False
    return True


def _precise(method: str, content_type: str, body: Any) -> bool:
    """Whether a write is for just one version of one object."""
    return method == "PUT" or (content_type == _APPLY and {"uid", "resourceVersion"} <= set(body["metadata"]))


def _same_version(live: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    return all(body["metadata"].get(part) == live["metadata"][part] for part in ("resourceVersion", "uid"))


def _another(live: Mapping[str, Any] | None, body: Mapping[str, Any]) -> tuple[int, str] | None:
    """Refuse a patch that names another version or UID than the stored object has, with the API server's words."""
    if live is None:
        return 404, "NotFound"
    named = body.get("metadata") or {}
    if named.get("uid", live["metadata"]["uid"]) != live["metadata"]["uid"]:
        return 422, "Invalid"
    return (409, "Conflict") if named.get("resourceVersion", live["metadata"]["resourceVersion"]) != live["metadata"]["resourceVersion"] else None


def _has(selector: str, live: Mapping[str, Any]) -> bool:
    """`path=value` and `path!=value`, joined by commas."""
    for path, unlike, value in re.findall(r"([\w.]+)(!?)=([^,]*)", selector):
        found: Any = live
        for key in path.split("."):
            found = (found or {}).get(key)
        if (str(found or "") == value) == bool(unlike):
            return False
    return True


def _answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {})


def _status(code: int, reason: str, message: str, details: Any = None) -> Answer:
    told = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}
    return _answer({**told, "details": details or {}}, code)
