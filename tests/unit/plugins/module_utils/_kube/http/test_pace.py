# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit of writes per second."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.pace import WriteRate, stores


def test_turns_are_a_gap_apart_and_idle_time_is_not_saved_up():
    now = [100.0]
    pace = WriteRate(4, lambda: now[0])
    assert [pace.turn() for _write in range(3)] == [0, 0.25, 0.5]
    now[0] = 100.6
    assert pace.turn() == pytest.approx(0.15)
    now[0] = 200.0
    assert [pace.turn() for _write in range(2)] == [0, 0.25]


def test_threads_share_one_bucket():
    pace = WriteRate(10, lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        turns = sorted(pool.map(lambda _write: pace.turn(), range(100)))
    assert turns == pytest.approx([number / 10 for number in range(100)])


REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.mark.parametrize(("method", "path", "query", "body", "told"), [
    ("GET", "/api/v1/pods", None, None, False),
    ("PATCH", "/api/v1/x", {"fieldManager": "m"}, {}, True),
    ("PATCH", "/api/v1/x", None, [{"op": "test"}], True),
    ("PATCH", "/api/v1/x", {"dryRun": "All"}, {}, False),
    ("POST", "/api/v1/x", {"dryRun": "All"}, {}, False),
    ("POST", "/api/v1/x", {}, {"dryRun": "a field of the object"}, True),
    ("PUT", "/api/v1/x", None, {}, True),
    ("DELETE", "/api/v1/x", None, {"kind": "DeleteOptions"}, True),
    ("DELETE", "/api/v1/x", None, {"kind": "DeleteOptions", "dryRun": ["All"]}, False),
    ("POST", REVIEW, None, {}, False),
])  # fmt: skip
def test_what_counts_as_a_write(method, path, query, body, told):
    assert stores(method, path, query, body) is told
