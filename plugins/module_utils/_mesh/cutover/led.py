# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From which revision a mesh was led, and to which one: by what a cutover notes on each object in the write that leads it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from .observed import ClusterState
from .orders import Aim


def led(states: Sequence[ClusterState]) -> list[Aim]:
    """Return where the cutover leads that is under way, else where the last one led; several if that is not clear, and none if nothing says so."""
    now, ended = _noted_in(states)
    return _last(states, now) or _last(states, ended)


def under_way(states: Sequence[ClusterState]) -> list[Aim]:
    """Return where the cutover leads that is under way."""
    return _last(states, _noted_in(states)[0])


def _noted_in(states: Sequence[ClusterState]) -> tuple[set[Aim], set[Aim]]:
    """What is under way, and what has ended.

    Validation moves last. So a note that names the revision that validates is of a cutover under way, and any other note of one that has ended.
    """
    validators = {state.default_revision for state in states} - {""}
    now, ended = set[Aim](), set[Aim]()
    for state in states:
        now |= set(_turned(state))
        validating = {state.default_revision} - {""} or validators
        for aim in _noted(state):
            (now if aim.former in validating else ended).add(aim)
    return now, ended


def _turned(state: ClusterState) -> Iterator[Aim]:
    """By the records of namespaces that their pointer would lead elsewhere."""
    return (Aim(space.following.revision, space.former.revision) for space in state.spaces if space.former)


def _noted(state: ClusterState) -> Iterator[Aim]:
    """What has no pods any more as a gateway waits for the way back, and says nothing about who serves."""
    yield Aim(state.default_revision, state.default_from)
    for tag in state.tags:
        yield from (Aim(tag.webhook, tag.webhook_from), Aim(tag.service, tag.service_from))
    for space in state.spaces:
        yield Aim(space.following.revision, space.led_from)
    for one in state.workloads:
        if not one.drained:
            yield Aim(one.following.revision, one.led_from)


def _last(states: Sequence[ClusterState], found: Collection[Aim]) -> list[Aim]:
    """Of cutovers of which one began where another one ended, the later one. What is not installed any more leads nowhere back."""
    installed = {known.revision for state in states for known in state.revisions}
    known = {aim for aim in found if "" not in aim.both and aim.target != aim.former and aim.former in installed}
    begun = {aim.former for aim in known}
    return sorted({aim for aim in known if aim.target not in begun} or known, key=lambda aim: aim.both)
