# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.summary import brief


def facts(proxies: int, remotes: int = 1) -> dict[str, Any]:
    return {
        "site": "dc1", "findings": ["east: late."], "planes": [{"revision": "stable", "ready": 1}],
        "proxies": [{"name": f"web-{n}", "namespace": "shop", "version": "1.31.3" if n else "1.30.2", "stale": [] if n else ["CDS"]} for n in range(proxies)],
        "remotes": [{"pod": f"istiod-{n}", "cluster": "west", "status": "synced" if n else "timeout"} for n in range(remotes)],
    }  # fmt: skip


def test_what_grows_is_counted_and_all_else_stays() -> None:
    told = brief(facts(3, 2))
    assert told["proxies"] == {"count": 3, "stale": 1, "versions": {"1.30.2": 1, "1.31.3": 2}}
    assert told["remotes"] == {"synced": 1, "timeout": 1}
    assert {name: told[name] for name in ("site", "findings", "planes")} == {name: facts(3)[name] for name in ("site", "findings", "planes")}


def test_its_size_does_not_grow_with_workloads_and_clusters() -> None:
    assert len(json.dumps(brief(facts(20_000, 600)))) < len(json.dumps(brief(facts(2, 2)))) + 20


def test_an_empty_cluster_has_none() -> None:
    assert brief(facts(0, 0))["proxies"] == {"count": 0, "stale": 0, "versions": {}}
