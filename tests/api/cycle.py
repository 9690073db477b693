# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The twelve steps of CONTRIBUTING, for any module: create, modify and delete, each in check mode and for real, and both again.

After each of them three witnesses are asked: what the module told, what the API server stores, and its audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.tests.unit.support.stored import difference, stored

from .changes import version
from .conftest import Play, Step
from .journal import Journal, dry, said, writes

Result = Mapping[str, Any]
Tell = Callable[[Mapping[str, Any], Result], dict[str, str]]


def told(_options: Mapping[str, Any], result: Result) -> dict[str, str]:
    """What a module says that it did to each object."""
    return {change["object"]: change["action"] for change in result.get("changes", []) if change["action"] != "unchanged"}


@dataclass(frozen=True)
class Leg:
    """One of create, modify and delete: the options, and the expected result.

    `shows` has the paths in which an object that is updated differs. `refused` is a part of the sentence, where that is what the module does.
    `first` is what somebody else did before.
    """

    name: str
    options: Mapping[str, Any]
    does: Mapping[str, str] = field(default_factory=dict)
    shows: Mapping[str, set[str]] = field(default_factory=dict)
    refused: str = ""
    first: Callable[[], Any] = lambda: None


@dataclass(frozen=True)
class Seen:
    """The stored objects, and the writes in the audit log since the last look."""

    objects: Mapping[str, str]
    events: Sequence[dict[str, Any]]


def go(play: Play, server: Any, cluster: Cluster, module: str, legs: Sequence[Leg], tell: Tell = told) -> list[Result]:
    """Run the legs in one playbook and compare result, stored objects and audit log. Return what the module returned."""
    journal, seen, versions = Journal(server), list[Seen](), list[str]()
    for leg in legs:
        assert not (leg.does and leg.refused), leg.name

    def look() -> None:
        events = journal.read()
        versions.append(version(cluster))
        same = len(versions) > 1 and versions[-1] == versions[-2]
        seen.append(Seen(seen[-1].objects if same else stored(cluster), events))

    steps: list[Any] = []
    for leg in legs:
        steps += [leg.first, look]
        for check in (True, False, True, False):
            steps += [Step(module, leg.options, check), look]
    ran = play(*steps)
    results, views = iter(ran.results), iter(seen)
    for leg in legs:
        _judge(leg, results, views, tell)
    return ran.results


def _judge(leg: Leg, results: Iterator[Result], views: Iterator[Seen], tell: Tell) -> None:
    before = next(views)
    kept = []
    for number, word in enumerate(("in check mode", "for real", "again in check mode", "again")):
        where, result, after = f"{leg.name} {word}", next(results), next(views)
        does = dict(leg.does) if number < 2 else {}
        assert bool(result.get("failed")) == bool(leg.refused), f"{where}: {result.get('msg')}"
        assert leg.refused in result.get("msg", ""), where
        assert result["changed"] == bool(does), where
        assert tell(leg.options, result) == does, where
        assert difference(before.objects, after.objects) == (does if number == 1 else {}), where
        _judge_writes(where, after.events, none_stored=number != 1 or not does)
        _judge_diff(where, leg, result, does)
        kept.append(result)
        before = after
    assert [one["before"] for one in kept[0].get("diff", [])] == [one["before"] for one in kept[1].get("diff", [])], leg.name


def _judge_writes(where: str, events: Sequence[dict[str, Any]], none_stored: bool) -> None:
    real = [said(event) for event in writes(list(events)) if not dry(event)]
    assert events, f"{where}: the audit log knows nothing of it"
    assert (not real) if none_stored else real, f"{where}: {real}"


def _judge_diff(where: str, leg: Leg, result: Result, does: Mapping[str, str]) -> None:
    """The diff shows only the objects that change, and in them only what changes."""
    if "diff" not in result:
        return
    shown = {one["before_header"]: one for one in result["diff"]}
    assert set(shown) == set(does), where
    for name, action in does.items():
        before, after = shown[name]["before"], shown[name]["after"]
        assert bool(before) == (action != "created"), f"{where}: {name}"
        assert bool(after) == (action != "deleted"), f"{where}: {name}"
        if action == "updated":
            assert set(_paths(before, after)) == leg.shows[name], f"{where}: {name}"


def _paths(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before.keys() | after.keys():
            yield from _paths(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif before != after:
        yield path
