# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look, write what is ordered, and look again until nothing is ordered and nothing is late. What a killed run left is seen, and not asked for twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from ..._mesh.cutover.observed import ClusterState
from ..._mesh.cutover.orders import DRAIN, EVICT, RAISE, RELABEL, RESTART, Aim, Order, staying
from ..._mesh.cutover.plan import BY_TAGS, wave_late, wave_orders
from ..._mesh.cutover.returning import of_cutover
from ..._mesh.cutover.scene import Scene
from ..._mesh.cutover.write import Write
from ..._mesh.errors import NotReady, Outdated
from ..._mesh.few_names import few
from ..follow import Pace, follow
from .entrance import may_leave
from .restarts import restart
from .write import CutoverWork, put

Ordered = Callable[[ClusterState], list[Order]]
Late = Callable[[ClusterState], list[str]]
Planned = tuple[Order, Sequence[Write]]
_PACE = Pace(0.3, 2.0)
_ANEW = (RELABEL, RESTART, EVICT)
_SHOWN = 10


def move(work: CutoverWork) -> Scene:
    """Move one wave in this cluster."""
    request, wave = work.request, work.request.of_wave(work.cluster.name)

    def seen(state: ClusterState) -> ClusterState:
        return of_cutover(state, request.aim) if request.back else state

    scene = advance(
        work,
        lambda state: [replace(order, undoes=request.back) for order in wave_orders(seen(state), wave, request.aim, request.wish)],
        lambda state: wave_late(seen(state), wave, request.aim),
    )
    if request.back and request.wish.by == BY_TAGS:
        work.notices += tags_that_stay(scene.state, request.aim)
    return scene


def tags_that_stay(state: ClusterState, back: Aim) -> list[str]:
    """Half sentences about the tags that are not led back, for people."""
    return [f"the tag {name} led to {back.former} before this cutover, or another tool led it there, so it stays" for name in staying(state, back)]


def advance(work: CutoverWork, ordered: Ordered, late: Late) -> Scene:
    """Return the cluster without orders and without anything late. In check mode, ask once whether the writes would be accepted."""
    begun = work.clock.monotonic()

    def lacks(scene: Scene) -> list[str]:
        return [*late(scene.state), *(f"still to do: {order}" for order in ordered(scene.state))]

    def write(scene: Scene, _seconds: float) -> None:
        work.waits.clear()
        _write(work, scene, ordered(scene.state), work.request.timeout - (work.clock.monotonic() - begun))

    if work.cluster.dry_run:
        scene = work.looking.scene()
        write(scene, 0.0)
        return scene
    return follow(
        work.looking.scene,
        done=lambda scene: not lacks(scene),
        late=lambda scene, seconds: _too_late(work, lacks(scene), seconds),
        timeout=work.request.timeout,
        keep=work.keep,
        remedy=write,
        waits=lambda scene: few(list(dict.fromkeys([*work.waits, *lacks(scene)])), 3, "; "),
        pace=_PACE,
        clock=work.clock,
    )


def _write(work: CutoverWork, scene: Scene, orders: Sequence[Order], timeout: float) -> None:
    """All refusals come before the first write. What somebody changed since the look is decided anew after the next one."""
    planned = [(order, work.story.writes(order, scene, work.request.aim, work.moment)) for order in orders]
    try:
        for anew, group in groupby(planned, key=lambda each: each[0].what in _ANEW):
            if anew:
                restart(work, group, timeout)
            elif not all(_made(work, scene, order, writes, timeout) for order, writes in group):
                return
    except Outdated as changed:
        work.waits.append(str(changed))


def _made(work: CutoverWork, scene: Scene, order: Order, writes: Sequence[Write], timeout: float) -> bool:
    """Return whether the next order may follow. After a gateway came in, another look says whether it serves."""
    if order.what == DRAIN and not work.cluster.dry_run and (why := may_leave(work, scene, order)):
        work.waits.append(why)
        return False
    for write in writes:
        if not put(work, order, write):
            return False
        if write.then and not work.cluster.dry_run and not work.waits:
            work.cluster.settle(write.then, max(1.0, timeout))
    return order.what != RAISE or work.cluster.dry_run


def _too_late(work: CutoverWork, lacks: Sequence[str], seconds: float) -> NotReady:
    said = list(dict.fromkeys([*work.waits, *lacks]))
    aim, told = work.request.aim, few(said, _SHOWN, "; ")
    way = "Find out why and run again: the cutover goes on where it stopped"
    return NotReady(f"{work.cluster.name}: {work.request.step} to {aim.target} did not end within {seconds:.0f} s: {told}. {way}.", late=said)
