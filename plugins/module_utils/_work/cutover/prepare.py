# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the target know and read what the former revision does, before anything follows the target."""

from __future__ import annotations

from ..._kube.waiting import waiting
from ..._mesh.cutover.expectation import Expectation, mistaken
from ..._mesh.cutover.orders import Order
from ..._mesh.cutover.scene import Scene
from ..._mesh.errors import MeshError
from ..._mesh.few_names import few
from ..._mesh.objects.condition import Condition
from ..follow import Pace
from ..look import look
from ..restart import rolled
from .write import CutoverWork, put

_PATIENCE = 60.0  # seconds until control planes that were restarted know all clusters


def acquaint(work: CutoverWork) -> Scene:
    let_know(work)
    return work.looking.scene()


def prepare(work: CutoverWork) -> Scene:
    scene = acquaint(work)
    return work.looking.scene() if let_read(work, scene) and not work.cluster.dry_run else scene


def let_know(work: CutoverWork) -> None:
    """Restart control planes of the target that started before it was installed in another cluster, so that they expect its workloads by a wrong name.

    They serve nobody yet, or proxies that a rollout keeps connected. What is strange even then is told, and the gates judge what it means for proxies.
    """
    target, said = _mistakes(work)
    if said and not work.cluster.dry_run:
        _restart(work, target)
        said = _still_mistaken(work)
    who, whose = work.request.aim.target, work.request.aim.former
    work.notices += [f"control planes of {who} do not know other clusters as those of {whose} do: {one}" for one in said]


def _restart(work: CutoverWork, target: Expectation) -> None:
    for live in [one for one in work.cluster.get_all(target.planes) if one]:
        work.guard()
        work.changes.append(work.cluster.amend(live, rolled(work.moment), exact=False))
    work.cluster.settle([Condition(plane, "rollout") for plane in target.planes], work.request.timeout)


def _still_mistaken(work: CutoverWork) -> list[str]:
    end = work.clock.monotonic() + min(_PATIENCE, work.request.timeout)
    with waiting() as say:
        for pause in Pace(0.5, 2.0).pauses():
            _target, said = _mistakes(work)
            if not said or work.clock.monotonic() >= end:
                return said
            say(f"the control planes of {work.request.aim.target} start again: {few(said, 2, '; ')}")
            work.clock.sleep(pause)
    raise AssertionError("unreachable")


def _mistakes(work: CutoverWork) -> tuple[Expectation, list[str]]:
    """What the control planes of the target expect, and what of it is strange. Who cannot be asked expects nothing."""
    namespace, aim = work.request.namespace, work.request.aim
    try:
        target, former = (look(work.cluster, work.story.expected(namespace, revision)) for revision in (aim.target, aim.former))
    except MeshError:
        return Expectation(), []
    return target, mistaken(target, former)


def let_read(work: CutoverWork, scene: Scene) -> bool:
    """Return whether anything had to be written for it."""
    request = work.request
    writes = work.story.copies(scene, request.aim, request.objects)
    for write in writes:
        put(work, Order("copy", write.ref.kind, write.ref.namespace or "", write.ref.name, request.aim.target), write)
    return bool(writes)
