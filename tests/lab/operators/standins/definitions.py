# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CRDs that a cluster serves for the stand-ins: those of the originals from a folder, or small ones of our own, which take every field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from .objects import APPLY, KINDS, Object, Write, condition, name
from .server import Server
from .stage import KINDS_OF


def wanted(plays: Collection[str], folder: Path | None = None) -> list[Object]:
    """Return the CRDs of all kinds with a group of their own that the plays look at."""
    kinds = [KINDS[kind] for play in plays for kind in KINDS_OF.get(play, ())]
    needed = {f"{kind.plural}.{kind.api.partition('/')[0]}": kind.name for kind in kinds if "." in kind.api and not kind.api.startswith("apiextensions")}
    given: dict[str, Object] = {}
    for path in sorted(folder.rglob("*.json")) if folder else ():
        live = json.loads(path.read_text("utf-8"))
        given[name(live)] = live
    return [given.get(crd) or small(kind) for crd, kind in sorted(needed.items())]


def small(kind: str) -> Object:
    known: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": known, "status": known}}
    served = KINDS[kind]
    group, version = served.api.split("/")
    of_version = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    names = {"kind": kind, "plural": served.plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    wide = {"group": group, "scope": "Namespaced" if served.namespaced else "Cluster", "names": names, "versions": [of_version]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{served.plural}.{group}"}, "spec": wide}


async def serve(server: Server, crds: Sequence[Object]) -> None:
    """Write CRDs that are missing, and wait until they are served. One that is there stays as it is."""
    kind = "CustomResourceDefinition"
    have = {name(one) for one in await server.list(kind)}
    for crd in crds:
        if name(crd) not in have:
            await server.write(Write(APPLY, kind, name(crd), body=crd))
    for _try in range(200):
        served = {name(one) for one in await server.list(kind) if condition(one, "Established").get("status") == "True"}
        if {name(crd) for crd in crds} <= served:
            return
        await asyncio.sleep(0.05)
    raise OSError("the API server does not serve the CRDs after 10 s")
