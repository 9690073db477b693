# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for Consul's store, as far as the sidecars of workloads see it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Asked, Store


@dataclasses.dataclass
class Services(Store):
    """The store, with tokens that have identities instead of policies, entries by name, and deletions."""

    def answer(self, question: Asked) -> str | None:
        known = dict(question.headers).get("X-Consul-Token") == self.expected
        body = json.loads(question.body or b"{}")
        if known and question.method == "DELETE":
            return "true" if self.tokens.pop(question.path.rpartition("/")[2], None) else None
        if known and question.path.startswith("/v1/acl/token") and question.method == "PUT":
            self.tokens[body["AccessorID"]] = body
            return "{}"
        if known and question.path.startswith("/v1/config?cas="):
            name = f"{body['Kind']}/{body['Name']}"
            if question.path != f"/v1/config?cas={self.entries.get(name, {}).get('ModifyIndex', 0)}":
                return "false"
            self.entries[name] = {**body, "CreateIndex": 3, "ModifyIndex": 7}
            return "true"
        return super().answer(question)

    def read(self, path: str) -> list[dict[str, Any]] | None:
        if path.startswith("/v1/config/"):
            return [one for name, one in self.entries.items() if name.startswith(f"{path.rpartition('/')[2]}/")]
        return super().read(path)
