# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Weights in the objects that lead traffic: what they give each colour of a plane, and the patch that gives another share.

Their lists of rules are atomic, so a server-side apply would take all rules over from whoever wrote them. The patch holds the list as it was read,
with other weights, and the server takes it only if nobody changed the object since.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...._mesh.cutover.planes import ALL, BLUE, COLOURS, GREEN, Split, other
from ...._mesh.cutover.shifts import Weighed
from ...._mesh.cutover.write import PATCH, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.shapes import Manifest, Object

Backends = list[Manifest]


@dataclass(frozen=True)
class Rule:
    """Destinations of one rule. `put` gives the rule other ones."""

    name: str
    backends: Backends
    put: Callable[[Backends], None]


@dataclass(frozen=True)
class Shape:
    """Where a kind has its weights. `inside` holds the fields of a destination; `unset` is the weight of one that names none.

    Where a weight of 0 means as much as none, the destination itself `leaves` if it is to get nothing.
    """

    api_version: str
    rules: Callable[[Manifest], Iterator[Rule]]
    inside: str = ""
    unset: int = 0
    leaves: bool = False


def _listed(holder: Manifest, key: str, name: str = "") -> Rule:
    return Rule(name, list(holder.get(key) or []), lambda backends: holder.update({key: backends}))


def _virtual_service(spec: Manifest) -> Iterator[Rule]:
    for part in ("http", "tls", "tcp"):
        yield from (_listed(rule, "route", str(rule.get("name") or "")) for rule in spec.get(part) or [])


def _gateway_api(spec: Manifest) -> Iterator[Rule]:
    yield from (_listed(rule, "backendRefs", str(rule.get("name") or "")) for rule in spec.get("rules") or [])


def _service_entry(spec: Manifest) -> Iterator[Rule]:
    yield _listed(spec, "endpoints")


def _openshift(spec: Manifest) -> Iterator[Rule]:
    backends = [spec["to"], *(spec.get("alternateBackends") or [])]
    yield Rule("", backends, lambda changed: spec.update({"to": changed[0], "alternateBackends": changed[1:]}))


SHAPES = {
    "VirtualService": Shape("networking.istio.io/v1", _virtual_service, inside="destination"),
    "HTTPRoute": Shape("gateway.networking.k8s.io/v1", _gateway_api, unset=1),
    "GRPCRoute": Shape("gateway.networking.k8s.io/v1", _gateway_api, unset=1),
    "ServiceEntry": Shape("networking.istio.io/v1", _service_entry, unset=1, leaves=True),
    "Route": Shape("route.openshift.io/v1", _openshift, unset=ALL),
}


class _Fault(Exception):
    """Half a sentence about an object that leaves the share in doubt."""


def ref(split: Split) -> Ref:
    return Ref(SHAPES[split.kind].api_version, split.kind, split.name, split.namespace)


def weigh(split: Split, live: Object | None) -> Weighed:
    if live is None:
        return Weighed(split.where, fault="does not exist")
    try:
        shares = {_share(split, rule) for rule in _carrying(split, live["spec"])}
        if len(shares) > 1:
            said = " and ".join(str(share) for share in sorted(shares))
            raise _Fault(f"has rules that give {GREEN} {said} percent; name those that carry the plane's traffic as rules")
    except _Fault as fault:
        return Weighed(split.where, fault=str(fault))
    return Weighed(split.where, shares.pop(), keeper=managed_by(live).writer)


def shifted(split: Split, live: Object, colour: str, share: int) -> list[Write]:
    """The one write that gives a colour this share of all its rules; none if they give it already."""
    changed = copy.deepcopy(dict(live["spec"]))
    for rule in _carrying(split, changed):
        rule.put(_given(split, rule.backends, {colour: share, other(colour): ALL - share}))
    body = {key: value for key, value in changed.items() if value != live["spec"].get(key)}
    return [Write(PATCH, ref(split), {"spec": body}, live)] if body else []


def _carrying(split: Split, spec: Any) -> list[Rule]:
    """The rules that carry the plane's traffic: those that are named, or those that lead to a colour."""
    rules = list(SHAPES[split.kind].rules(spec))
    if missing := set(split.rules) - {rule.name for rule in rules}:
        raise _Fault(f"has no rule {', '.join(sorted(missing))}")
    chosen = [rule for rule in rules if rule.name in split.rules] if split.rules else rules
    carrying = [rule for rule in chosen if any(_ends(split, rule.backends).values())]
    if not carrying or (split.rules and len(carrying) < len(chosen)):
        raise _Fault(f"has no rule that leads to {BLUE} or {GREEN}" if not carrying else f"has a named rule that leads to neither {BLUE} nor {GREEN}")
    return carrying


def _share(split: Split, rule: Rule) -> int:
    """What a rule gives green. A share below one percent is no zero, and one above 99 not everything."""
    ends, shape = _ends(split, rule.backends), SHAPES[split.kind]
    weights = {colour: sum(_weight(one, shape) for one in backends) for colour, backends in ends.items()}
    if any(len(backends) > 1 for backends in ends.values()):
        raise _Fault("names a destination twice in a rule")
    if any(_weight(one, shape) for one in rule.backends if not _colour(one, ends)) and len(rule.backends) > 1:
        raise _Fault(f"also leads to others than {BLUE} and {GREEN}")
    if len(rule.backends) == 1:
        return ALL if ends[GREEN] else 0
    if not sum(weights.values()):
        raise _Fault("gives nobody any weight")
    share = round(ALL * weights[GREEN] / sum(weights.values()))
    return max(share, 1) if weights[GREEN] and share < ALL else min(share, ALL - 1) if weights[BLUE] and weights[GREEN] else share


def _weight(backend: Object, shape: Shape) -> int:
    weight = backend.get("weight")
    return shape.unset if weight is None or (shape.leaves and not weight) else int(weight)


def _ends(split: Split, backends: Backends) -> dict[str, Backends]:
    """The destinations of a rule by colour."""
    inside = SHAPES[split.kind].inside
    return {colour: [one for one in backends if _holds(one.get(inside) if inside else one, split.ends[colour])] for colour in COLOURS}


def _colour(backend: Object, ends: Mapping[str, Backends]) -> str:
    """Whose destination it is; empty if it is somebody else's."""
    return next((colour for colour in COLOURS if backend in ends[colour]), "")


def _holds(live: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(_holds(live.get(key), value) for key, value in wanted.items())
    return bool(live == wanted)


def _given(split: Split, backends: Backends, weights: Mapping[str, int]) -> Backends:
    """Both destinations with their weights; one that is missing is made like the other. One of somebody else's that gets nothing stays as it is."""
    shape, ends = SHAPES[split.kind], _ends(split, backends)
    kept = [{**one, "weight": weights[colour]} if (colour := _colour(one, ends)) else one for one in backends]
    kept += [{**_alike(split, ends[other(colour)][0], colour), "weight": weights[colour]} for colour in COLOURS if not ends[colour]]
    return [one for one in kept if one.get("weight")] if shape.leaves else kept


def _alike(split: Split, backend: Manifest, colour: str) -> Manifest:
    """A destination of this colour that is otherwise like that of the other colour."""
    made, inside = copy.deepcopy(backend), SHAPES[split.kind].inside
    fields = made[inside] if inside else made
    for key in split.ends[other(colour)]:
        fields.pop(key, None)
    fields.update(copy.deepcopy(dict(split.ends[colour])))
    return made
