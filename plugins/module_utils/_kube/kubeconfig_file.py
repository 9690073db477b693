# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a kubeconfig by name. Of a file only those are constructed that are asked for: a fleet's has hundreds, and one is wanted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

try:
    import yaml

    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    yaml = None  # type: ignore[assignment]

from .._mesh.errors import MeshError
from .access import read_file

KINDS = ("clusters", "contexts", "users")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
Construct = Callable[[], Any]


class Kubeconfig:
    """Whichever said something first wins, as in kubectl."""

    def __init__(self, parts: Sequence[Iterator[tuple[str, str, Construct]]]) -> None:
        self._entries: dict[str, dict[str, Construct]] = {kind: {} for kind in KINDS}
        for part in parts:
            for kind, name, construct in part:
                self._entries[kind].setdefault(name, construct)

    def names(self, kind: str) -> list[str]:
        return list(self._entries[kind])

    def entry(self, kind: str, name: str | None) -> dict[str, Any] | None:
        """What it says of a cluster, a context or a user; none where it says nothing."""
        construct = self._entries[kind].get(str(name))
        found = construct() if construct else None
        told = found.get(kind[:-1]) if isinstance(found, Mapping) else None
        return dict(told) if isinstance(told, Mapping) else None


def given(config: Mapping[str, Any]) -> Kubeconfig:
    def entries() -> Iterator[tuple[str, str, Construct]]:
        for kind in KINDS:
            for entry in config.get(kind) or []:
                if isinstance(entry, Mapping) and entry.get("name") is not None:
                    yield kind, str(entry["name"]), partial(dict, entry)

    return Kubeconfig([entries()])


def merged(paths: str) -> Kubeconfig:
    parts = [str(Path(part).expanduser()) for part in paths.split(os.pathsep) if part]
    there = [part for part in parts if Path(part).exists()]
    if not there:
        raise MeshError(f"The kubeconfig {paths} does not exist.")
    return Kubeconfig([_entries(part, *_composed(part)) for part in there])


def _composed(path: str) -> tuple[Any, Any]:
    """Its loader, and its nodes."""
    loader = _Loader(read_file(path, "kubeconfig"))
    try:
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _invalid(path) from error
    if not isinstance(root, yaml.MappingNode):
        raise MeshError(f"The kubeconfig {path} is empty.")
    return loader, root


def _invalid(path: str) -> MeshError:
    """The parser's own words quote the line it stumbled over, which may hold a key."""
    return MeshError(f"The kubeconfig {path} is not valid YAML.")


def _entries(path: str, loader: Any, root: Any) -> Iterator[tuple[str, str, Construct]]:
    for title, listed in root.value:
        if title.value in KINDS and isinstance(listed, yaml.SequenceNode):
            for node in listed.value:
                name = _name(node)
                if name is not None:
                    yield title.value, name, partial(_constructed, path, loader, node)


def _name(node: Any) -> str | None:
    found = [value.value for key, value in node.value if key.value == "name"] if isinstance(node, yaml.MappingNode) else []
    return str(found[0]) if found else None


def _constructed(path: str, loader: Any, node: Any) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _invalid(path) from error
    content = entry.get("cluster") or entry.get("user")
    if isinstance(content, dict):
        _absolute(content, Path(path).parent)
    return entry


def _absolute(entry: dict[str, Any], base: Path) -> None:
    for key in _FILES:
        if entry.get(key):
            entry[key] = str(base / Path(entry[key]).expanduser())
    command = str((entry.get("exec") or {}).get("command") or "")
    if "/" in command:
        entry["exec"]["command"] = str(base / command)
