# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of writes and removals: one that Consul accepts after each step, that allows before it sends, and denies last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import together
from .entry import Content, Entry, Key, State, shown
from .intentions import denies
from .kinds import DEFAULTS, INTENTIONS, KINDS, RESOLVER

_PLACES = list(KINDS)
_ALLOWED = 2 * _PLACES.index(DEFAULTS) + 1  # as soon as the protocol is known, by which requests are told apart
_REMOVED = 100  # after what is written
_DENIED = 200
_CLOSED = 300  # what allowed or denied goes when all else is as it should be


@dataclass(frozen=True)
class Move:
    """An entry that is written, or removed if it has no content. With `halfway` it is written once more later."""

    key: Key
    content: Content | None
    halfway: bool = False


def steps(live: State, wanted: Sequence[Entry], gone: Sequence[Key]) -> tuple[list[Move], list[str]]:
    """Return the steps from what Consul keeps to what is wanted, and faults if there is no such way."""
    left = sorted([*(Move(entry.key, entry.content) for entry in wanted), *(Move(key, None) for key in gone)], key=lambda step: _rank(step, live))
    state: State = live
    made: list[Move] = []
    while left:
        step = next(_possible(state, left), None) or next(_halfway(state, left), None)
        if step is None:
            return made, _faults(state, left)
        state = _after(state, step)
        made.append(step)
        left = left if step.halfway else [other for other in left if other.key != step.key]
    return made, []


def _rank(step: Move, live: State) -> tuple[int, str]:
    """Return the place of a step. On the way nothing is open that was not open before and is not open in the end."""
    kind, name = step.key
    place = 2 * _PLACES.index(kind)
    if kind == INTENTIONS and step.content is None:
        return _CLOSED + denies(live[step.key]), name
    if kind == INTENTIONS and step.content is not None:
        return (_DENIED if denies(step.content) else _ALLOWED), name
    return (place if step.content is not None else _REMOVED - place), name


def _possible(state: State, left: Sequence[Move]) -> Iterator[Move]:
    """Yield the steps after which Consul has nothing to object to that it could not object to before."""
    now = set(together.faults(state, whole=True))
    return (step for step in left if set(together.faults(_after(state, step), whole=True)) <= now)


def _halfway(state: State, left: Sequence[Move]) -> Iterator[Move]:
    """Yield resolvers with the former subsets beside the new ones, for entries that still name the former."""
    wider = []
    for step in left:
        former = (state.get(step.key) or {}).get("subsets") or {}
        if step.key[0] == RESOLVER and step.content is not None and former:
            content = {**step.content, "subsets": {**former, **(step.content.get("subsets") or {})}}
            wider += [Move(step.key, content, halfway=True)] if content["subsets"] != former else []
    return _possible(state, wider)


def _after(state: State, step: Move) -> dict[Key, Content]:
    after = {key: content for key, content in state.items() if key != step.key}
    return after if step.content is None else {**after, step.key: step.content}


def _faults(state: State, left: Sequence[Move]) -> list[str]:
    now, step = set(together.faults(state, whole=True)), left[0]
    because = [fault for fault in together.faults(_after(state, step), whole=True) if fault not in now]
    why = f"no order is possible in which Consul accepts all changes: with {shown(step.key)} as it is wanted,"
    return [f"{why} {fault}; take out the entries that depend on it in a first run, and put them back in a second" for fault in because[:1]]
