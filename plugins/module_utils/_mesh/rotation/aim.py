# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The aim of a rotation in steps: a Secret on the trust cluster from its beginning on, with the values that clusters share. So all clusters go to the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import Refused
from ..lease.lease import NAMESPACE
from ..objects.change import Ref
from ..objects.shapes import Manifest, Object
from ..trust.root_secret import decoded, encoded, labels

_ID, _FINISHED = "meshops.lifecycle/rotation", "meshops.lifecycle/finished"


@dataclass(frozen=True)
class RotationAim:
    """The latest rotation of a kind. `finished` is None while it is under way. `values` are those that clusters share, by `value_name`."""

    id: str
    finished: datetime | None = None
    values: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def under_way(self) -> bool:
        return self.finished is None


def place(mesh: str, kind: str, namespace: str = "") -> Ref:
    return Ref("v1", "Secret", f"{mesh}-rotation-{kind}", namespace or NAMESPACE)


def value_name(secret: str, key: str) -> str:
    return f"{secret}.{key}"


def read(cluster: str, live: Object | None) -> RotationAim | None:
    """Return the aim; None if there never was such a rotation."""
    if live is None:
        return None
    noted = (live["metadata"].get("annotations")) or {}
    try:
        finished = datetime.fromisoformat(noted[_FINISHED]) if noted.get(_FINISHED) else None
        return RotationAim(str(noted[_ID]), finished, {name: decoded(value) for name, value in (live.get("data") or {}).items()})
    except (KeyError, ValueError):
        where, way = f"{cluster}: {Ref.of(live)}", "Find out who changed it, and restore it, or delete it if no rotation is under way"
        raise Refused(f"{where} does not say which rotation it belongs to, or since when it is over. {way}.") from None


def manifest(ref: Ref, mesh: str, aim: RotationAim, noted: Mapping[str, str]) -> Manifest:
    """Return the Secret of a rotation that begins."""
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": labels(mesh), "annotations": {_ID: aim.id, **noted}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": _data(aim)}


def begun(aim: RotationAim, noted: Mapping[str, str]) -> dict[str, Any]:
    """Return the patch by which another rotation begins where one is over."""
    return {"metadata": {"annotations": {_ID: aim.id, _FINISHED: None, **noted}}, "data": _data(aim)}


def over(aim: RotationAim, now: datetime, noted: Mapping[str, str]) -> dict[str, Any]:
    """Return the patch that ends the rotation. The values are in their places, so they need not be kept here."""
    ended = {_FINISHED: now.isoformat(timespec="seconds"), **noted}
    return {"metadata": {"annotations": ended}, "data": dict.fromkeys(aim.values)}


def _data(aim: RotationAim) -> dict[str, str]:
    return {name: encoded(value) for name, value in aim.values.items()}
