# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says of an API version while the service behind it does not answer, and afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects import discovery
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Unreachable

GROUP, VERSION = "metrics.example.com", "v1"
API = f"{GROUP}/{VERSION}"


class Server:
    """`answers` says whether the service behind the group does. Before 1.27 a server tells its kinds version by version."""

    name = "east"

    def __init__(self, old: bool) -> None:
        self.old, self.answers, self.kinds = old, False, list[str]()

    def request(self, method: str, path: str, **_how: Any) -> Answer:
        if path == f"/apis/{API}":
            entries = [{"name": kind.lower(), "kind": kind, "namespaced": True} for kind in self.kinds]
            return Answer(200, json.dumps({"resources": entries}).encode()) if self.answers else Answer(503, b"no endpoints available")
        version = {"version": VERSION, "groupVersion": API, "freshness": "Current" if self.answers else "Stale"}
        named = [{"resource": kind.lower(), "scope": "Namespaced", "responseKind": {"kind": kind}} for kind in self.kinds]
        if self.old:
            return Answer(200, json.dumps({"groups": [{"name": GROUP, "versions": [version]}]}).encode())
        items = [{"metadata": {"name": GROUP}, "versions": [{**version, "resources": named if self.answers else []}]}]
        return Answer(200, json.dumps({"kind": "APIGroupDiscoveryList", "items": items}).encode())


@pytest.mark.parametrize("old", [False, True], ids=["aggregated", "version by version"])
def test_a_kind_is_only_unknown_while_nobody_can_tell(monkeypatch: pytest.MonkeyPatch, old: bool) -> None:
    """A task may wait for minutes, and ask again and again."""
    monkeypatch.setattr(discovery, "_FRESH", 0.0)
    server = Server(old)
    known = discovery.Discovery(server)  # type: ignore[arg-type]
    with pytest.raises(Unreachable, match=rf"^east: the API server cannot say which kinds {API} has"):
        known.find(API, "Gauge")
    assert known.silent() == {API}
    server.answers = True
    assert known.find(API, "Gauge") is None
    assert known.silent() == frozenset()
    server.kinds = ["Gauge"]
    assert known.find(API, "Gauge") == discovery.Kind(API, "Gauge", "gauge", True, False)
