# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Namespaces and gateways in waves: the canary first, then what was declared, then chunks that the control planes can take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .observed import NAMED, NOTHING, ClusterState
from .orders import Aim

CANARY, DECLARED, DERIVED, GATEWAYS = "canary", "declared", "derived", "gateway"
FIRST, LAST, NOT_MOVED = "first", "last", "never"
_WILD = frozenset("*?[")


@dataclass(frozen=True)
class WaveWish:
    """How the user wants the waves. Patterns are those of file names.

    `pace` is how many proxies one replica of a control plane takes in a second. A derived wave lasts about `seconds` at that pace.
    With `together` a wave runs in all clusters at once; otherwise one cluster follows the other.
    """

    canary: Sequence[str] = ()
    declared: Sequence[Sequence[str]] = ()
    only: Sequence[str] = ("*",)
    skip: Sequence[str] = ()
    pace: float = 30.0
    seconds: float = 60.0
    together: bool = False
    gateways: str = LAST


@dataclass(frozen=True)
class Wave:
    """What moves at once: namespaces, or the Services of gateways, by cluster. `proxies` is how many pods start anew."""

    number: int
    kind: str
    spaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proxies: Mapping[str, int] = field(default_factory=dict)

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(self.spaces or self.services)


Chunk = tuple[str, tuple[str, ...]]  # the kind of a wave, and the names of its namespaces or Services


def waves(states: Sequence[ClusterState], aim: Aim, wish: WaveWish) -> list[Wave]:
    """All waves, those that are through too, so that the same inventory always gives the same numbers."""
    chunks = {state.cluster: _chunks(state, aim, wish) for state in states}
    sizes = {state.cluster: _proxies(state) for state in states}
    made: list[Wave] = []
    for group in [[state.cluster for state in states]] if wish.together else [[state.cluster] for state in states]:
        for row in _rows({cluster: chunks[cluster] for cluster in group}):
            made.append(_wave(len(made) + 1, row, sizes))
    return made


def _rows(chunks: Mapping[str, Sequence[Chunk]]) -> Iterator[dict[str, Chunk]]:
    """One chunk of each cluster at a time, of the same kind."""
    kinds = list(dict.fromkeys(kind for row in chunks.values() for kind, _names in row))
    order = sorted(kinds, key=lambda kind: _rank(chunks, kind))
    for kind in order:
        columns = {cluster: [chunk for chunk in row if chunk[0] == kind] for cluster, row in chunks.items()}
        for place in range(max(map(len, columns.values()))):
            yield {cluster: column[place] for cluster, column in columns.items() if place < len(column)}


def _rank(chunks: Mapping[str, Sequence[Chunk]], kind: str) -> int:
    """Where the kind stands in the cluster that has most before it."""
    usual = [CANARY, DECLARED, DERIVED]
    if kind != GATEWAYS:
        return usual.index(kind) + 1
    first = any(row and row[0][0] == GATEWAYS and len({name for name, _names in row}) > 1 for row in chunks.values())
    return 0 if first else len(usual) + 1


def _wave(number: int, row: Mapping[str, Chunk], sizes: Mapping[str, Mapping[str, int]]) -> Wave:
    kind = next(iter(row.values()))[0]
    names = {cluster: chunk[1] for cluster, chunk in row.items()}
    proxies = {cluster: sum(sizes[cluster].get(name, 0) for name in chunk) for cluster, chunk in names.items()}
    return Wave(number, kind, services=names, proxies=proxies) if kind == GATEWAYS else Wave(number, kind, names, proxies=proxies)


def scope(state: ClusterState, aim: Aim, wish: WaveWish) -> list[str]:
    """The namespaces that follow the target or the former revision, and are not left out by the user."""
    own = {workload.namespace for workload in state.workloads if workload.own and not workload.gateway and _named(workload.following, aim)}
    followers = [space.name for space in state.spaces if space.name in own or (space.following.rule != NOTHING and space.following.revision in aim.both)]
    return sorted(name for name in followers if _matches(name, wish.only) and not _matches(name, wish.skip))


def _named(following: object, aim: Aim) -> bool:
    return getattr(following, "rule", "") == NAMED and getattr(following, "revision", "") in aim.both


def services(state: ClusterState, aim: Aim) -> list[str]:
    """The Services whose gateways follow the target or the former revision."""
    behind = state.behind_service.items()
    return sorted(service for service, gateways in behind if any(gateway.following.revision in aim.both for gateway in gateways))


def _chunks(state: ClusterState, aim: Aim, wish: WaveWish) -> list[Chunk]:
    rest, sizes = dict.fromkeys(scope(state, aim, wish)), _proxies(state)
    chunks: list[Chunk] = []
    for kind, patterns in [(CANARY, wish.canary), *((DECLARED, each) for each in wish.declared)]:
        chosen = _chosen(rest, patterns)
        chunks += [(kind, chosen)] if chosen else []
        for name in chosen:
            del rest[name]
    chunks += [(DERIVED, chunk) for chunk in _packed(list(rest), sizes, _capacity(state, aim, wish))]
    gateways = [] if wish.gateways == NOT_MOVED else [(GATEWAYS, (service,)) for service in services(state, aim)]
    return [*gateways, *chunks] if wish.gateways == FIRST else [*chunks, *gateways]


def _chosen(names: Mapping[str, Any], patterns: Sequence[str]) -> tuple[str, ...]:
    """The names that match. Thousands of names and of waves that only name some are not compared one by one."""
    plain = {pattern for pattern in patterns if not _WILD.intersection(pattern)}
    wild = [pattern for pattern in patterns if pattern not in plain]
    if not wild:
        return tuple(sorted(name for name in plain if name in names))
    return tuple(name for name in names if name in plain or _matches(name, wild))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _capacity(state: ClusterState, aim: Aim, wish: WaveWish) -> int:
    """How many proxies a wave may start anew. It depends on what is wanted to run, not on what runs now: waves keep their numbers."""
    known = state.revision(aim.target) or state.revision(aim.former)
    return max(1, int(wish.pace * max(known.desired if known else 1, 1) * wish.seconds))


def _packed(names: Sequence[str], sizes: Mapping[str, int], most: int) -> Iterator[tuple[str, ...]]:
    """In the order of their names, as many as fit. A namespace that is too large makes a wave by itself."""
    chunk: list[str] = []
    size = 0
    for name in names:
        more = sizes.get(name, 0)
        if chunk and size + more > most:
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(name)
        size += more
    if chunk:
        yield tuple(chunk)


def _proxies(state: ClusterState) -> dict[str, int]:
    """Pods by namespace, and by Service for gateways."""
    sizes: dict[str, int] = {}
    for workload in state.workloads:
        key = workload.entrance if workload.gateway else workload.namespace
        sizes[key] = sizes.get(key, 0) + max(workload.replicas, 0)
    return sizes
