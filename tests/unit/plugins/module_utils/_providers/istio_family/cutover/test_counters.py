# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istiods counted, read from their metrics."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.counters import injections, rejected

INJECTED = """# HELP sidecar_injection_success_total Total number of successful sidecar injection requests.
# TYPE sidecar_injection_success_total counter
sidecar_injection_success_total 12
sidecar_injection_requests_total 14
"""
REJECTED = """pilot_total_xds_rejects{type="cds"} 2
pilot_total_xds_rejects{type="lds"} 1e+01
pilot_xds_pushes{type="cds"} 100
"""


def pod(name: str, ready: bool = True) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "istio-system"}, "status": {"phase": "Running", "containerStatuses": [{"ready": ready}]}}


def seen(wanted: Look[Any], **answers: str | None) -> Any:
    live = {"Pod": [pod(name) for name in answers]}
    return wanted.judge(live, {question: answers[question.pod] for question in wanted.questions(live)})


def test_each_istiod_counts_for_itself() -> None:
    assert seen(injections("istio-system", "green"), a=INJECTED, b="", c=None) == {"a": 12, "b": 0, "c": None}


def test_only_istiods_of_the_revision_that_are_ready_are_asked() -> None:
    wanted = injections("istio-system", "green")
    assert list(wanted.reads) == [Read("v1", "Pod", "istio-system", "app=istiod,istio.io/rev=green")]
    assert [one.pod for one in wanted.questions({"Pod": [pod("a"), pod("b", ready=False)]})] == ["a"]


def test_rejections_are_added_by_kind() -> None:
    assert seen(rejected("istio-system", "green"), a=REJECTED, b=REJECTED, c=INJECTED) == {"cds": 4, "lds": 20}


@pytest.mark.parametrize(("answers", "said"), [
    ({"a": REJECTED, "b": None}, "b did not say"), ({}, "no control plane of green runs, so it did not say"),
])  # fmt: skip
def test_not_to_know_is_an_error(answers: dict[str, str | None], said: str) -> None:
    with pytest.raises(NotReady, match=said):
        seen(rejected("istio-system", "green"), **answers)
