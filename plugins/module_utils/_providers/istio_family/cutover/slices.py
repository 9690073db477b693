# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Service without a selector, and an EndpointSlice for each colour of a plane: a colour is in or out, and both may be in.

A Service cannot select pods of two namespaces, so planes in namespaces of their own share an entrance like this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...._mesh.cutover.planes import ALL, COLOURS, GREEN, Split
from ...._mesh.cutover.shifts import Weighed
from ...._mesh.cutover.write import PATCH, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.shapes import Object

KIND = "EndpointSlice"
_BOTH = 50


def refs(split: Split) -> dict[str, Ref]:
    """The slice of each colour."""
    return {colour: Ref("discovery.k8s.io/v1", KIND, str(split.ends[colour].get("name")), split.namespace) for colour in COLOURS}


def weigh(split: Split, live: Mapping[str, Object]) -> Weighed:
    missing = [str(ref) for colour, ref in refs(split).items() if colour not in live]
    if missing:
        return Weighed(split.where, fault=f"lacks {' and '.join(missing)}", coarse=True)
    if empty := [str(ref) for colour, ref in refs(split).items() if not live[colour].get("endpoints")]:
        return Weighed(split.where, fault=f"names nobody who could serve in {' and '.join(empty)}", coarse=True)
    serving = [colour for colour in COLOURS if _in(live[colour])]
    keeper = next((keeper for colour in COLOURS if (keeper := managed_by(live[colour]).writer)), "")
    if not serving:
        return Weighed(split.where, fault="has no endpoint that is ready", coarse=True)
    return Weighed(split.where, _BOTH if len(serving) > 1 else ALL if serving == [GREEN] else 0, keeper=keeper, coarse=True)


def shifted(split: Split, live: Mapping[str, Object], colour: str, share: int) -> list[Write]:
    """Whoever is to serve comes in before the other leaves, so that somebody always serves."""
    serves = {one: bool(share if one == colour else ALL - share) for one in COLOURS}
    order = sorted(COLOURS, key=lambda one: not serves[one])
    return [_write(split, live[one], one, serves[one]) for one in order if _in(live[one]) != serves[one]]


def _in(live: Object) -> bool:
    """What an endpoint does not say, it is."""
    return any(_ready(endpoint) for endpoint in live.get("endpoints") or ())


def _ready(endpoint: Object) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False


def _write(split: Split, live: Object, colour: str, ready: bool) -> Write:
    endpoints: Sequence[Object] = live.get("endpoints") or ()
    changed = [{**endpoint, "conditions": {**(endpoint.get("conditions") or {}), "ready": ready}} for endpoint in endpoints]
    return Write(PATCH, refs(split)[colour], {"endpoints": changed}, live)
