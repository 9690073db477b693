# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which states count as unsafe, for a witness that looks at one proxy after the other."""

from __future__ import annotations

import json

from meshdrill import timeline
from meshdrill.timeline import Sample


def seen(holder: str, *values: tuple[float, str, str]) -> list[Sample]:
    """Samples that each took 0.1 s: when, the roots trusted (a letter each), the leaf's root."""
    return [Sample(begin, begin + 0.1, holder, frozenset(trusts), issuer) for begin, trusts, issuer in values]


def told(*samples: list[Sample]) -> list[str]:
    return [str(one) for one in timeline.conflicts([sample for some in samples for sample in some])]


def test_all_is_safe_while_nothing_changes() -> None:
    assert told(seen("a", (0, "C", "C"), (1, "C", "C")), seen("b", (0.2, "C", "C"), (1.2, "C", "C"))) == []


def test_a_rotation_in_phases_is_safe() -> None:
    a = seen("a", (0, "C", "C"), (1, "CD", "C"), (2, "CD", "C"), (3, "CDE", "D"), (4, "CDE", "D"), (5, "D", "D"))
    b = seen("b", (0, "C", "C"), (1.5, "CD", "C"), (2, "CD", "C"), (3.9, "CDE", "D"), (4.4, "CDE", "D"), (6, "D", "D"))
    assert told(a, b) == []


def test_a_leaf_that_another_proxy_does_not_trust_yet_is_unsafe() -> None:
    a = seen("a", (0, "C", "C"), (1, "CD", "D"), (2, "CD", "D"))
    b = seen("b", (0, "C", "C"), (1.5, "C", "C"), (2.5, "CD", "D"))
    assert told(a, b) == ["unsafe: b did not trust the leaf of a (root D) for 0.60 s"]


def test_a_proxy_that_does_not_trust_its_own_leaf_s_root_counts_too() -> None:
    assert told(seen("a", (0, "C", "D"), (1, "C", "D"))) == ["unsafe: a did not trust the leaf of a (root D) for 1.10 s"]


def test_what_happened_between_two_samples_is_not_excluded() -> None:
    """Between 1.1 and 2.0, proxy a got its leaf of D and proxy b came to trust D. No sample shows which came first."""
    a = seen("a", (0, "C", "C"), (1, "CD", "C"), (2, "CD", "D"), (3, "CD", "D"))
    b = seen("b", (0, "C", "C"), (1, "C", "C"), (2, "CD", "C"), (3, "CD", "C"))
    assert told(a, b) == ["unclear: b did not trust the leaf of a (root D) for 1.10 s"]


def test_a_pod_that_has_gone_is_no_longer_asked_for() -> None:
    gone = seen("gone", (0, "C", "C"), (1, "C", "C"))
    assert told(gone, seen("new", (3, "D", "D"), (4, "D", "D"))) == []


def test_the_longest_gap_is_that_of_one_proxy_not_of_all() -> None:
    samples = [*seen("a", (0, "C", "C"), (4, "C", "C")), *seen("b", (2, "C", "C"), (3, "C", "C"))]
    assert round(timeline.longest_gap(samples), 2) == 3.9


def test_lines_about_other_things_are_passed_over() -> None:
    lines = [{"begin": 1, "end": 2, "proxy": "a", "trusts": ["C"], "issuer": "C", "leaf": "x"}, {"begin": 1, "end": 2, "proxy": "a", "error": "gone"},
             {"begin": 1, "end": 2, "configmap": "east/app", "roots": ["C"]}, {"begin": 1, "end": 2, "proxy": "starting"}]
    assert timeline.read(json.dumps(line) for line in lines) == [Sample(1, 2, "a", frozenset("C"), "C")]
