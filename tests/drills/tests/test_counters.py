# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of a gateway's counters. That an Envoy counts these, and under these names, only a drill shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from meshdrill import counters
from meshdrill.byhand import MESH

NOT_READY = "listener.0.0.0.0_8443.server_ssl_socket_factory.downstream_context_secrets_not_ready"


class Pods:
    """Two pods of a gateway, of which one has just gone."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def get(self, cluster: str, *words: str) -> dict[str, Any]:
        assert (cluster, words) == ("east", ("pods", "-n", MESH, "-l", "istio=drill-ingress"))
        return {"items": [{"metadata": {"name": name}} for name in ("gone", "there")]}

    def kubectl(self, _cluster: str, *words: str) -> str:
        if "gone" in words:
            raise AssertionError("no such pod")
        self.words.append(words[-1])
        return f"{NOT_READY}: 1\nlistener.0.0.0.0_8443.downstream_cx_length_ms: P0(nan,1)" if "8443" in words[-1] else "listener_manager.lds.update_success: 7"


def test_each_pod_that_answers_has_a_line_at_each_moment(tmp_path: Path) -> None:
    pods, file = Pods(), tmp_path / "counters.jsonl"
    for moment in ("forward", "back"):
        counters.write_down(pods, "east", "drill-ingress", file, moment)  # type: ignore[arg-type]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["after"], line["pod"]) for line in lines] == [("forward", "there"), ("back", "there")]
    assert lines[0]["counters"] == {NOT_READY: 1, "listener_manager.lds.update_success": 7}
    assert pods.words[:2] == ["stats?usedonly&filter=8443", "stats?usedonly&filter=listener_manager"]


def test_a_proxy_is_told_to_count_what_is_asked_for() -> None:
    (listener, http) = counters.COUNTED["proxyStatsMatcher"]["inclusionRegexps"]
    assert re.fullmatch(listener, NOT_READY) and re.fullmatch(http, "http.outbound_0.0.0.0_8443;.downstream_rq_rx_reset")
    assert not re.fullmatch(listener, "listener.0.0.0.0_15021.downstream_cx_total")
