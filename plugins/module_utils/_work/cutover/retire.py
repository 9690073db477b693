# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remove what is left of a revision that nothing follows: before its Helm releases what users could still reach, and after them what they leave behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._kube.waiting import waiting
from ..._mesh.cutover.leader import PATIENCE, of_revision, preferred
from ..._mesh.cutover.observed import ClusterState
from ..._mesh.cutover.orders import DRAIN, of_rejoining
from ..._mesh.cutover.refusals import retirement
from ..._mesh.cutover.scene import Scene
from ..._mesh.cutover.write import Removal
from ..._mesh.errors import Refused
from ..._mesh.objects.change import Ref
from .write import CutoverWork, make

_LOCKS = 2.0  # seconds between two looks at who leads


def first(work: CutoverWork, others: Sequence[ClusterState]) -> tuple[Scene, list[dict[str, str]]]:
    """Return the releases to remove. Refuse while anything in any cluster still needs the revision."""
    scene, removal = _decided(work, others)
    _refuse_seconds(work, scene.state)
    _let_others_lead(work, scene.state)
    for write in removal.forgotten:
        make(work, write)
    _remove(work, removal.first)
    return scene, [{"name": name, "namespace": namespace} for namespace, name in removal.releases]


def _refuse_seconds(work: CutoverWork, state: ClusterState) -> None:
    """Whatever installed a gateway knows only its first Deployment."""
    if seconds := [order.name for order in of_rejoining(state, work.request.aim) if order.what == DRAIN]:
        told = f"{state.cluster}: gateways serve from the second Deployments {', '.join(sorted(seconds))}"
        raise Refused(f"{told}. Do the step rejoin before {work.request.aim.former} is removed.")


def _let_others_lead(work: CutoverWork, state: ClusterState) -> None:
    """A control plane takes the locks of all others if the default tag leads to it, but none that its version no longer has. Who ends gives its locks back."""
    aim, end = work.request.aim, work.clock.monotonic() + min(PATIENCE, work.request.timeout)
    with waiting() as say:
        while (locks := of_revision(state.leaders, aim.former)) and preferred(state.tags, state.default_tag) == aim.target and not work.cluster.dry_run:
            if work.clock.monotonic() >= end:
                work.notices.append(f"{aim.former} still leads {', '.join(locks)}, which {aim.target} did not take over; it gives them back when it ends.")
                return
            say(f"{aim.former} still leads {', '.join(locks)}")
            work.guard()
            work.clock.sleep(_LOCKS)
            state = work.looking.scene().state


def last(work: CutoverWork, others: Sequence[ClusterState]) -> Scene:
    scene, removal = _decided(work, others)
    _remove(work, removal.last)
    return scene


def _decided(work: CutoverWork, others: Sequence[ClusterState]) -> tuple[Scene, Removal]:
    former, scene = work.request.aim.former, work.looking.scene()
    wrong = retirement([scene.state, *(other for other in others if other.cluster != work.cluster.name)], former)
    if wrong:
        raise Refused(" ".join(wrong), findings=wrong)
    return scene, work.story.removal(scene, former, work.request.namespace)


def _remove(work: CutoverWork, refs: Sequence[Ref]) -> None:
    """One after the other, so that nothing is scaled whose autoscaler is gone, and no webhook stays without its control plane."""
    for ref in refs:
        work.guard()
        work.changes += [change for change in work.cluster.delete([ref], wait=work.request.timeout) if change.changed]


def soak(work: CutoverWork, look: float) -> dict[str, Any]:
    """Wait under the Lease. Another run is refused meanwhile, and a run that lost the Lease ends here."""
    start, seconds = work.clock.monotonic(), work.request.soak
    with waiting() as say:
        while not work.cluster.dry_run and (left := seconds - (work.clock.monotonic() - start)) > 0:
            say(f"{left:.0f} s of the soak are left")
            work.guard()
            work.clock.sleep(min(left, look))
    work.guard()
    return {"seconds": round(work.clock.monotonic() - start, 2)}
