# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the objects of an operator's installation say, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..objects.shapes import Object

_LONGEST = 400
_MET = ("Present", "PresentNotSatisfied")
# Conditions that are True only if something is wrong, and whether it can end well by itself.
_TROUBLES = {
    "BundleUnpackFailed": ("its bundle could not be unpacked", False),
    "InstallPlanFailed": ("its InstallPlan failed", False),
    "ResolutionFailed": ("nothing fits together in its namespace", True),
    "CatalogSourcesUnhealthy": ("a catalogue is unhealthy", True),
    "InstallPlanMissing": ("its InstallPlan is gone", True),
}


def brief(text: object) -> str:
    line = " ".join(str(text or "").split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def condition(live: Object, kind: str) -> Mapping[str, Any]:
    found = ((live.get("status") or {}).get("conditions")) or ()
    return next((one for one in found if one.get("type") == kind), {})


def because(one: Mapping[str, Any]) -> str:
    """Return reason and message of a condition, in brackets; empty if it gives none."""
    said = ": ".join(brief(one[key]) for key in ("reason", "message") if one.get(key))
    return f" ({said})" if said else ""


def troubles(subscription: Object) -> Iterator[tuple[str, bool]]:
    """Yield what is wrong with a Subscription, as half a sentence, the worst first, and whether it may heal by itself."""
    for kind, (said, heals) in _TROUBLES.items():
        if (one := condition(subscription, kind)).get("status") == "True":
            yield f"{said}: {kind}{because(one)}", heals


def csv_state(csv: Object) -> str:
    """Return the phase of a ClusterServiceVersion, with its reason and what it lacks."""
    status = csv.get("status") or {}
    lacks = [
        f"{one.get('kind')} {one.get('name')}" for one in status.get("requirementStatus") or () if one.get("status") not in _MET
    ]
    said = because(status) + (f"; it lacks {', '.join(lacks[:5])}" if lacks and status.get("reason") == "RequirementsNotMet" else "")
    if len(before := _failures(csv)) > 1 and status.get("phase") != "Failed":
        said += f"; it has failed {len(before)} times{because(before[-1])}"
    return f"ClusterServiceVersion {csv['metadata']['name']} is {status.get('phase') or 'new'}{said}"


def ails(csv: Object) -> bool:
    """Return whether a ClusterServiceVersion is in a state that ends well soon or not at all.

    OLM tries an install that failed again and again, and between two tries the version is not Failed.
    """
    status = csv.get("status") or {}
    return status.get("phase") == "Failed" or status.get("reason") == "RequirementsNotMet" or len(_failures(csv)) > 1


def _failures(csv: Object) -> list[Mapping[str, Any]]:
    """Return how a version failed since it last succeeded, the oldest first. A lost Deployment fails it once, and the next install mends that."""
    said: list[Mapping[str, Any]] = list((csv.get("status") or {}).get("conditions") or ())
    good = max((at for at, one in enumerate(said) if one.get("phase") == "Succeeded"), default=-1)
    return [one for one in said[good + 1 :] if one.get("phase") == "Failed"]


def failed_plan(plan: Object) -> str:
    return because(next((one for one in (plan.get("status") or {}).get("conditions") or () if one.get("status") == "False"), {}))
