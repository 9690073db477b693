# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read manifests from YAML and JSON files. No message shows their content, because it may be a Secret's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

from ..._mesh.errors import MeshError, Refused
from ..reach.access import read_file

VAULTED = b"$ANSIBLE_VAULT"
# The types that JSON has too. Dates (2026-01-01) and numbers to base 60 (8080:80) stay text, as in kubectl.
_TYPES = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}
_BASE_60 = re.compile(r"[-+\d_.]+:")
_OCTAL = re.compile(r"[-+]?0o[0-7_]+$")  # the form of YAML 1.2, which kubectl reads


def load(path: str) -> list[dict[str, Any]]:
    """Return every object in the file, and those of a List one by one. Raise Refused for a file that is not valid."""
    return [manifest for number, document in enumerate(_documents(path), 1) if document is not None for manifest in _objects(document, path, number)]


def _documents(path: str) -> list[Any]:
    text = read_file(path, "file of manifests")
    if text.startswith(VAULTED):
        raise Refused(
            f"The file of manifests {path} is encrypted by ansible-vault, and only Ansible can decrypt it: give its content in manifests, "
            "with the lookup ansible.builtin.file."
        )
    if text.lstrip()[:1] == b"{":
        try:
            return [json.loads(text, object_pairs_hook=partial(_unique, path))]
        except ValueError:
            pass  # YAML in flow style, or several documents
    try:
        return list(yaml.load_all(text, Loader=_loader()))
    except (yaml.YAMLError, ValueError) as error:
        raise Refused(f"The file of manifests {path} is not valid YAML{_where(error)}.") from error


def marked(text: bytes) -> Iterator[tuple[dict[str, Any], dict[tuple[Any, ...], int]]]:
    """Yield each object of a file with the lines of its fields, and those of a List one by one. What has no kind, such as values of a chart, is passed over.

    Raise MeshError with its `line` for a file that is not valid.
    """
    try:
        loader = _loader()(text)
        while loader.check_node():
            node = loader.get_node()
            document, lines = loader.construct_document(node), dict(_lines(node, ()))
            for manifest, inside in _inside(document):
                yield manifest, {way[len(inside) :]: line for way, line in lines.items() if way[: len(inside)] == inside}
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise MeshError(f"is not valid YAML{_where(error)}", line=mark.line + 1 if mark else 0) from error


def _lines(node: Any, way: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Yield the line of each field: that of its key, or of the item of a list. YAML counts from 0, people from 1."""
    if not way:
        yield way, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, inner in node.value:
            yield (*way, key.value), key.start_mark.line + 1
            yield from _lines(inner, (*way, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for place, inner in enumerate(node.value):
            yield (*way, place), inner.start_mark.line + 1
            yield from _lines(inner, (*way, place))


def _inside(document: Any) -> Iterator[tuple[dict[str, Any], tuple[Any, ...]]]:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str) or not isinstance(document.get("apiVersion"), str):
        return
    items = document.get("items")
    if not document["kind"].endswith("List") or not isinstance(items, list):
        yield document, ()
        return
    implied = {} if document["kind"] == "List" else {"apiVersion": document["apiVersion"], "kind": document["kind"].removesuffix("List")}
    yield from (({**implied, **item}, ("items", place)) for place, item in enumerate(items) if isinstance(item, dict))


def _unique(path: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if twice := _twice([key for key, _value in pairs]):
        raise Refused(f"The file of manifests {path} is not valid JSON: {twice}.")
    return dict(pairs)


def _twice(keys: list[str]) -> str:
    """Return half a sentence about a repeated key. Otherwise the last value would win unnoticed."""
    again = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
    return "" if again is None else f"the key {again} is given twice"


def _construct_mapping(loader: Any, node: Any, deep: bool = False) -> Any:
    keys = [key for key, _value in node.value if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge"]
    if twice := _twice([key.value for key in keys]):
        raise yaml.constructor.ConstructorError(None, None, twice, node.start_mark)
    return super(type(loader), loader).construct_mapping(node, deep)


@cache
def _loader() -> Any:
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text, octal = ("tag:yaml.org,2002:str", _BASE_60), ("tag:yaml.org,2002:int", _OCTAL)
    resolvers = {first: [text, octal, *(each for each in theirs if each[0] in _TYPES)] for first, theirs in base.yaml_implicit_resolvers.items()}
    constructors = {tag: how for tag, how in base.yaml_constructors.items() if tag is None or tag in _TYPES}
    return type("_Loader", (base,), {"construct_mapping": _construct_mapping, "yaml_implicit_resolvers": resolvers, "yaml_constructors": constructors})


def _where(error: Exception) -> str:
    """Return the place and the kind of error, without quoted content, because a password may begin like an alias or a tag."""
    mark, problem = getattr(error, "problem_mark", None), re.split("[\"']", getattr(error, "problem", None) or "")[0].strip()
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return place + (f": {problem}" if problem else "")


def _objects(document: Any, path: str, number: int) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict):
        raise Refused(f"The file of manifests {path}: document {number} is {'a list' if isinstance(document, list) else 'a single value'}, not a mapping.")
    kind, items = str(document.get("kind") or ""), document.get("items")
    if not kind.endswith("List") or not (isinstance(items, list) or ("items" in document and items is None)):
        yield document
        return
    # Objects in a list of one kind omit apiVersion and kind.
    implied = {} if kind == "List" else {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List")}
    for place, item in enumerate(items or [], 1):
        if not isinstance(item, dict):
            raise Refused(f"The file of manifests {path}: item {place} of the {kind} in document {number} is not a mapping.")
        yield {**implied, **item}
