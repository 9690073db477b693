# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the InstallPlan that a run approves, so that nothing is installed that the inventory does not mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..objects.shapes import Object
from .package import Package
from .seen import OperatorsSeen, space, spec, status

_OVER = ("Complete", "Failed")
_WAITS = "RequiresApproval"


def csvs(plan: Object) -> list[str]:
    return [str(name) for name in spec(plan).get("clusterServiceVersionNames") or ()]


def of_namespace(seen: OperatorsSeen, package: Package, mine: Callable[[str], bool]) -> list[Object]:
    """Return the InstallPlans of the package's namespace that would install something of it, the newest first."""
    here = [plan for plan in seen.plans if space(plan) == package.namespace and any(mine(csv) for csv in csvs(plan))]
    return sorted(here, key=_age, reverse=True)


def _age(plan: Object) -> tuple[Any, ...]:
    return int(spec(plan).get("generation") or 0), str(plan["metadata"].get("creationTimestamp") or ""), str(plan["metadata"]["name"])


def running(plan: Object) -> bool:
    return bool(spec(plan).get("approved")) and status(plan).get("phase") not in _OVER


def waits(plan: Object) -> bool:
    """Return whether a plan waits for approval. One without a phase does not yet: approved before OLM writes its status, it would never get one."""
    return not spec(plan).get("approved") and status(plan).get("phase") == _WAITS


def retries(plan: Object) -> str:
    """Return why OLM has to try a plan again, as it says; empty if it does not."""
    return str(status(plan).get("message") or "")


def strangers(plan: Object, allowed: Iterable[Callable[[str], bool]]) -> list[str]:
    """Return what a plan would install and no package of the inventory means."""
    judges = list(allowed)
    return [csv for csv in csvs(plan) if not any(judge(csv) for judge in judges)]


def chosen(plans: Sequence[Object], referenced: str) -> Object | None:
    """Return the one to approve. Of several alike it is the one that the Subscription refers to, else the newest; the others stay as they are."""
    return next((plan for plan in plans if plan["metadata"]["name"] == referenced and csvs(plan) == csvs(plans[0])), next(iter(plans), None))
