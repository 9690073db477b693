# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do one step of a rotation in one cluster: decide, write once, and watch until everything in the cluster follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..._mesh.errors import MeshError, NotReady, Refused
from ..._mesh.objects.change import Change
from ..._mesh.rotation.observed import Observed
from ..._mesh.rotation.plan import INTRODUCE, RETIRED, Report, beyond_introduction, company, phase, wish
from ..._mesh.rotation.remedies import Need, Remedy, stuck
from ..._mesh.rotation.report import report
from ..._mesh.rotation.trust_users import Laggard, behind
from ..._mesh.trust.certificate import short
from ..._mesh.trust.standing import Standing
from ..follow import Pace, follow
from ..restart import restart, why_held_back
from . import driven
from .observe import observe
from .watch import Watch
from .write import StepWork, rewrite, trail

# Who waits for a rotation learns within a pause and a look that it is through.
_PACE, _AGAIN = Pace(0.3, 1.0), 15.0


def advance(work: StepWork, now: datetime) -> Observed:
    """Do the step and return the cluster without laggards."""
    if work.mesh.driven_rotation:
        return driven.advance(work, work.mesh.driven_rotation, now)
    watch = Watch(work.cluster, work.mesh, work.namespace, work.clock, work.stale, work.primary, work.request.target)
    seen = watch.observe()
    own = report(seen, work.stale)
    if work.request.step == INTRODUCE and beyond_introduction(own.standing, work.dead):
        return seen
    written = trail(work, work.primary, seen, now) if work.primary else _ask(work, seen, own, now)
    return seen if work.cluster.dry_run else _follow(work, watch, written)


def _ask(work: StepWork, seen: Observed, own: Report, now: datetime) -> bool:
    step, marks = work.request.step, bool(work.mesh.rotation.rules.mark)
    asked = wish(step, own.standing, company(own, [own, *work.others]), work.request.target, work.stale, work.dead, work.request.leaving, marks)
    if asked:
        rewrite(work, seen, asked, now)
    if asked and not work.cluster.dry_run:
        for remedy in _due(work, Need(seen.users, seen.planes, written=True)):
            _remedy(work, remedy)
    return asked is not None


def _follow(work: StepWork, watch: Watch, written: bool) -> Observed:
    """Watch until nothing lags. Try a remedy as soon as it is due, and try it again after a while if it did not help."""
    last = 0.0 if written else -_AGAIN

    def look() -> tuple[Observed, Sequence[Laggard]]:
        seen = watch.observe()
        return seen, seen.laggards(stale=work.stale)

    def hopeless(seen: tuple[Observed, Sequence[Laggard]], elapsed: float) -> NotReady | None:
        lost = stuck(seen[1], work.request.may_restart)
        return _late(work, lost, elapsed, True) if lost else None

    def remedy(seen: tuple[Observed, Sequence[Laggard]], elapsed: float) -> None:
        nonlocal last
        may_restart, down = work.request.may_restart, work.request.recover
        due = _due(work, Need(seen[0].users, seen[0].planes, seen[1], elapsed, may_restart, down))
        again = elapsed - last >= _AGAIN
        if again:
            last = elapsed
            work.held_back.clear()
        for each in due if again else [one for one in due if one not in work.tried]:
            _remedy(work, each)

    return follow(
        look,
        done=lambda seen: not seen[1],
        late=lambda seen, elapsed: _late(work, seen[1], elapsed, False),
        timeout=work.request.timeout,
        keep=work.keep,
        hopeless=hopeless,
        remedy=remedy,
        waits=lambda seen: behind(seen[0].users, seen[1]),
        pace=_PACE,
        clock=work.clock,
    )[0]


def _due(work: StepWork, need: Need) -> list[Remedy]:
    moment = work.clock.now().isoformat(timespec="milliseconds")
    return work.mesh.rotation.remedies(need, work.namespace, moment)


def _remedy(work: StepWork, remedy: Remedy) -> None:
    """Try a remedy. The next observation shows what it did not help; only a lost Lease ends the step."""
    work.guard()
    work.tried.add(remedy)
    if remedy.rolled:
        if str(remedy) not in work.mended:
            _restart(work, remedy)
        return
    live = work.cluster.get(remedy.ref)
    try:
        if live:
            work.cluster.amend(live, remedy.patch, exact=False)
            work.mended.append(str(remedy))
    except MeshError as failed:
        work.mended.append(f"{remedy}: {failed}")


def _restart(work: StepWork, remedy: Remedy) -> None:
    """What a disruption budget forbids to restart now is not mended, and is tried again."""
    held_back = restart(work.cluster, [remedy.ref], remedy.patch, work.request.timeout, work.keep, work.changes)
    work.held_back.update(held_back)
    if not held_back:
        work.mended.append(str(remedy))


def _late(work: StepWork, late: Sequence[Any], elapsed: float, hopeless: bool) -> NotReady:
    said = [str(lag) for lag in late]
    shown = "; ".join(said[:10]) + (f"; and {len(said) - 10} more" if len(said) > 10 else "")
    why = "cannot follow without a restart, and may not be restarted" if hopeless else f"did not follow within {elapsed:.0f} s"
    way = "Allow their restart with rotate_restart, or restart them yourself" if hopeless else "Find out why, or allow their restart with rotate_restart"
    if work.held_back:
        said_of_budget = why_held_back(sorted(work.held_back, key=str))
        way = f"{said_of_budget[:1].upper()}{said_of_budget[1:]}. Wait until it does, or restart them yourself"
    fault = f"{work.cluster.name}: these {why} after {work.request.step} of root {short(work.request.target)}: {shown}"
    return NotReady(f"{fault}. {way}, and run again: the rotation goes on where it stopped.", findings=said)


def clean(work: StepWork) -> list[Change]:
    """Finish the rotation in one cluster: remove what was kept for turning back, once the cluster signs under the target and trusts nothing that leaves."""
    seen = observe(work.cluster, work.mesh, work.namespace, work.clock, work.primary, work.request.target)
    own: Standing = seen.unread or report(seen).standing
    if phase(own, work.request.target, work.request.leaving) != RETIRED:
        fault = f"{work.cluster.name}: the rotation to root {short(work.request.target)} has not finished here"
        raise Refused(f"{fault}, so the CA that was kept for turning back stays. Run the rotation again.")
    work.guard()
    if seen.driven:
        return []
    return work.cluster.delete([work.mesh.rotation.previous(work.namespace)])
