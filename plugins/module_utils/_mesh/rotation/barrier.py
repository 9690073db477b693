# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check between two steps of a rotation that every cluster has finished the step, with everything in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..errors import Refused
from .plan import INTRODUCE, INTRODUCED, REISSUE, REISSUED, RETIRE, RETIRED, Leaving, Report, beyond_introduction, phase


def barrier(
    mesh: str,
    step: str,
    target: str,
    expected: Iterable[str],
    reports: Mapping[str, Report | str],
    dead: Collection[str] = (),
    leaving: Leaving = None,
) -> None:
    """Refuse to go on until every cluster was seen to have finished the step, with everything in it.

    A report that is a text says why nobody could see the cluster.
    """
    verdicts = [_late(name, step, target, reports.get(name, "nobody reported anything about it"), dead, leaving) for name in expected]
    said = [sentence for sentence in verdicts if sentence]
    if said:
        fault = f"The rotation of the mesh {mesh} stops after {step}: {' '.join(said)}"
        rest = "Everything named here is still down" if dead else "Nothing is lost"
        raise Refused(f"{fault} {rest}. Fix the cause and run the rotation again; it goes on where it stopped.", findings=said)


_THROUGH = {INTRODUCE: (INTRODUCED, REISSUED), REISSUE: (REISSUED, RETIRED), RETIRE: (RETIRED,)}


def _late(name: str, step: str, target: str, report: Report | str, dead: Collection[str], leaving: Leaving) -> str:
    if isinstance(report, str):
        return f"{name} cannot be judged: {report.rstrip('.')}."
    if step == INTRODUCE and (report.driven or beyond_introduction(report.standing, dead)):
        return ""
    if report.laggards:
        more = f", and {len(report.laggards) - 5} more" if len(report.laggards) > 5 else ""
        return f"{name}: {'; '.join(report.laggards[:5])}{more}."
    now = phase(report.standing, target, leaving)
    # If all clusters sign under the target, no cluster needs to trust an older root.
    return "" if now in _THROUGH[step] or (step == INTRODUCE and now == RETIRED) else f"{name} is only {now}."
