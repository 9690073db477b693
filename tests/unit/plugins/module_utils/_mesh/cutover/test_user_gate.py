# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate of the user's asks over HTTP, and what an answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gate import UserGate
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.user_gate import WebAnswer, gate_faults, gate_of
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused

QUERY = {"url": "https://prometheus.example/", "query": 'sum(rate(x{a="b"}[1m]))', "most": 0.5}
PAGE = {"url": "https://shop.example/health"}
MATRIX = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}})


def vector(*values: str) -> str:
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1.5, value]} for value in values]}})


def judged(body: str, status: int = 200, **wish: Any) -> UserGate:
    return gate_of({"name": "errors", "prometheus": {**QUERY, **wish}}).judge(WebAnswer(status, body))


@pytest.mark.parametrize(("body", "passed", "value"), [
    (vector("0.5"), True, "0.5"), (vector("0.1", "0.6", "7"), False, "0.6, 7"), (vector("NaN"), False, "nan"), (vector("-Inf"), True, "-inf"),
    (json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1.5, "0.2"]}}), True, "0.2"),
])  # fmt: skip
def test_each_sample_has_to_be_within_bounds(body: str, passed: bool, value: str) -> None:
    assert judged(body) == UserGate("errors", passed, value)


def test_a_bound_from_below() -> None:
    assert judged(vector("0.99"), most=None, least=0.999) == UserGate("errors", False, "0.99")
    assert judged(vector("1"), most=1, least=0.999).passed


@pytest.mark.parametrize(("status", "body", "fault"), [
    (200, vector(), "the query returned no sample. Add `or vector(0)` if that means zero"),
    (400, '{"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"}', "HTTP 400: parse error: unexpected end"),
    (200, "<html>log in</html>", "HTTP 200, and no answer of Prometheus"),
    (503, "", "HTTP 503, and no answer of Prometheus"),
    (200, "[]", "HTTP 200, and no answer of Prometheus"),
    (200, MATRIX, "the query returned a matrix, and a gate needs a scalar or a vector"),
])  # fmt: skip
def test_what_is_no_answer_has_not_passed(status: int, body: str, fault: str) -> None:
    assert judged(body, status) == UserGate("errors", False, "", fault)


def test_a_query_is_sent_as_prometheus_reads_it_and_no_header_is_shown() -> None:
    gate = gate_of({"name": "errors", "prometheus": {**QUERY, "headers": {"Authorization": "Bearer secret-token"}, "ca": "ca.pem"}})
    assert gate.question.url == "https://prometheus.example/api/v1/query?query=sum%28rate%28x%7Ba%3D%22b%22%7D%5B1m%5D%29%29"
    assert (gate.question.headers, gate.question.ca) == ({"Authorization": "Bearer secret-token"}, "ca.pem")
    assert "secret-token" not in repr(gate)


@pytest.mark.parametrize("padding", [0, 135])
def test_a_server_that_repeats_a_header_in_its_error_does_not_show_it(padding: int) -> None:
    """Not even a part of it, where a long reason is cut off."""
    said = f"{'x' * padding} no such token: Bearer secret-token-of-a-gate"
    told = judged(json.dumps({"status": "error", "error": said}), 401, headers={"Authorization": "Bearer secret-token-of-a-gate", "X-Org": "7"})
    assert told.fault.startswith("HTTP 401: ") and len(told.fault) <= 160
    assert "secret" not in told.fault
    assert padding or told.fault == "HTTP 401:  no such token: ***"


@pytest.mark.parametrize(("wish", "answer", "passed", "value"), [
    ({}, WebAnswer(200, "all well"), True, "HTTP 200"),
    ({}, WebAnswer(302, ""), False, "HTTP 302"),
    ({"status": [302, 204]}, WebAnswer(302, ""), True, "HTTP 302"),
    ({"contains": "well"}, WebAnswer(200, "all well"), True, "HTTP 200"),
    ({"contains": "well"}, WebAnswer(200, "token=abc"), False, "an answer without the text that it should contain"),
    ({"most_seconds": 0.5}, WebAnswer(200, "", 0.75), False, "an answer after 0.75 s"),
])  # fmt: skip
def test_a_page_answers_as_it_should_and_its_text_is_not_repeated(wish: dict[str, Any], answer: WebAnswer, passed: bool, value: str) -> None:
    assert gate_of({"name": "shop", "http": {**PAGE, **wish}}).judge(answer) == UserGate("shop", passed, value)


def test_a_page_that_may_be_slow_is_waited_for() -> None:
    assert gate_of({"name": "shop", "http": PAGE}).question.seconds == 10
    assert gate_of({"name": "shop", "http": {**PAGE, "most_seconds": 20}}).question.seconds == 40


@pytest.mark.parametrize(("wish", "said"), [
    ({"name": "a"}, "The gate a of cutover_gates needs a name, and one of"),
    ({"http": PAGE}, "The gate without a name"),
    ({"name": "a", "http": PAGE, "prometheus": QUERY}, "one of prometheus, http"),
    ({"name": "a", "prometheus": {**QUERY, "most": None}}, "needs a query, and most or least"),
    ({"name": "a", "prometheus": {**QUERY, "query": ""}}, "needs a query"),
    ({"name": "a", "http": {"url": "file:///etc/passwd"}}, "has no http:// or https:// url"),
    ({"name": "a", "http": {"url": "shop.example"}}, "has no http:// or https:// url"),
    ({"name": "a", "http": {"url": "https://[::1"}}, "has a url that cannot be read"),
    ({"name": "a", "http": {"url": "https://me:secret@shop.example"}}, "has a user in its url"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_its_name(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        gate_of(wish)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("wishes", "said"), [
    ([{"name": "a", "http": PAGE}, {"name": "b", "tasks": "smoke.yml"}, {"name": "c", "pause": "Well?", "minutes": 1}, {"name": "d", "prometheus": QUERY}], []),
    ("a", ["cutover_gates is no list of gates"]),
    (["a"], ["cutover_gates is no list of gates"]),
    ([{"name": "a", "http": PAGE}, {"name": "a", "tasks": "x"}], ["Two gates of cutover_gates are called a"]),
    ([{"tasks": "x"}], ["The gate without a name of cutover_gates needs"]),
    ([{"name": "a", "tasks": "x", "http": PAGE}, {"name": "b"}], ["The gate a of cutover_gates needs", "The gate b of cutover_gates needs"]),
    ([{"name": "a", "http": "https://shop.example"}], ["The gate a of cutover_gates has an option of a wrong type"]),
    ([{"name": "a", "prometheus": {**QUERY, "most": "much"}}], ["The gate a of cutover_gates has an option of a wrong type"]),
])  # fmt: skip
def test_all_gates_are_judged_before_anything_is_written(wishes: Any, said: list[str]) -> None:
    faults = gate_faults(wishes)
    assert [any(fault.startswith(each) for fault in faults) for each in said] == [True] * len(said)
    assert len(faults) == len(said), faults
