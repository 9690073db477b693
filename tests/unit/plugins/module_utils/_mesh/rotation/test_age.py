# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which intermediates are to be replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.age import stale

NOW = datetime(2026, 8, 27, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FORM = "%Y-%m-%dT%H:%M:%SZ"


def result(name: str, age: timedelta, before: str = "") -> dict[str, Any]:
    own = {"fingerprint": name, "not_before": (NOW - age).strftime(FORM), "not_after": (NOW - age + 300 * HOUR).strftime(FORM)}
    return {"intermediate": own, "previous": {"signer": before} if before else None}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([result("a", 2 * HOUR), result("b", 3 * HOUR)], ["a", "b"]),
        ([result("a", HOUR), result("b", HOUR - timedelta(seconds=1))], ["a"]),
        # Replaced by a run that was killed: nothing of the former may be about when its successor retires it.
        ([result("new", timedelta(minutes=1), before="old")], ["old"]),
        # Killed between what is kept and the new CA.
        ([result("a", 2 * HOUR, before="a")], ["a"]),
        ([result("a", timedelta(0), before="a")], []),
        ([{}, {"intermediate": None, "previous": {"signer": "x"}}], []),
    ],
)
def test_what_is_old_or_was_replaced(results: list[dict[str, Any]], expected: list[str]) -> None:
    assert stale(results, NOW, HOUR) == expected


def test_what_has_expired_is_never_too_young() -> None:
    short = result("a", timedelta(minutes=4))
    short["intermediate"]["not_after"] = NOW.strftime(FORM)
    assert stale([short], NOW, HOUR) == ["a"]
