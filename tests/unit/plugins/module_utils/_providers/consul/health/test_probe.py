# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe accepts an answer only from the target, to this cluster's own identity."""

from __future__ import annotations

import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import Load, Measured, ProbeWish, measured
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe

WISH = ProbeWish("east", "", ("west", "east"))
PAGE = "Φορτίο version 1.66.0 on echo-west - request from 127.0.0.1\nX-Forwarded-Client-Cert: {header}\n"
OURS = "URI=spiffe://49fe3a15-8ab5-8ece-85a1-417e818ae25a.consul/ns/default/dc/east/svc/meshops-echo"
GATEWAY = "By=x;URI=spiffe://b.consul/gateway/mesh/dc/west"


@pytest.mark.parametrize("header", [f"By=spiffe://a/x;Hash=1;{OURS}", f"{GATEWAY},By=y;{OURS};DNS=x"])
def test_an_answer_to_this_cluster_is_accepted_with_or_without_a_gateway_between(header: str) -> None:
    assert probe.fault(WISH, "west", 200, PAGE.format(header=header)) is None


@pytest.mark.parametrize(("status", "body", "says"), [
    pytest.param(503, "upstream connect error\nx", "the answer was HTTP 503 (upstream connect error)", id="an error"),
    pytest.param(200, PAGE.format(header=OURS).replace("echo-west", "echo-east"), "the answer did not come from echo-west", id="another server"),
    pytest.param(200, " on echo-west - request from 1", "the answer came in plain text", id="plain text"),
    pytest.param(200, PAGE.format(header=OURS + "-2"), "the server saw another identity than that of meshops-echo in east", id="a longer name"),
    pytest.param(200, PAGE.format(header=OURS.replace("dc/east", "dc/north")), "another identity", id="another datacenter"),
])
def test_anything_else_is_told(status: int, body: str, says: str) -> None:
    assert says in (probe.fault(WISH, "west", status, body) or "")


def test_each_target_has_a_port_of_its_own() -> None:
    assert [probe.upstream(WISH, target) for target in ("east", "west")] == [9000, 9001]
    assert probe.question(WISH, "echo-1", "west").path == "/fortio/fetch/127.0.0.1:9001/debug"


def test_a_measure_goes_the_same_way_and_only_the_servers_own_answers_count() -> None:
    assert "n=50" in (path := probe.load(WISH, "echo-1", "west", Load(50)).path) and "127.0.0.1%3A9001%2Fdebug" in path
    answer = {"RetCodes": {"200": 48, "503": 2}, "DurationHistogram": {"Count": 50, "Percentiles": [{"Percentile": 99, "Value": 0.02}]}}
    assert measured(json.dumps(answer)) == Measured(50, 48, 0.02)
    with pytest.raises(ValueError, match="no measure"):
        measured("[]")
