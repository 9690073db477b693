# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lead everything that leads to the former revision to the target, and give namespaces their own labels back. The validator comes last."""

from __future__ import annotations

from ..._mesh.cutover.observed import NEVER, ClusterState
from ..._mesh.cutover.orders import is_replaced, of_finish
from ..._mesh.cutover.plan import lateness
from ..._mesh.cutover.scene import Scene
from ..._mesh.cutover.waves import NOT_MOVED
from ..._mesh.errors import Refused
from ..._mesh.few_names import few
from .move import advance
from .write import CutoverWork

_SHOWN = 5


def finish(work: CutoverWork) -> Scene:
    """Refuse while something follows the former revision by its namespace or by its own name: it would follow the tags without having been watched."""
    _refuse_unmoved(work, work.looking.scene().state)
    aim = work.request.aim
    return advance(work, lambda state: of_finish(state, aim), lambda state: late_with_pointers(work, state))


def _refuse_unmoved(work: CutoverWork, state: ClusterState) -> None:
    aim = work.request.aim
    if not state.ready(aim.target):
        raise Refused(f"{state.cluster}: the control plane {aim.target} is not ready, so nothing can be led to it. Prepare the cutover first.")
    pods = [one for one in state.workloads if not one.late and one.restarts != NEVER and one.made.get(aim.former)]
    if work.request.wish.waves.gateways == NOT_MOVED:
        pods = [one for one in pods if not one.gateway]
    if pods:
        shown = few([one.where for one in pods], _SHOWN)
        way = "Move all waves before you finish, because tags move at once what is left"
        raise Refused(f"{state.cluster}: {aim.former} still serves {shown}. {way}.")


def late_with_pointers(work: CutoverWork, state: ClusterState) -> list[str]:
    """What moves only with its tag or the default rule, and has not."""
    return [why for one in state.workloads if one.late and not is_replaced(one) and (why := lateness(one, work.request.aim))]
