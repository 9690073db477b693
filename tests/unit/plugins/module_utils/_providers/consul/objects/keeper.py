# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the part of Consul that keeps configuration entries. It is written from Consul's documentation; a real Consul did not run."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Asked
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT

HTTP_LIKE = ("http", "http2", "grpc")


@dataclass
class Keeper:
    """Keeps entries with an index for each write, adds what Consul adds, and refuses a write that leaves routes without what they need."""

    version: str = "1.22.3"
    entries: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    index: int = 10
    log: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def put(self, kind: str, name: str, **content: Any) -> None:
        """Play somebody who writes an entry."""
        self._keep((kind, name), {"Kind": kind, "Name": name, **content})

    def answer(self, question: Asked) -> str | None:
        if dict(question.headers).get("X-Consul-Token") != MANAGEMENT:
            return None
        url = urlsplit(question.path)
        if question.method == "GET":
            return json.dumps(self._read(url.path))
        cas = int(parse_qs(url.query)["cas"][0])
        if question.method == "DELETE":
            kind, name = url.path.removeprefix("/v1/config/").split("/", 1)
            return self._write((kind, name), None, cas)
        body = json.loads(question.body or b"")
        return self._write((body["Kind"], body.get("Name") or "mesh"), body, cas)

    def _read(self, path: str) -> Any:
        if path == "/v1/agent/self":
            return {"Config": {"Version": self.version, "Datacenter": "east"}}
        kind = path.removeprefix("/v1/config/")
        return [deepcopy(one) for (other, _name), one in sorted(self.entries.items()) if other == kind] or None

    def _write(self, key: tuple[str, str], body: dict[str, Any] | None, cas: int) -> str | None:
        there = self.entries.get(key)
        if cas != (there or {}).get("ModifyIndex", 0):
            return "false"
        before = dict(self.entries)
        if body is None:
            self.entries.pop(key, None)
        else:
            self._keep(key, body)
        if broken := self._broken():
            self.entries = before
            self.refused.append(f"{'/'.join(key)}: {broken}")
            return None
        self.log.append(f"{'-' if body is None else '+'}{'/'.join(key)}")
        return "true"

    def _keep(self, key: tuple[str, str], body: dict[str, Any]) -> None:
        self.index += 1
        kept = deepcopy(body)
        for source in kept.get("Sources") or ():
            wild = (key[1] == "*", source["Name"] == "*")
            source |= {"Precedence": {(False, False): 9, (False, True): 8, (True, False): 6, (True, True): 5}[wild], "Type": "consul"}
        if "Sources" in kept:
            kept["Sources"].sort(key=lambda source: -source["Precedence"])
        if key[0] == "service-defaults":
            kept = {"MeshGateway": {}, "Expose": {}, "TransparentProxy": {}, "ExternalSNI": "", **kept}
        for split in kept.get("Splits") or ():
            split.setdefault("Namespace", "default")
        self.entries[key] = {**kept, "CreateIndex": 5, "ModifyIndex": self.index, "Hash": 12345}

    def _protocol(self, service: str) -> str:
        own = self.entries.get(("service-defaults", service), {}).get("Protocol")
        return str(own or (self.entries.get(("proxy-defaults", "global"), {}).get("Config") or {}).get("protocol") or "tcp")

    def _broken(self) -> str:
        for (kind, name), entry in self.entries.items():
            routes = [*(entry.get("Splits") or ()), *(route.get("Destination") or {} for route in entry.get("Routes") or ())]
            if kind in ("service-splitter", "service-router") and self._protocol(name) not in HTTP_LIKE:
                return f"{kind} {name} needs http"
            for target in routes:
                service, subset = target.get("Service") or name, target.get("ServiceSubset")
                if subset and subset not in (self.entries.get(("service-resolver", service), {}).get("Subsets") or {}):
                    return f"{kind} {name} names the subset {subset}"
                if self._protocol(service) != self._protocol(name):
                    return f"{kind} {name} mixes protocols"
        return ""
