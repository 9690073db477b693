# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Secret holds while its values are drawn anew: the next ones beside those in use, until they take their place. Annotations name the rotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..objects.shapes import Object
from ..trust.prepared import CERTIFICATE, KEY, PreparedSecret
from ..trust.root_secret import decoded, encoded
from .stepped import NEXT

OUTSIDE, BESIDE, SETTLED = "outside", "beside", "settled"


def keys(one: PreparedSecret) -> Sequence[str]:
    """Return the keys of the Secret that get another value."""
    return [*(drawn.key for drawn in one.drawn), *((CERTIFICATE, KEY) if one.signed else ())]


def standing(live: Object, kind: str, aim: str) -> str:
    """Return how far a Secret is on its way to the values of the rotation with the identifier `aim`."""
    noted = live["metadata"].get("annotations") or {}
    if noted.get(_renewed(kind)) == aim:
        return SETTLED
    return BESIDE if noted.get(_renewing(kind)) == aim else OUTSIDE


def beside(values: Mapping[str, bytes], kind: str, aim: str, noted: Mapping[str, str]) -> dict[str, Any]:
    """Return the patch that puts the next values beside those in use."""
    data = {f"{key}{NEXT}": encoded(value) for key, value in values.items()}
    return {"metadata": {"annotations": {_renewing(kind): aim, **noted}}, "data": data}


def in_place(one: PreparedSecret, live: Object, kind: str, aim: str, noted: Mapping[str, str]) -> dict[str, Any]:
    """Return the patch that puts the next values in the place of those in use, all at once."""
    data: dict[str, str | None] = {}
    for key in keys(one):
        data |= {key: live["data"][f"{key}{NEXT}"], f"{key}{NEXT}": None}
    return {"metadata": {"annotations": {_renewed(kind): aim, _renewing(kind): None, **noted}}, "data": data}


def reissued(values: Mapping[str, bytes], kind: str, aim: str, step: str, noted: Mapping[str, str]) -> dict[str, Any]:
    """Return the patch that puts another certificate, and what is to be trusted, in the place of those in use."""
    return {"metadata": {"annotations": {_renewed(kind): f"{aim}.{step}", **noted}}, "data": {key: encoded(value) for key, value in values.items()}}


def wanted(live: Object | None, key: str) -> bytes:
    """Return the value with which a rotation ends: the next one, or the one in use if there is no next one."""
    data = (live or {}).get("data") or {}
    return decoded(data.get(f"{key}{NEXT}") or data.get(key))


def is_settled(live: Object | None, key: str) -> bool:
    """Tell whether the value in use is the one with which the rotation ends."""
    return f"{key}{NEXT}" not in ((live or {}).get("data") or {})


def rotation_of(live: Object | None, kind: str) -> str:
    """Return the rotation that put the value in use in its place; empty if none of this kind did."""
    return str(((live or {}).get("metadata") or {}).get("annotations", {}).get(_renewed(kind)) or "")


def whole(mark: str) -> str:
    """Return the rotation that a step of it marked."""
    return mark.partition(".")[0]


def is_of(mark: str, step: str) -> bool:
    """Tell whether a step of a rotation left the mark."""
    return mark.partition(".")[2] == step


def template_marks(live: Object, kind: str) -> str:
    """Return the rotation for which the pods of a workload restart; empty if they do not restart for one."""
    template = ((live.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return str((template.get("annotations") or {}).get(_renewed(kind)) or "")


def marked(kind: str, aim: str) -> dict[str, Any]:
    """Return the patch of a workload by which its pods restart for a rotation."""
    return {"spec": {"template": {"metadata": {"annotations": {_renewed(kind): aim}}}}}


def noting(kind: str, aim: str) -> dict[str, Any]:
    """Return the patch that notes a rotation on an object, and restarts nothing."""
    return {"metadata": {"annotations": {_renewed(kind): aim}}}


def _renewing(kind: str) -> str:
    return f"meshops.lifecycle/renewing-{kind}"


def _renewed(kind: str) -> str:
    return f"meshops.lifecycle/renewed-{kind}"
