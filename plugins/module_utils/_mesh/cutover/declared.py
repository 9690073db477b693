# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planes that an inventory declares as mesh_planes, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..errors import Refused
from ..names import label_fault
from .planes import ALL, BLUE, COLOURS, GREEN, HA, ROLES, SIMPLE, STEPS, Given, OwnHost, Plane, PlaneGateway, Pods, Side, Split

_PLANE = ("role", "profile", "blue", "green", "weights", "splits")
_SIDE = ("revision", "namespace", "version", "values", "pods", "tests", "gateways")
_SPLIT = ("kind", "namespace", "name", "rules", "blue", "green")
_TEST = ("name", "namespace", "labels", "port", "path", "host", "status", "times")


def planes(given: object) -> dict[str, Plane]:
    """All planes of a cluster by name. Refuses what cannot be one, with everything that is wrong."""
    faults, made = _judged(given)
    if faults:
        raise Refused(f"mesh_planes: {'; '.join(faults)}. Mend mesh_planes.")
    return made


def faults(given: object) -> list[str]:
    return _judged(given)[0]


def _judged(given: object) -> tuple[list[str], dict[str, Plane]]:
    if not given:
        return [], {}
    if not isinstance(given, Mapping):
        return ["it is no dictionary of planes by name"], {}
    wrong: list[str] = []
    made: dict[str, Plane] = {}
    for name, one in given.items():
        try:
            made[str(name)] = plane(str(name), one)
        except Refused as refused:
            wrong.append(str(refused))
    return [*wrong, *_shared(list(made.values()))], made


def _shared(known: Sequence[Plane]) -> list[str]:
    """A revision or a gateway that serves two colours could not be exchanged in one without the other, and an object cannot follow two planes' steps."""
    return [
        *_twice([(f"the revision {side.revision}", one.name) for one in known for side in one.sides.values()]),
        *_twice([(gateway.where, f"{one.name}.{side.colour}") for one in known for side in one.sides.values() for gateway in side.gateways]),
        *_twice([(split.where, one.name) for one in known for split in one.splits if not split.rules]),
    ]


def _twice(uses: Sequence[tuple[str, str]]) -> list[str]:
    places: dict[str, list[str]] = {}
    for what, where in uses:
        places.setdefault(what, []).append(where)
    return [f"{what} is declared {len(where)} times ({', '.join(where)}), and it can have one place" for what, where in places.items() if len(where) > 1]


def plane(name: str, given: object) -> Plane:
    """One plane, as it is declared. Refuses with half a sentence that begins with its name."""
    told = _mapping(name, given, _PLANE)
    role = told.get("role") or name
    sides = {colour: _side(f"{name}.{colour}", colour, told[colour]) for colour in COLOURS if told.get(colour)}
    profile = told.get("profile") or (HA if len(sides) > 1 else SIMPLE)
    splits = tuple(_split(f"{name}.splits[{number}]", one) for number, one in enumerate(_list(f"{name}.splits", told.get("splits"))))
    misnamed = label_fault("plane", name)
    wrong = [
        *([f"{name}: {misnamed}"] if misnamed else []),
        *([] if role in ROLES else [f"{name}: the role {role!r} is none of {', '.join(ROLES)}"]),
        *_profile(name, profile, sides, splits),
        *_fleeting(name, sides, splits),
    ]
    if wrong:
        raise Refused("; ".join(wrong))
    return Plane(name, role, profile, sides, _weights(name, told.get("weights")), splits)


def _fleeting(name: str, sides: Mapping[str, Side], splits: Collection[Split]) -> list[str]:
    """Pods that come back have other addresses than the slice that somebody wrote."""
    named = [split.where for split in splits if split.kind == "EndpointSlice"] if any(side.gateways for side in sides.values()) else []
    return [f"{name}: {named[0]} names addresses, and pods that a gateway gets back have other ones; remove gateways"] if named else []


def _profile(name: str, profile: str, sides: Collection[str], splits: Collection[Split]) -> list[str]:
    if profile not in (SIMPLE, HA):
        return [f"{name}: the profile {profile!r} is neither {SIMPLE} nor {HA}"]
    if not sides:
        return [f"{name}: it has no control plane; declare {BLUE}"]
    if profile == HA and len(sides) < len(COLOURS):
        return [f"{name}: with the profile {HA} it needs both {BLUE} and {GREEN}"]
    if profile == SIMPLE and len(sides) > 1:
        return [f"{name}: with the profile {SIMPLE} it has one control plane, and {BLUE} and {GREEN} are declared"]
    return [f"{name}: with the profile {SIMPLE} nothing splits its traffic; remove splits"] if profile == SIMPLE and splits else []


def _weights(name: str, given: object) -> tuple[int, ...]:
    steps = _list(f"{name}.weights", given) or list(STEPS)
    whole = all(isinstance(one, int) and not isinstance(one, bool) and 0 < one <= ALL for one in steps)
    if not whole or sorted(set(steps)) != steps or steps[-1] != ALL:
        raise Refused(f"{name}: weights {steps} are no growing numbers from 1 to {ALL} that end with {ALL}")
    return tuple(steps)


def _side(where: str, colour: str, given: object) -> Side:
    told = _mapping(where, given, _SIDE)
    if fault := label_fault("revision", told.get("revision")):
        raise Refused(f"{where}: {fault}")
    tests = tuple(_test(f"{where}.tests[{number}]", one) for number, one in enumerate(_list(f"{where}.tests", told.get("tests"))))
    pods = _pods(f"{where}.pods", _mapping(f"{where}.pods", told["pods"], ("namespace", "labels"))) if told.get("pods") else None
    values = told.get("values") or {}
    doors = tuple(_entrance(f"{where}.gateways[{number}]", one) for number, one in enumerate(_list(f"{where}.gateways", told.get("gateways"))))
    return Side(colour, told["revision"], told.get("namespace") or "", str(told.get("version") or ""), values, pods, tests, doors)


def _entrance(where: str, given: object) -> PlaneGateway:
    told = _mapping(where, given, ("namespace", "name"))
    if missing := [key for key in ("namespace", "name") if not told.get(key)]:
        raise Refused(f"{where}: {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing")
    return PlaneGateway(str(told["namespace"]), str(told["name"]))


def _split(where: str, given: object) -> Split:
    told = _mapping(where, given, _SPLIT)
    missing = [key for key in ("kind", "namespace", "name") if not told.get(key) and not (key == "name" and _names_both(told))]
    ends = {colour: told.get(colour) for colour in COLOURS}
    missing += [colour for colour, fields in ends.items() if not isinstance(fields, Mapping) or not fields]
    if missing:
        raise Refused(f"{where}: {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing")
    if ends[BLUE] == ends[GREEN]:
        raise Refused(f"{where}: {BLUE} and {GREEN} name the same destination")
    rules = tuple(str(rule) for rule in _list(f"{where}.rules", told.get("rules")))
    return Split(told["kind"], told["namespace"], told.get("name") or "", {colour: dict(fields or {}) for colour, fields in ends.items()}, rules)


def _names_both(told: Given) -> bool:
    """Of some kinds each colour has an object of its own, and the split no name."""
    return all(isinstance(told.get(colour), Mapping) and told[colour].get("name") for colour in COLOURS)


def _test(where: str, given: object) -> OwnHost:
    told = _mapping(where, given, _TEST)
    if not isinstance(told.get("port"), int):
        raise Refused(f"{where}: port is missing")
    more = {key: told[key] for key in ("host", "path", "status", "times", "name") if key in told}
    return OwnHost(_pods(where, told), told["port"], **more)


def _pods(where: str, told: Given) -> Pods:
    if not told.get("namespace") or not isinstance(told.get("labels"), Mapping) or not told["labels"]:
        raise Refused(f"{where}: it needs a namespace and labels")
    return Pods(told["namespace"], {str(key): str(value) for key, value in told["labels"].items()})


def _mapping(where: str, given: object, known: Sequence[str]) -> Given:
    if not isinstance(given, Mapping):
        raise Refused(f"{where}: it is no dictionary")
    strange = sorted(str(key) for key in given if key not in known)
    if strange:
        raise Refused(f"{where}: it has the unknown keys {', '.join(strange)} (known keys are {', '.join(known)})")
    return given


def _list(where: str, given: object) -> list[Any]:
    if given is None or given == "":
        return []
    if not isinstance(given, list | tuple):
        raise Refused(f"{where}: it is no list")
    return list(given)
