# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find, in what the watcher saw, the states in which a proxy would have refused another one. Pure.

A sample says what a proxy held at some moment between the question and the answer, so a value is *seen* from the question of its first sample to the
answer of its last. Between the last sample of one value and the first of the next the proxy may have held either. Hence two verdicts:

unsafe   a leaf and a bundle that lacks the leaf's root were seen at the same time
unclear  they were not seen at the same time, but nothing seen excludes it: both changed between two samples (of two proxies: one dump tells of both,
         and a proxy does not call itself)
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Sample:
    """What one proxy held: the roots it trusts, and the root that its leaf chains to (as fingerprints)."""

    begin: float
    end: float
    holder: str
    trusts: frozenset[str]
    issuer: str


@dataclass(frozen=True)
class Stretch(Generic[Value]):
    """A value that a proxy was seen to hold from `begin` to `end`, and may have held from `earliest` to `latest`."""

    holder: str
    value: Value
    begin: float
    end: float
    earliest: float
    latest: float


@dataclass(frozen=True)
class Conflict:
    """A leaf that a proxy of the mesh did not trust."""

    leaf_of: str
    issuer: str
    distrusted_by: str
    begin: float
    end: float
    certain: bool

    def __str__(self) -> str:
        kind = "unsafe" if self.certain else "unclear"
        return f"{kind}: {self.distrusted_by} did not trust the leaf of {self.leaf_of} (root {self.issuer[:12]}) for {self.end - self.begin:.2f} s"


def read(lines: Iterable[str]) -> list[Sample]:
    """The samples of a timeline; its other lines are for people."""
    records = (json.loads(line) for line in lines)
    return [Sample(seen["begin"], seen["end"], seen["proxy"], frozenset(seen["trusts"]), seen["issuer"]) for seen in records if seen.get("trusts")]


def by_holder(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.begin):
        found.setdefault(sample.holder, []).append(sample)
    return found


def stretches(samples: Sequence[Sample], value: Callable[[Sample], Value]) -> Iterator[Stretch[Value]]:
    """The stretches of one proxy, whose samples are in the order of time."""
    first = 0
    for number in range(1, len(samples) + 1):
        if number == len(samples) or value(samples[number]) != value(samples[first]):
            before, after = samples[max(first - 1, 0)], samples[min(number, len(samples) - 1)]
            yield Stretch(samples[first].holder, value(samples[first]), samples[first].begin, samples[number - 1].end, before.begin, after.end)
            first = number


def conflicts(samples: Iterable[Sample]) -> list[Conflict]:
    holders = by_holder(samples).values()
    leaves = [stretch for seen in holders for stretch in stretches(seen, lambda sample: sample.issuer)]
    bundles = [stretch for seen in holders for stretch in stretches(seen, lambda sample: sample.trusts)]
    pairs = ((leaf, bundle) for leaf in leaves for bundle in bundles if leaf.value not in bundle.value)
    return sorted((found for leaf, bundle in pairs if (found := _conflict(leaf, bundle))), key=lambda conflict: conflict.begin)


def _conflict(leaf: Stretch[str], bundle: Stretch[frozenset[str]]) -> Conflict | None:
    begin, end = max(leaf.begin, bundle.begin), min(leaf.end, bundle.end)
    if begin <= end:
        return Conflict(leaf.holder, leaf.value, bundle.holder, begin, end, certain=True)
    if leaf.holder == bundle.holder:
        return None
    begin, end = max(leaf.earliest, bundle.earliest), min(leaf.latest, bundle.latest)
    return Conflict(leaf.holder, leaf.value, bundle.holder, begin, end, certain=False) if begin < end else None


def longest_gap(samples: Iterable[Sample]) -> float:
    """The longest time in which a proxy existed and was not looked at."""
    pairs = (pair for seen in by_holder(samples).values() for pair in itertools.pairwise(seen))
    return max((later.begin - earlier.end for earlier, later in pairs), default=0.0)
