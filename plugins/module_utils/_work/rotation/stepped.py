# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a step of a rotation in one cluster: keep the new values, put them in their place, or ask the product until nothing is due and nobody lags."""

from __future__ import annotations

import uuid

from ..._mesh.errors import Refused
from ..._mesh.rotation import aim as aims
from ..._mesh.rotation.aim import RotationAim
from ..._mesh.rotation.stepped import PREPARE, Step
from ..install.due import complete
from ..look import look
from ..trust import prepare
from . import reissue, values
from .stepped_work import SteppedWork


def begin(work: SteppedWork) -> None:
    """Draw the values that clusters share and keep them on the trust cluster, once for a rotation."""
    ref = work.kept
    live = work.trust.get(ref)
    before = aims.read(work.trust.name, live)
    if before and before.under_way:
        return
    shared = [(one.ref.name, drawn) for one in work.renews if one.shared for drawn in one.drawn]
    values_of = {aims.value_name(name, drawn.key): prepare.drawn(drawn) for name, drawn in shared}
    identifier = str(uuid.uuid4())
    aim = RotationAim(identifier, values={**values_of, **reissue.drawn(work, identifier)})
    work.guard()
    if live is None:
        made = work.trust.create(aims.manifest(ref, work.place.mesh, aim, work.noted))
        work.did.changes += [made] if made else []
    else:
        values.may_write(work, work.trust, live)
        work.did.changes.append(work.trust.amend(live, aims.begun(aim, work.noted)))


def finish(work: SteppedWork) -> None:
    """End the rotation, so that the next run does not go on with it."""
    ref = work.kept
    live = work.trust.get(ref)
    aim = aims.read(work.trust.name, live)
    if live is None or aim is None or not aim.under_way:
        return
    late = [f"{step.name}: {'; '.join(lacks)}" for step in work.steps if (lacks := lacking(work, step, aim))]
    if late:
        raise Refused(f"{work.cluster.name}: the rotation {work.request.kind} is not over: {'. '.join(late)}. Run the rotation again.", findings=late)
    work.guard()
    values.may_write(work, work.trust, live)
    work.did.changes.append(work.trust.amend(live, aims.over(aim, work.clock.now(), work.noted)))


def lacking(work: SteppedWork, step: Step, aim: RotationAim | None) -> list[str]:
    """Return what a step lacks, each as half a sentence."""
    return stand(work, step, aim)[0]


def stand(work: SteppedWork, step: Step, aim: RotationAim | None) -> tuple[list[str], str]:
    """Return what a step lacks, each as half a sentence, and a sentence if it cannot be taken in this cluster."""
    if step.look:
        due = look(work.cluster, step.look(work.place))
        return due.lacks, due.refusal
    if step.reissue:
        return reissue.stand(work, step.reissue, aim)
    return (values.lacking(work, step, aim), "") if aim and aim.under_way else ([], "")


def take(work: SteppedWork, step: Step) -> None:
    aim = work.aim()
    if aim is None or not aim.under_way:
        raise Refused(f"{work.cluster.name}: no rotation {work.request.kind} of the mesh {work.place.mesh} is under way. Run the playbook, which begins one.")
    if step.reissue:
        reissue.take(work, step.name, step.reissue, aim)
    elif step.look is None:
        (values.keep if step == PREPARE else values.settle)(work, aim)
    else:
        complete(work.cluster, step.look(work.place), work.request.timeout, work.clock, work.keep, work.guard, work.did)
