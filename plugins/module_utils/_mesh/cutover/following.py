# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who follows which revision, counted, and what a cutover left half done, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..few_names import few
from . import leader, stray
from .led import under_way
from .leftover import left_over
from .observed import GATEWAY_API, NOTHING, ClusterState
from .orders import Aim


def followers(state: ClusterState) -> dict[str, Any]:
    """By revision, how many namespaces and workloads follow it, how many proxies it made, and how many it serves.

    `turned` are the namespaces that a cutover turned and did not finish, and `pinned` the Gateways that it held back. `plain` are pods that run
    without a proxy although their namespace follows something.
    """
    counts: dict[str, dict[str, int]] = {}
    for revision, what, number in _each(state):
        if revision and number:
            of_revision = counts.setdefault(revision, dict.fromkeys(("namespaces", "workloads", "made", "served"), 0))
            of_revision[what] += number
    return {
        "follows": {revision: counts[revision] for revision in sorted(counts)},
        "turned": [space.name for space in state.spaces if space.former is not None],
        "pinned": [workload.where for workload in state.workloads if workload.pinned],
        "plain": [f"{space.name}/{pod}" for space in state.spaces for pod in space.plain],
    }


def _each(state: ClusterState) -> Iterator[tuple[str, str, int]]:
    for space in state.spaces:
        if space.following.rule != NOTHING:
            yield space.following.revision, "namespaces", 1
    for workload in state.workloads:
        if not workload.drained:
            yield workload.following.revision, "workloads", 1
        yield from ((revision, "made", number) for revision, number in workload.made.items())
        yield from ((revision, "served", number) for revision, number in workload.connected.items())


_SHOWN = 5
_AGAIN = "run meshops.lifecycle.cutover again, to go on or to turn it back"


def followed(state: ClusterState, proxies: Mapping[str, int]) -> dict[str, Any]:
    """Return by revision how many namespaces follow it and how many of the `proxies` it serves, and how much a cutover holds half done."""
    of_revision = followers(state)["follows"]
    names = sorted({*of_revision, *(name for name in proxies if name)})
    return {
        "revisions": {name: {"namespaces": of_revision.get(name, {}).get("namespaces", 0), "proxies": proxies.get(name, 0)} for name in names},
        "turned": sum(space.former is not None for space in state.spaces),
        "pinned": sum(workload.pinned for workload in state.workloads),
        "leaders": [asdict(one) for one in state.leaders],
    }


def unfinished(state: ClusterState, proxies: Mapping[str, int]) -> list[str]:
    """Return half sentences about a cutover half done, what follows nobody or is followed by nobody, what a revision left, and locks that have not moved."""
    versions = {known.revision: known.version for known in state.revisions}
    leading = leader.astray(state.leaders, state.tags, state.default_tag, versions)
    astray = [*stray.of_labels(state)[:_SHOWN], *stray.of_two_rules(state)[:_SHOWN]]
    return [*_half_done(state, proxies), *astray, *_unfollowed(state, proxies), *_unvalidated(state), *left_over(state.leftovers), *leading]


def _half_done(state: ClusterState, proxies: Mapping[str, int]) -> list[str]:
    """A cutover by tags turns no namespace: it is seen by the tags that it led."""
    led = under_way([state])
    if len(led) == 1 and (said := _led(state, led[0], proxies)):
        aim = led[0]
        way = f"run meshops.lifecycle.cutover with cutover_to: {aim.target} to go on, or with cutover_to: {aim.former} to turn it back"
        return [f"a cutover from {aim.former} to {aim.target} is half done, with {said}; {way}"]
    return _turned_or_pinned(state) or _stood_in(state)


def _seconds(state: ClusterState) -> list[str]:
    return [workload.where for workload in state.workloads if workload.gateway == GATEWAY_API and workload.second_of]


def _stood_in(state: ClusterState) -> list[str]:
    seconds = _seconds(state)
    return [f"a cutover is half done: {_number(seconds, 'second Gateway')} stood in ({_list(seconds)}); {_AGAIN}"] if seconds else []


def _led(state: ClusterState, aim: Aim, proxies: Mapping[str, int]) -> str:
    """What a cutover led by a note, and what it has not; empty if it led nothing so."""
    moved = [tag.name for tag in state.tags if aim.former in (tag.webhook_from, tag.service_from) and {tag.webhook, tag.service} <= {aim.target, ""}]
    half = [tag.name for tag in state.tags if {tag.webhook, tag.service} == set(aim.both)]
    waiting = [tag.name for tag in state.tags if {tag.webhook, tag.service} <= {aim.former, ""}]
    named = [space.name for space in state.spaces if space.led_from == aim.former and space.following.revision == aim.target]
    if not (moved or half or named):
        return ""
    turned, seconds = [space.name for space in state.spaces if space.former is not None], _seconds(state)
    parts = [
        f"{_number(moved, 'tag')} led to {aim.target} ({_list(moved)})" if moved else "",
        f"{_number(half, 'tag')} led there by one half only ({_list(half)})" if half else "",
        f"{_number(waiting, 'tag')} not led there ({_list(waiting)})" if waiting else "",
        f"{_number(named, 'namespace')} that named {aim.former} before ({_list(named)})" if named else "",
        f"{_number(turned, 'namespace')} turned there and not given the former labels back ({_list(turned)})" if turned else "",
        f"{_number(seconds, 'second Gateway')} that stood in for another one ({_list(seconds)})" if seconds else "",
        f"{proxies[aim.former]} {'proxies' if proxies[aim.former] > 1 else 'proxy'} still served by {aim.former}" if proxies.get(aim.former) else "",
    ]
    return ", ".join(part for part in parts if part)


def _turned_or_pinned(state: ClusterState) -> list[str]:
    turned = [space.name for space in state.spaces if space.former is not None]
    if turned:
        to = ", ".join(sorted({space.following.revision or space.following.pointer for space in state.spaces if space.former is not None}))
        said = f"{_number(turned, 'namespace')} turned there and not given the former labels back ({_list(turned)})"
        return [f"a cutover to {to} is half done, with {said}; {_AGAIN}"]
    pinned = [workload.where for workload in state.workloads if workload.pinned]
    return [f"a cutover is half done: it holds {_number(pinned, 'Gateway')} at a revision ({_list(pinned)}); {_AGAIN}"] if pinned else []


def _unfollowed(state: ClusterState, proxies: Mapping[str, int]) -> list[str]:
    if len(state.revisions) < 2:
        return []
    used = {name for name, number in proxies.items() if number} | {space.following.revision for space in state.spaces}
    used |= {half for tag in state.tags for half in (tag.webhook, tag.service)} | {state.default_revision}
    idle = [known.revision for known in state.revisions if known.revision not in used]
    way = f"to remove it, run meshops.lifecycle.cutover with cutover_to: {state.default_revision}" if state.default_revision else "test it or remove it"
    return [f"the control plane {name} runs, and no namespace, tag or proxy follows it; {way}" for name in idle]


def _unvalidated(state: ClusterState) -> list[str]:
    told = "no revision validates what users write; set mesh_default_revision and run meshops.lifecycle.control_plane"
    return [told] if state.revisions and not state.default_revision else []


def _number(names: Sequence[str], what: str) -> str:
    return f"{len(names)} {what}{'' if len(names) == 1 else 's'}"


def _list(names: Sequence[str]) -> str:
    return few(names, _SHOWN)
