# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for Consul's store, as far as an install sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT


class Asked(Protocol):
    """A request, as a provider states it or as the work sends it."""

    @property
    def path(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def body(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...


@dataclass
class Store:
    """Consul's store, as far as these requests see it. It refuses a token whose policy it does not know."""

    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    expected: str = MANAGEMENT
    keys: tuple[str, ...] = ()

    def answer(self, question: Asked) -> str | None:
        if dict(question.headers).get("X-Consul-Token") != self.expected:
            return None
        if question.method == "GET":
            return json.dumps(self.read(question.path))
        body = json.loads(question.body or b"")
        if question.path.startswith("/v1/acl/policy"):
            self.policies[body["Name"]] = {"ID": f"id-of-{body['Name']}", **{key: body[key] for key in ("Name", "Description")}}
        elif question.path.startswith("/v1/acl/token"):
            assert {one["Name"] for one in body["Policies"]} <= set(self.policies)
            self.tokens[body["AccessorID"]] = body
        else:
            self.entries[body["Kind"]] = {**body, "ModifyIndex": 7}
        return "{}"

    def read(self, path: str) -> list[dict[str, Any]] | None:
        if path.startswith("/v1/operator/keyring"):
            return [{"WAN": False, "Datacenter": "east", "Keys": dict.fromkeys(self.keys, 3), "PrimaryKeys": dict.fromkeys(self.keys[:1], 3), "NumNodes": 3}]
        known = {"policies": self.policies, "tokens": self.tokens}
        what = path.rpartition("/")[2]
        return list(known[what].values()) if what in known else [self.entries[what]] if what in self.entries else None
