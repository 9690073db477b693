# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a kubeconfig by name. Of a file only those are constructed that are asked for: a fleet's has hundreds, and one is wanted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

try:
    import yaml

    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    yaml = None  # type: ignore[assignment]

from .._mesh.content import told_as_content
from .._mesh.errors import MeshError
from .access import expanded, read_file, sought

KINDS = ("clusters", "contexts", "users")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
Construct = Callable[[], Any]
Entry = tuple[str, str, Construct]

# What makes YAML more than lines and their indentation: quotes, anchors, tags, blocks of text, lists and mappings in one line, comments.
_SIGNS = ('"', "'", "&", "*", "!", "|", ">", "{", "}", "[", "]", "#", "\t", "\r", "\ufeff")
_EMPTY = "preferences: {}\n"
_TITLE = re.compile(r"([\w-]+):(?: .*)?", re.ASCII)


class Kubeconfig:
    """Whichever said something first wins, as in kubectl."""

    def __init__(self, parts: Sequence[Iterable[Entry]]) -> None:
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
    def entries() -> Iterator[Entry]:
        for kind in KINDS:
            for entry in config.get(kind) or []:
                if isinstance(entry, Mapping) and entry.get("name") is not None:
                    yield kind, str(entry["name"]), partial(dict, entry)

    return Kubeconfig([entries()])


def merged(paths: str) -> Kubeconfig:
    if content := told_as_content(paths):
        raise MeshError(f"The kubeconfig holds {content} itself, where a path belongs: give a path, or a dictionary (| from_yaml).")
    parts = [part for part in paths.split(os.pathsep) if part]
    there = [expanded(part) for part in parts if os.path.exists(expanded(part))]
    if not there:
        raise MeshError(f"The kubeconfig {paths} does not exist.{next(filter(None, map(sought, parts)), '')}")
    return Kubeconfig([_read(part, read_file(part, "kubeconfig")) for part in there])


def _read(path: str, content: bytes) -> Iterable[Entry]:
    """A fleet's file is cut into entries as kubectl writes them, in an eighth of the time that it takes to parse all of them."""
    try:
        return _cut(path, content)
    except ValueError:  # it may also be no UTF-8, which the parser says better
        return _parsed(path, content)


def _cut(path: str, content: bytes) -> list[Entry]:
    """ValueError for whatever is not plainly lines below a title: only a parser knows what that means."""
    text = content.decode().replace(_EMPTY, "", 1)
    if any(sign in text for sign in _SIGNS):
        raise ValueError
    found: list[Entry] = []
    kind = ""
    for part in re.split(r"\n(?=\S)", text):
        if kind and part.startswith("- "):
            name = _named(part)
            if kind in KINDS and name:
                found.append((kind, name, partial(_alone, path, content, kind, name, part)))
            continue
        first, _end, below = part.partition("\n")
        title = _TITLE.fullmatch(first)
        if not title or (title[1] in KINDS and below.strip()):
            raise ValueError
        kind = title[1]
    return found


def _named(part: str) -> str:
    """Only a key of the entry itself stands at its indentation, first or later; what stands deeper below goes on with its value."""
    _before, key, after = ("\n  " + part[2:]).partition("\n  name:")
    value, _end, below = after.partition("\n")
    if key and (not value.strip() or value[0] != " " or below.startswith("   ")):
        raise ValueError
    return value.strip()


def _alone(path: str, content: bytes, kind: str, name: str, part: str) -> dict[str, Any]:
    """An entry by itself; by the whole file if it turns out to be called otherwise than its line looked."""
    try:
        [entry] = _Loader(part).get_single_data()
        if entry["name"] == name:
            return _completed(path, entry)
    except (yaml.YAMLError, ValueError, TypeError, KeyError):
        pass
    same = (construct for found, called, construct in _parsed(path, content) if (found, called) == (kind, name))
    return dict(next(same, dict)())


def _parsed(path: str, content: bytes) -> Iterator[Entry]:
    loader = _Loader(content)
    try:
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _invalid(path) from error
    if not isinstance(root, yaml.MappingNode):
        raise MeshError(f"The kubeconfig {path} is empty.")
    return _entries(path, loader, root)


def _invalid(path: str) -> MeshError:
    """The parser's own words quote the line it stumbled over, which may hold a key."""
    return MeshError(f"The kubeconfig {path} is not valid YAML.")


def _entries(path: str, loader: Any, root: Any) -> Iterator[Entry]:
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
        return _completed(path, loader.construct_document(node))
    except yaml.YAMLError as error:
        raise _invalid(path) from error


def _completed(path: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Paths in it are relative to the file."""
    content = entry.get("cluster") or entry.get("user")
    if isinstance(content, dict):
        _absolute(content, Path(path).parent)
    return entry


def _absolute(entry: dict[str, Any], base: Path) -> None:
    for key in _FILES:
        if entry.get(key) and not told_as_content(entry[key]):
            entry[key] = str(base / os.path.expanduser(str(entry[key])))
    command = str((entry.get("exec") or {}).get("command") or "")
    if "/" in command:
        entry["exec"]["command"] = str(base / command)
