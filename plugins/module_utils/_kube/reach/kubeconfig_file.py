# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a kubeconfig by name. Only requested entries are constructed: a fleet's file has hundreds, and a task needs one."""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

try:
    import yaml

    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    yaml = None  # type: ignore[assignment]

from ..._mesh.errors import MeshError
from ..._mesh.reach.content import content_kind
from .access import expanded, read_file, sought

KINDS = ("clusters", "contexts", "users")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
# Said of a task's connection and of a fleet file alike.
_ANOTHER = "Put the file there, or name another one as `kubeconfig` in mesh_kube or the fleet file, or in the variable KUBECONFIG."
Construct = Callable[[], Any]
Entry = tuple[str, str, Construct]
# By path: the state of a file and the entries read in that state. A task with links asks for one context for each cluster.
_KNOWN: dict[str, tuple[tuple[int, ...], list[Entry]]] = {}
_ALONE = threading.Lock()


class Kubeconfig:
    """Merged parts, in which the first entry of a name wins, as in kubectl."""

    def __init__(self, parts: Sequence[Iterable[Entry]]) -> None:
        self._entries: dict[str, dict[str, Construct]] = {kind: {} for kind in KINDS}
        for part in parts:
            for kind, name, construct in part:
                self._entries[kind].setdefault(name, construct)

    def names(self, kind: str) -> list[str]:
        return list(self._entries[kind])

    def entry(self, kind: str, name: str | None) -> dict[str, Any] | None:
        """Return the content of a cluster, context or user; None if there is none."""
        construct = self._entries[kind].get(str(name))
        item = construct() if construct else None
        content = item.get(kind[:-1]) if isinstance(item, Mapping) else None
        return dict(content) if isinstance(content, Mapping) else None


def given(config: Mapping[str, Any]) -> Kubeconfig:
    return Kubeconfig([_given(config, dict)])


def _given(config: Mapping[str, Any], made: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Iterator[Entry]:
    for kind in KINDS:
        listed = config.get(kind)
        for entry in listed if isinstance(listed, Sequence) else ():
            if isinstance(entry, Mapping) and entry.get("name") is not None:
                yield kind, str(entry["name"]), partial(made, entry)


def merged(paths: str) -> Kubeconfig:
    if content := content_kind(paths):
        raise MeshError(f"The kubeconfig holds {content} itself, where a path belongs: give a path, or a dictionary (| from_yaml).")
    parts = [part for part in paths.split(os.pathsep) if part]
    there = [expanded(part) for part in parts if os.path.exists(expanded(part))]
    if not there:
        raise MeshError(f"The kubeconfig {paths} does not exist.{next(filter(None, map(sought, parts)), '')} {_ANOTHER}")
    return Kubeconfig([_known(part) for part in there])


def _known(path: str) -> list[Entry]:
    with _ALONE:
        content, state = read_file(path, "kubeconfig"), os.stat(path)
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        if path not in _KNOWN or _KNOWN[path][0] != stamp:
            _KNOWN[path] = (stamp, list(_read(path, content)))
        return _KNOWN[path][1]


def _read(path: str, content: bytes) -> Iterator[Entry]:
    """Read JSON as such: it is also YAML unless it is indented with tabs."""
    if content.lstrip().startswith(b"{"):
        try:
            return _given(json.loads(content), lambda entry: _completed(path, copy.deepcopy(dict(entry))))
        except ValueError:
            pass  # it may be a YAML mapping in one line
    return _parsed(path, content)


def _parsed(path: str, content: bytes) -> Iterator[Entry]:
    try:
        root = _Loader(content).get_single_node()
    except (yaml.YAMLError, UnicodeError) as error:
        raise _invalid(path) from error
    if not isinstance(root, yaml.MappingNode):
        raise MeshError(f"The kubeconfig {path} is empty, or no kubeconfig: it has no contexts. {_ANOTHER}")
    return _entries(path, root)


def _invalid(path: str) -> MeshError:
    """Return an error without the parser's message, which quotes the bad line and so may hold a key."""
    return MeshError(f"The kubeconfig {path} is not valid YAML. `kubectl config view --kubeconfig {path}` names the line to mend.")


def _entries(path: str, root: Any) -> Iterator[Entry]:
    for title, listed in root.value:
        if title.value in KINDS and isinstance(listed, yaml.SequenceNode):
            for node in listed.value:
                name = _name(node)
                if name is not None:
                    yield title.value, name, partial(_constructed, path, node)


def _name(node: Any) -> str | None:
    names = [value.value for key, value in node.value if key.value == "name"] if isinstance(node, yaml.MappingNode) else []
    return str(names[0]) if names and names[0] else None


def _constructed(path: str, node: Any) -> dict[str, Any]:
    """Construct an entry under a lock, because PyYAML resolves merge keys in the node itself."""
    with _ALONE:
        try:
            return _completed(path, yaml.constructor.SafeConstructor().construct_document(node))
        except (yaml.YAMLError, ValueError) as error:
            raise _invalid(path) from error


def _completed(path: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Resolve the paths of an entry, which are relative to the file."""
    content = entry.get("cluster") or entry.get("user")
    if isinstance(content, dict):
        _absolute(content, Path(path).parent)
    return entry


def _absolute(entry: dict[str, Any], base: Path) -> None:
    for key in _FILES:
        if entry.get(key) and not content_kind(entry[key]):
            entry[key] = str(base / os.path.expanduser(str(entry[key])))
    command = str((entry.get("exec") or {}).get("command") or "")
    if "/" in command:
        entry["exec"]["command"] = str(base / command)
