# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OperatorGroups, and the copies of a version in each namespace that an operator serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..objects import Object, Write, condition, create, delete, made, name, space, spec, stamp, status, to_status, with_conditions
from .seen import COPIED, Seen

MULTIPLE = "MultipleOperatorGroup"


def turn(seen: Seen) -> Iterator[Write]:
    yield from _groups(seen)
    yield from _copies(seen)


def _groups(seen: Seen) -> Iterator[Write]:
    """OLM pkg/controller/operators/olm/operatorgroup.go: all namespaces are one empty name."""
    for live in seen.groups:
        wanted = list(spec(live).get("targetNamespaces") or [""])
        several = condition(live, MULTIPLE)
        if bool(several) != (len(seen.groups) > 1):
            told = [{"type": MULTIPLE, "status": "True", "reason": "MultipleOperatorGroupsFound", "lastTransitionTime": stamp(seen.now),
                     "message": "Multiple OperatorGroup found in the same namespace"}]  # fmt: skip
            yield to_status(live, conditions=with_conditions(live, *([] if several else told), without=[MULTIPLE] if several else []))
        elif status(live).get("namespaces") != wanted:
            yield to_status(live, namespaces=wanted, lastUpdated=stamp(seen.now))


def _copies(seen: Seen) -> Iterator[Write]:
    """OLM, ensureCSVsInNamespaces: reason Copied, and the phase as it was when the copy was written, so a little behind."""
    wanted = {(place, name(live)): live for live in seen.csvs for place in _targets(seen, live)}
    have = {(space(one), name(one)): one for one in seen.copies}
    yield from (delete(one) for key, one in have.items() if key not in wanted)
    for (place, csv), live in wanted.items():
        copy = have.get((place, csv))
        if copy is None:
            yield create(_copy(live, place))
        elif status(copy).get("phase") != status(live).get("phase"):
            yield to_status(copy, **_status(live))


def _targets(seen: Seen, live: Object) -> list[str]:
    targets = (live["metadata"].get("annotations") or {}).get("olm.targetNamespaces")
    if targets is None or len(seen.groups) != 1:
        return [space(one) for one in seen.copies if name(one) == name(live)]  # as they are
    return [one for one in (targets.split(",") if targets else seen.namespaces) if one != seen.namespace and one in seen.namespaces]


def _copy(live: Object, place: str) -> Object:
    meta = live["metadata"]
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if not key.startswith("operators.coreos.com/")}
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != "olm.targetNamespaces"}
    return made("ClusterServiceVersion", name(live), place, spec(live), labels={**labels, COPIED: space(live)}, annotations=annotations)


def _status(live: Object) -> dict[str, Any]:
    message = f"The operator is running in {space(live)} but is managing this namespace"
    return {**status(live), "reason": "Copied", "message": message}
