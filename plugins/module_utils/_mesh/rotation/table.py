# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show people how far each cluster of a mesh is on its way to a root, and which steps follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .plan import INTRODUCED, OUTSIDE, REISSUED, RETIRED, STEPS, Plan, Report, root_named, roots_named

_STANDS = {
    OUTSIDE: "not begun: does not trust the {root} yet",
    INTRODUCED: "introduced: trusts the {root}, and signs under another one",
    REISSUED: "reissued: signs under the {root}, and still trusts another one",
}


def table(
    plans: Iterable[Plan], reports: Mapping[str, Report | str], notes: Mapping[str, Sequence[str]] | None = None, root: str = "new root"
) -> list[str]:
    """Return the lines of the table. `notes` are sentences that stand below the line of each cluster. `root` is what the target is for people."""
    lines: list[str] = []
    for plan in plans:
        lines.append(f"mesh {plan.mesh}: to {root_named(plan.target)}{', which is there already' if plan.done else ''}")
        for cluster in plan.phases:
            report = reports.get(cluster)
            behind = f"; {len(report.laggards)} behind: {report.laggards[0]}" if isinstance(report, Report) and report.laggards else ""
            lines.append(f"  {cluster}: {_stands(plan, cluster, report, root)}{_signs(report)}{behind}")
            lines += [f"    {note}" for note in (*_ignored(report), *_outgoing(report), *(notes or {}).get(cluster, ()))]
        lines += [f"  {number}. {step.name} in {', '.join(step.clusters)}: {step.says}" for number, step in enumerate(plan.steps, 1)]
    return lines


def _stands(plan: Plan, cluster: str, report: Report | str | None, root: str) -> str:
    """Return how far a cluster is. A cluster in the last phase may still have steps to do, such as a new intermediate, and trust a root that stays."""
    now = plan.phases[cluster]
    if now != RETIRED:
        return _STANDS.get(now, now).format(root=root)
    others = report.standing.trusts - {plan.target} if isinstance(report, Report) else ()
    on = f"on the {root}{'' if others else ' only'}"
    return f"{on}, with steps to come" if any(cluster in step.clusters for step in plan.steps if step.name in STEPS) else f"done: {on}"


def _signs(report: Report | str | None) -> str:
    if not isinstance(report, Report):
        return f" ({report})" if report else ""
    own = report.standing
    if report.served_by:
        return f", served by {report.served_by}"
    return f", signs under {root_named(own.signs_under)}, trusts {roots_named(own.trusts)}"


def _outgoing(report: Report | str | None) -> list[str]:
    if not isinstance(report, Report) or not report.outgoing:
        return []
    return [f"its workloads still trust {roots_named(report.outgoing)}, under which no certificate is in use any more; its product drops that by itself"]


def _ignored(report: Report | str | None) -> list[str]:
    """Return a warning about a change that waits. Nothing else shows it until somebody drains a node."""
    if not isinstance(report, Report) or not report.ignored:
        return []
    old, new = roots_named(report.ignored), roots_named(report.standing.bundle)
    return [
        f"its control plane has ignored its CA: it goes on handing out {old}, and the CA has {new}, which would be a swap",
        "at its next restart it takes the CA after all, and cuts off everything that uses the other root; do not restart it before introduce gave it both",
    ]
