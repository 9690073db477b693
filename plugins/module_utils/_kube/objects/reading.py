# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the live objects of a set with few requests, without listing a large cluster: docs/decisions/0011-reading-sets.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Union

from ..._mesh.errors import Denied, MeshError
from ..._mesh.objects.change import Ref
from .discovery import Kind
from .server import THREADS, Objects, Server, all_or_error, each

# Up to so many objects are read by name. A list may hold so many objects for each wanted one, which costs about as much as a GET.
_BY_NAME, _LISTED_FOR_ONE = 2, 25
# A list costs both sides less than the TLS handshake of another connection, unless there are many lists.
_AT_ONCE, _MANY = 4, 16
# Other objects of these kinds are secret, large or many, so lists of these kinds always select the set's labels.
_ONLY_BY_LABEL = ("Secret", "CustomResourceDefinition", "Pod")
# Labels that a selector can hold. The server refuses all others when they are written.
_PART = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY, _VALUE = re.compile(rf"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?{_PART}"), re.compile(_PART)

Notice = Callable[[Ref, dict[str, Any]], None]
Place = tuple[Union[str, None], str]  # noqa: UP007 - sanity's pylint knows no other


@dataclass(frozen=True)
class _Look:
    """One request: an object by its name, or a list that may contain some of the wanted objects."""

    kind: Kind
    wanted: Mapping[Place, Ref]
    by_name: bool = False
    namespace: str | None = None
    labels: str = ""


def read(server: Server, wishes: Iterable[tuple[Kind, Mapping[str, Any]]], notice: Notice | None = None) -> dict[Ref, dict[str, Any]]:
    """Return the wished objects that exist. A list that is denied or too long becomes narrower, and in the end single reads.

    The thread that has read an object passes it to `notice`, so that work on it starts while other threads wait for answers.
    """
    objects: dict[Ref, dict[str, Any]] = {}
    looks = list(_first(wishes))
    wanted = {ref for look in looks for ref in look.wanted.values()}
    while looks:
        failed: list[MeshError] = []
        later: list[_Look] = []
        threads = _AT_ONCE if len(looks) <= _MANY else THREADS
        for look, seen in zip(looks, each(partial(_seen, server, notice), looks, threads), strict=True):
            if isinstance(seen, Denied) and not look.by_name:
                later += _narrower(look)
            elif isinstance(seen, MeshError):
                failed.append(seen)
            else:
                objects.update({look.wanted[_place(live)]: live for live in seen[0] if _place(live) in look.wanted})
                later += _next(look, objects, complete=seen[1])
        all_or_error(failed)
        looks = list(_without_those_gone(later, wanted, objects))
    return objects


def _place(live: Mapping[str, Any]) -> Place:
    return live["metadata"].get("namespace"), live["metadata"]["name"]


def _seen(server: Server, notice: Notice | None, look: _Look) -> tuple[Objects, bool]:
    objects, complete = _looked(server, look)
    if notice:
        for live in objects:
            if _place(live) in look.wanted:
                notice(look.wanted[_place(live)], live)
    return objects, complete


def _looked(server: Server, look: _Look) -> tuple[Objects, bool]:
    if look.by_name:
        return [live for ref in look.wanted.values() if (live := server.get(ref))], True
    items, complete = server.some(look.kind, look.namespace, look.labels, _LISTED_FOR_ONE * len(look.wanted))
    named = {"apiVersion": look.kind.api_version, "kind": look.kind.kind}
    return [{**item, **named} for item in items if _place(item) in look.wanted], complete


def _first(wishes: Iterable[tuple[Kind, Mapping[str, Any]]]) -> Iterator[_Look]:
    groups: dict[Kind, list[Mapping[str, Any]]] = {}
    for kind, manifest in wishes:
        groups.setdefault(kind, []).append(manifest)
    for kind, manifests in groups.items():
        refs = [Ref.of(manifest) for manifest in manifests]
        # Few clusters have many namespaces, and later requests depend on which of ours are missing.
        labels = "" if kind.kind == "Namespace" else _shared(manifests)
        spaces = {ref.namespace for ref in refs}
        yield from _looks(_Look(kind, {}, namespace=spaces.pop() if len(spaces) == 1 else None, labels=labels), refs)


def _shared(manifests: Sequence[Mapping[str, Any]]) -> str:
    """Return the labels that all manifests share, as a selector."""
    labels_of_all = [labels if isinstance(labels := manifest["metadata"].get("labels"), dict) else {} for manifest in manifests]
    common = [(key, value) for key, value in labels_of_all[0].items() if all(each.get(key) == value for each in labels_of_all[1:])]
    return ",".join(f"{key}={value}" for key, value in common if _KEY.fullmatch(str(key)) and _VALUE.fullmatch(str(value)))


def _looks(like: _Look, refs: Sequence[Ref]) -> Iterator[_Look]:
    if len(refs) > _BY_NAME and (like.labels or like.kind.kind not in _ONLY_BY_LABEL):
        yield replace(like, wanted={(ref.namespace, ref.name): ref for ref in refs})
    else:
        yield from (_Look(like.kind, {(ref.namespace, ref.name): ref}, by_name=True) for ref in refs)


def _next(look: _Look, known: Mapping[Ref, Any], complete: bool) -> Iterator[_Look]:
    """Yield the requests for objects that a list did not contain."""
    missing = {place: ref for place, ref in look.wanted.items() if ref not in known}
    if look.by_name or not missing or (complete and not look.labels):
        return
    left = replace(look, wanted=missing)
    # Somebody may have removed an object's label, or the wish may have a new one.
    yield from _looks(replace(left, labels=""), list(missing.values())) if complete else _narrower(left)


def _narrower(look: _Look) -> Iterator[_Look]:
    refs = list(look.wanted.values())
    spaces = sorted({ref.namespace for ref in refs if ref.namespace})
    if look.namespace or not spaces:
        yield from (_Look(look.kind, {place: ref}, by_name=True) for place, ref in look.wanted.items())
    for space in spaces if not look.namespace else ():
        yield from _looks(replace(look, namespace=space), [ref for ref in refs if ref.namespace == space])


def _without_those_gone(looks: Sequence[_Look], wanted: Iterable[Ref], known: Mapping[Ref, Any]) -> Iterator[_Look]:
    """Drop requests for objects in a namespace that does not exist."""
    open_still = {ref for look in looks for ref in look.wanted.values()}
    gone = {ref.name for ref in wanted if ref.kind == "Namespace" and ref.api_version == "v1" and ref not in known and ref not in open_still}
    for look in looks:
        left = {place: ref for place, ref in look.wanted.items() if ref.namespace not in gone}
        if left:
            yield replace(look, wanted=left)
