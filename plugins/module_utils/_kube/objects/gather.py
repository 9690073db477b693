# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read many objects by name with few requests: one LIST for several objects of a kind in a namespace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Union

from ..._mesh.errors import Denied, MeshError
from ..._mesh.objects.change import Ref
from .server import Server, each

# Listing all objects of these kinds to get a few would cost more than it saves.
ONE_BY_ONE = ("Secret", "CustomResourceDefinition", "Pod")
_FEW = 3
ObjectsByRef = dict[Ref, Union[dict[str, Any], MeshError, None]]  # noqa: UP007 - sanity's pylint knows no other
_Place = tuple[str, str, Union[str, None]]  # noqa: UP007 - sanity's pylint knows no other


def gather(server: Server, refs: Iterable[Ref], within: float | None = None) -> ObjectsByRef:
    """Return each object by its ref: None if it does not exist, an error if reading failed. `within` is in seconds."""
    places: dict[_Place, list[Ref]] = {}
    for ref in dict.fromkeys(refs):
        places.setdefault((ref.api_version, ref.kind, ref.namespace), []).append(ref)
    many = [here for place, here in places.items() if len(here) > _FEW and place[1] not in ONE_BY_ONE]
    results: ObjectsByRef = {}
    for here, result in zip(many, each(partial(_listed, server, within), many), strict=True):
        # A credential that may not list may still get: narrow roles often name the objects.
        if not isinstance(result, Denied):
            results.update(dict.fromkeys(here, result) if isinstance(result, MeshError) else result)
    singles = [ref for here in places.values() for ref in here if ref not in results]
    results.update(zip(singles, each(partial(server.get, within=within), singles), strict=True))
    return results


def _listed(server: Server, within: float | None, refs: list[Ref]) -> ObjectsByRef:
    first = refs[0]
    kind = server.discovery.find(first.api_version, first.kind)
    if kind is None:
        return dict.fromkeys(refs)
    server.path(first, kind)
    there = {live["metadata"]["name"]: live for live in server.list(first.api_version, first.kind, first.namespace, within=within)}
    return {ref: there.get(ref.name) for ref in refs}
