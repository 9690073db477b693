# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let gateways serve from their own Deployments again, by the target, before the second ones go with the former revision."""

from __future__ import annotations

from ..._mesh.cutover.observed import ClusterState
from ..._mesh.cutover.orders import of_rejoining
from ..._mesh.cutover.plan import lateness
from ..._mesh.cutover.scene import Scene
from ..._mesh.errors import Refused
from ..._mesh.objects.change import Change
from .move import advance
from .write import CutoverWork

_RELEASE = "meta.helm.sh/release-name"


def rejoin(work: CutoverWork) -> Scene:
    aim, state = work.request.aim, work.looking.scene().state
    if of_rejoining(state, aim) and not state.ready(aim.target):
        raise Refused(f"{state.cluster}: the control plane {aim.target} is not ready, so no gateway can serve by it. Bring it up and run again.")
    scene = advance(work, lambda now: of_rejoining(now, aim), lambda now: _late(work, now))
    work.notices += [said for change in work.changes if (said := _behind(change, aim.former, aim.target))]
    return scene


def _behind(change: Change, former: str, target: str) -> str:
    """A sentence about a Helm release whose values still name the former revision: this step had to change the template in its place."""
    before, after = change.before or {}, change.after or {}
    release = (before.get("metadata", {}).get("annotations") or {}).get(_RELEASE)
    if not release or before["spec"].get("template") == after.get("spec", {}).get("template"):
        return ""
    told = f"{change.ref} belongs to the Helm release {release}, whose values name {former}"
    return f"{told}. Let them name {target} before you upgrade that release again."


def _late(work: CutoverWork, state: ClusterState) -> list[str]:
    """Of the first Deployments whose second ones have left, or leave."""
    firsts = {(one.namespace, one.second_of) for one in state.workloads if one.second_of}
    return [why for one in state.workloads if (one.namespace, one.name) in firsts and (why := lateness(one, work.request.aim))]
