# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server-side apply on plain dictionaries, with owners as a real server writes them into managedFields."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]
_SERVERS = {("metadata", "uid"), ("metadata", "resourceVersion")}
_IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


class Taken(Exception):
    """Fields of the wish belong to somebody else."""

    def __init__(self, causes: list[tuple[str, str]]) -> None:
        super().__init__("conflict")
        self.causes = causes


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    if isinstance(value, Mapping) and value:
        found: dict[Path, Any] = {}
        for key, inner in value.items():
            found.update(leaves(inner, (*path, key)))
        return found
    return {} if path in _IDENTITY else {path: value}


def _fields(paths: set[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        branch = tree
        for step in path:
            branch = branch.setdefault(f"f:{step}", {})
    return tree


def _paths(tree: Mapping[str, Any], path: Path = ()) -> set[Path]:
    if not tree:
        return {path} if path else set()
    return set().union(*(_paths(inner, (*path, key[2:])) for key, inner in tree.items() if key != "."))


def _entries(live: Mapping[str, Any]) -> dict[tuple[str, str], set[Path]]:
    known = live["metadata"].get("managedFields") or []
    return {(entry["manager"], entry["operation"]): _paths(entry["fieldsV1"]) for entry in known}


def _record(live: dict[str, Any], entries: Mapping[tuple[str, str], set[Path]]) -> None:
    live["metadata"]["managedFields"] = [
        {
            "manager": manager,
            "operation": operation,
            "apiVersion": live["apiVersion"],
            "fieldsType": "FieldsV1",
            "fieldsV1": _fields(paths),
        }
        for (manager, operation), paths in sorted(entries.items())
        if paths
    ]


def created(manifest: Mapping[str, Any], manager: str | None) -> dict[str, Any]:
    live = copy.deepcopy(dict(manifest))
    if manager:
        _record(live, {(manager, "Update"): set(leaves(manifest))})
    return live


def replaced(live: dict[str, Any], body: dict[str, Any], manager: str, _force: bool) -> dict[str, Any]:
    """An update: the writer alone owns each field that it changes, and nobody owns removed fields."""
    after = {**copy.deepcopy(body), **({"status": live["status"]} if "status" in live else {})}
    before, now, entries = leaves(live), leaves(after), _entries(live)
    changed = {path for path in now if path[:2] not in {("metadata", "managedFields"), ("metadata", "resourceVersion")} and before.get(path) != now[path]}
    kept = {key: (paths & set(now)) - changed for key, paths in entries.items()}
    after["metadata"].pop("managedFields", None)
    _record(after, {**kept, (manager, "Update"): kept.get((manager, "Update"), set()) | changed})
    return after


def applied(live: dict[str, Any] | None, wish: dict[str, Any], manager: str, force: bool) -> dict[str, Any]:
    wished = {path: value for path, value in leaves(wish).items() if path not in _SERVERS}
    after = copy.deepcopy(live) if live else {key: wish[key] for key in ("apiVersion", "kind")}
    after.setdefault("metadata", {key: wish["metadata"][key] for key in ("name", "namespace") if key in wish["metadata"]})
    entries = _entries(after)
    mine = entries.pop((manager, "Apply"), set())
    now = leaves(after)
    causes = [
        (f'conflict with "{other}" using {after["apiVersion"]}', "." + ".".join(path))
        for (other, _operation), paths in entries.items()
        for path in sorted(paths & set(wished))
        if now.get(path) != wished[path]
    ]
    if causes and not force:
        raise Taken(causes)
    for key, paths in entries.items():
        entries[key] = {path for path in paths if path not in wished or now.get(path) == wished[path]}
    for path in mine - set(wished) - set().union(*entries.values()):
        _unset(after, path)
    for path, value in wished.items():
        _set(after, path, value)
    _record(after, {**entries, (manager, "Apply"): set(wished)})
    return after


def merged(live: dict[str, Any], patch: dict[str, Any], manager: str) -> dict[str, Any]:
    """A merge patch: None removes a field, other values are written, and the writer owns the written fields too."""
    after = copy.deepcopy(live)
    entries = _entries(after)
    changed, gone = leaves(patch), _nothing(patch)
    for path in gone:
        _unset(after, path)
    written = {path for path in changed if path not in gone}
    for path in written:
        _set(after, path, changed[path])
    entries = {key: paths - gone for key, paths in entries.items()}
    entries[manager, "Update"] = entries.get((manager, "Update"), set()) | written
    _record(after, entries)
    return after


def _nothing(patch: dict[str, Any], above: Path = ()) -> set[Path]:
    found: set[Path] = set()
    for key, value in patch.items():
        if value is None:
            found.add((*above, key))
        elif isinstance(value, dict):
            found |= _nothing(value, (*above, key))
    return found


def _set(live: dict[str, Any], path: Path, value: Any) -> None:
    for step in path[:-1]:
        live = live.setdefault(step, {})
    live[path[-1]] = copy.deepcopy(value)


def _unset(live: dict[str, Any], path: Path) -> None:
    if len(path) > 1 and isinstance(live.get(path[0]), dict):
        _unset(live[path[0]], path[1:])
        if not live[path[0]]:
            del live[path[0]]
    elif len(path) == 1:
        live.pop(path[0], None)
