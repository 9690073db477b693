# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make figures of single runs: requests in an audit log, medians, percentiles, scaling. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
# Asked by POST, but nothing is stored.
QUESTIONS = {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews", "tokenreviews"}
MOSTLY = 95


@dataclass(frozen=True)
class Requests:
    """What one run asked of the API server. `writes` counts attempts, also those that changed nothing."""

    total: int
    writes: int


@dataclass(frozen=True)
class Run:
    """One run of one contestant. Wall and CPU in seconds, the largest process in MiB, full pushes of an istiod that watched.

    `each`: over how many of what is compared one by one. `lag`: seconds from the last change to the verdict.
    """

    wall: float
    cpu: float
    requests: float
    writes: float
    memory: float = 0.0
    pushes: float = 0.0
    each: int = 1
    lag: float = 0.0


@dataclass(frozen=True)
class Summary:
    """All runs of one contestant. `memory` is that of the largest process, `tree` of all together; both in MiB, `tree` 0 where nobody looked.

    `lag` is its 95th percentile.
    """

    runs: int
    wall: float
    wall_p95: float
    cpu: float
    cpu_p95: float
    requests: float
    writes: float
    memory: float
    pushes: float = 0.0
    tree: float = 0.0
    each: int = 1
    lag: float = 0.0


def count(lines: Iterable[str], user: str) -> Requests:
    """Count the requests of one user in an audit log, without those under impersonation. A request that was logged at several stages counts once."""
    seen: dict[str, bool] = {}
    for line in lines:
        event = json.loads(line)
        if event["user"]["username"] == user and "impersonatedUser" not in event:
            seen[event["auditID"]] = _writes(event)
    return Requests(len(seen), sum(seen.values()))


def _writes(event: dict[str, object]) -> bool:
    about = event.get("objectRef")
    resource = about.get("resource") if isinstance(about, dict) else None
    return event["verb"] in WRITES and resource not in QUESTIONS and "dryRun=All" not in str(event["requestURI"])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` percent of all do not exceed (nearest rank): a value that was really seen."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def summary(runs: Sequence[Run], tree: float = 0.0) -> Summary:
    walls, cpus = [run.wall for run in runs], [run.cpu for run in runs]
    return Summary(len(runs), median(walls), percentile(walls, MOSTLY), median(cpus), percentile(cpus, MOSTLY),
                   median(run.requests for run in runs), median(run.writes for run in runs), max(run.memory for run in runs),
                   median(run.pushes for run in runs), tree, runs[0].each, percentile([run.lag for run in runs], MOSTLY))


def scaled(run: Run, startup: Run, factor: float) -> Run:
    """Scale a run up to so many times the items. The time before the first item counts once."""
    return replace(run, wall=_grown(run.wall, startup.wall, factor), cpu=_grown(run.cpu, startup.cpu, factor), requests=run.requests * factor,
                   writes=run.writes * factor, pushes=run.pushes * factor)


def _grown(whole: float, fixed: float, factor: float) -> float:
    return fixed + max(0.0, whole - fixed) * factor


def there_and_back(names: Sequence[str], rounds: int) -> list[list[str]]:
    """The order A-B-B-A: every second round runs backwards, so that no contestant always finds a warm machine."""
    return [list(names) if number % 2 == 0 else list(reversed(names)) for number in range(rounds)]
