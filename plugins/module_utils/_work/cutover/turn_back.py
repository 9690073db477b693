# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lead tags, the default rule and validation back to the revision that served before. What the waves moved stays, under the name of its revision."""

from __future__ import annotations

from ..._mesh.cutover.observed import ClusterState
from ..._mesh.cutover.orders import TURN, Aim, Order, is_replaced, of_turn_back, unheld, validation_stays, with_pointers
from ..._mesh.cutover.plan import lateness
from ..._mesh.cutover.scene import Scene
from ..._mesh.errors import Refused
from ..._mesh.few_names import few
from .move import advance, tags_that_stay
from .prepare import let_read
from .write import CutoverWork

_SHOWN = 5


def turn_back(work: CutoverWork) -> Scene:
    """No pointer moves before it was seen that no namespace follows it any more: somebody else may have to write the label."""
    scene = work.looking.scene()
    _refuse(work, scene.state)
    let_read(work, scene)
    work.notices += [*tags_that_stay(scene.state, work.request.aim), *_validation_that_stays(scene.state, work.request.aim)]
    return advance(work, lambda state: _ordered(work, state), lambda state: _late(work, state))


def _validation_that_stays(state: ClusterState, back: Aim) -> list[str]:
    """Half a sentence for people, if validation is not led back."""
    told = f"{back.former} validated what users write before this cutover, or another tool led validation there, so it stays"
    return [told] if validation_stays(state, back) else []


def _late(work: CutoverWork, state: ClusterState) -> list[str]:
    """What goes back only with its tag, and has not."""
    aim = work.request.aim
    return [why for one in with_pointers(state, aim) if not is_replaced(one) and (why := lateness(one, aim))]


def _refuse(work: CutoverWork, state: ClusterState) -> None:
    aim = work.request.aim
    if not state.ready(aim.target):
        raise Refused(f"{state.cluster}: the control plane {aim.target} is not ready, so nothing can be led back to it. Prepare it and run the cutover again.")
    if names := unheld(state, aim):
        shown = few(names, _SHOWN)
        told = f"{state.cluster}: {aim.former} is the name of a tag, too, so no label would keep {shown} at this revision while its tag leads elsewhere"
        raise Refused(f"{told}. Go back with cutover_to: {aim.target} and cutover_by: tags.")


def _ordered(work: CutoverWork, state: ClusterState) -> list[Order]:
    """In check mode all of them, for somebody who has to write some."""
    orders = of_turn_back(state, work.request.aim)
    first = [order for order in orders if order.what == TURN]
    return orders if work.cluster.dry_run else first or orders
