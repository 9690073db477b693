# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out which kinds an API server has, and their paths. The answer is kept for one task."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..._mesh.errors import Refused, Unreachable
from ..http.answer import Answer, error
from ..http.transport import Transport

_AGGREGATED = ",".join([f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")] + ["application/json"])


# A missing kind may have been installed meanwhile, so ask again, but at most once in this many seconds.
_FRESH = 1.0


@dataclass(frozen=True)
class Kind:
    """A kind that the server serves: its path, its scope, and whether its objects have a status."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    has_status: bool = True

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        parts = [root]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{_segment(namespace)}")
        parts.append(self.plural)
        if name is not None:
            parts.append(_segment(name))
        return "/".join(parts)


def _segment(name: str) -> str:
    """Quote one segment of a path. Refuse `../secrets/root`, which leads to another kind, and an empty name, which means all objects."""
    if name in ("", ".", "..") or "/" in name or "%" in name:
        raise Refused(f"{name!r} cannot be the name of an object or of a namespace.")
    return quote(name, safe=":@!$&'()*+,;=")


def builtin() -> dict[tuple[str, str], Kind]:
    """Return the kinds that every server has had for years, so that it need not be asked for them."""
    table = {
        "v1": "ConfigMap Secret Service ServiceAccount Pod Event !Namespace !Node",
        "apps/v1": "Deployment DaemonSet StatefulSet",
        "rbac.authorization.k8s.io/v1": "Role RoleBinding !ClusterRole !ClusterRoleBinding",
        "apiextensions.k8s.io/v1": "!CustomResourceDefinition",
        "admissionregistration.k8s.io/v1": "!MutatingWebhookConfiguration !ValidatingWebhookConfiguration",
        "policy/v1": "PodDisruptionBudget",
        "coordination.k8s.io/v1": "Lease",
    }
    kinds = {}
    for version, names in table.items():
        for name in names.split():
            kind = name.lstrip("!")
            kinds[(version, kind)] = Kind(version, kind, kind.lower() + "s", not name.startswith("!"))
    return kinds


class Discovery:
    """The kinds of one server. Thread safe. It asks the server only when a kind is not built in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._known = builtin()
        self._asked: dict[str, float] = {}
        self._stale: set[str] = set()

    def find(self, api_version: str, kind: str) -> Kind | None:
        """Return the kind; None if the server does not serve it."""
        known = self._known.get((api_version, kind))
        if known:
            return known
        with self._lock:
            root = "/apis" if "/" in api_version else "/api"
            if time.monotonic() - self._asked.get(root, -_FRESH) >= _FRESH:
                self._ask(root)
            if (api_version, kind) not in self._known and api_version in self._stale:
                raise Unreachable(f"{self._transport.name}: the API server cannot say which kinds {api_version} has: the service behind it does not answer.")
        return self._known.get((api_version, kind))

    def served(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return all that the server serves: by group and kind the versions. The group of `v1` is empty."""
        with self._lock:
            self._known = {}
            for root in ("/api", "/apis"):
                self._ask(root)
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for api, kind in self._known:
            group, _slash, version = api.rpartition("/")
            found[group, kind] = (*found.get((group, kind), ()), version)
        return found

    def silent(self) -> frozenset[str]:
        """Return the API versions whose kinds the server could not tell when it was asked last."""
        return frozenset(self._stale)

    def learn(self, crd: Mapping[str, Any]) -> list[Kind]:
        """Return and remember the kinds of a CRD that is being applied, before the server lists them."""
        learned = []
        spec = crd.get("spec") or {}
        names = spec.get("names") or {}
        for version in spec.get("versions") or []:
            if version.get("served"):
                api = f"{spec.get('group')}/{version.get('name')}"
                status = "status" in (version.get("subresources") or {})
                kind = Kind(api, str(names.get("kind")), str(names.get("plural")), spec.get("scope") == "Namespaced", status)
                self._known[(api, kind.kind)] = kind
                learned.append(kind)
        return learned

    def _ask(self, root: str) -> None:
        answer = self._transport.request("GET", root, accept=_AGGREGATED)
        if not answer.ok:
            raise error(answer, self._transport.name, "learn what the API server serves")
        document = answer.json()
        if document.get("kind") == "APIGroupDiscoveryList":
            for group in document.get("items") or []:
                self._take(group)
        else:
            self._ask_each(document)
        self._asked[root] = time.monotonic()

    def _take(self, group: Mapping[str, Any]) -> None:
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or []:
            api = f"{name}/{version['version']}" if name else version["version"]
            self._heard(api, version.get("freshness") != "Stale")
            for entry in version.get("resources") or []:
                kind = (entry.get("responseKind") or {}).get("kind") or ""
                status = any(sub.get("subresource") == "status" for sub in entry.get("subresources") or [])
                self._add(api, kind, entry["resource"], entry.get("scope") == "Namespaced", status)

    def _ask_each(self, document: Mapping[str, Any]) -> None:
        """Ask for each API version: servers before 1.27 have no aggregated discovery."""
        versions = [f"/api/{version}" for version in document.get("versions") or []]
        for group in document.get("groups") or []:
            versions += [f"/apis/{version['groupVersion']}" for version in group.get("versions") or []]
        for path in versions:
            answer: Answer = self._transport.request("GET", path)
            self._heard(path.split("/", 2)[2], answer.ok)
            if not answer.ok:
                continue
            entries = answer.json().get("resources") or []
            names = {entry["name"] for entry in entries}
            for entry in entries:
                if "/" not in entry["name"]:
                    status = entry["name"] + "/status" in names
                    self._add(path.split("/", 2)[2], entry["kind"], entry["name"], bool(entry["namespaced"]), status)

    def _heard(self, api: str, current: bool) -> None:
        """Note whether what serves an API version answered. What did not may answer the next time."""
        (self._stale.discard if current else self._stale.add)(api)

    def _add(self, api: str, kind: str, plural: str, namespaced: bool, status: bool) -> None:
        self._known.setdefault((api, kind), Kind(api, kind, plural, namespaced, status))
