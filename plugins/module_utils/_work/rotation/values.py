# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the next values of a cluster's Secrets beside those in use, and put them in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..._kube.cluster import Cluster
from ..._mesh.errors import Refused
from ..._mesh.lease.fence import fence
from ..._mesh.objects.change import Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.objects.shapes import Object
from ..._mesh.rotation import renewed
from ..._mesh.rotation.aim import RotationAim, value_name
from ..._mesh.rotation.renewed import BESIDE, OUTSIDE, SETTLED
from ..._mesh.rotation.stepped import PREPARE, Step
from ..._mesh.trust.prepared import PreparedSecret
from ..._mesh.trust.root_secret import decoded, encoded
from ..trust import prepare
from .stepped_work import SteppedWork

_WAY = "Renew the value there, or stop that tool from managing the Secret."


def lacking(work: SteppedWork, step: Step, aim: RotationAim) -> list[str]:
    """Return the Secrets that a step still has to write."""
    late = [OUTSIDE] if step == PREPARE else [OUTSIDE, BESIDE]
    where = "beside those in use" if step == PREPARE else "in their place"
    return [f"{one.ref} does not hold the new values {where}" for one, _live, stands in _standings(work, aim) if stands in late]


def keep(work: SteppedWork, aim: RotationAim) -> None:
    for one, live, stands in _standings(work, aim):
        if stands == OUTSIDE:
            may_write(work, work.cluster, live)
            work.guard()
            patch = renewed.beside(_next(work, one, aim), work.request.kind, aim.id, work.noted)
            work.did.changes.append(work.cluster.amend(live, patch))


def settle(work: SteppedWork, aim: RotationAim) -> None:
    """Put the values in their place, on the trust cluster first: from then on a cluster that joins the mesh gets them."""
    for one, live, stands in _standings(work, aim):
        if stands == OUTSIDE:
            raise Refused(f"{work.cluster.name}: {one.ref} does not hold the new values. Somebody changed it during the rotation. Run the rotation again.")
        if one.shared:
            _share(work, one, aim)
        if stands != SETTLED:
            may_write(work, work.cluster, live)
            work.guard()
            work.did.changes.append(work.cluster.amend(live, renewed.in_place(one, live, work.request.kind, aim.id, work.noted)))


def _standings(work: SteppedWork, aim: RotationAim) -> Iterator[tuple[PreparedSecret, Object, str]]:
    wanted = work.renews
    for one, live in zip(wanted, work.cluster.get_all(one.ref for one in wanted), strict=True):
        if live is None:
            raise Refused(f"{work.cluster.name}: {one.ref} does not exist. Run the playbook site, which makes it, and rotate then.")
        yield one, live, renewed.standing(live, work.request.kind, aim.id)


def _next(work: SteppedWork, one: PreparedSecret, aim: RotationAim) -> Mapping[str, bytes]:
    if one.shared:
        return {drawn.key: aim.values[value_name(one.ref.name, drawn.key)] for drawn in one.drawn}
    if one.signed:
        preparation = prepare.Preparation(work.cluster, work.trust, work.request.authority, work.clock.now())
        made, _changes = prepare.signed(preparation, one.signed)
        return {key: made[key] for key in renewed.keys(one)}
    return {drawn.key: prepare.drawn(drawn) for drawn in one.drawn}


def _share(work: SteppedWork, one: PreparedSecret, aim: RotationAim) -> None:
    """Renew the copy of the trust cluster. All clusters' runs write the same, so none of them minds the others."""
    preparation = prepare.Preparation(work.cluster, work.trust, work.request.authority, work.clock.now())
    ref: Ref = preparation.place(one.ref.name)
    live, wanted = work.trust.get(ref), _next(work, one, aim)
    if live and any(decoded((live.get("data") or {}).get(key)) != value for key, value in wanted.items()):
        may_write(work, work.trust, live)
        work.guard()
        patch = {"metadata": {"annotations": work.noted}, "data": {key: encoded(value) for key, value in wanted.items()}}
        work.did.changes.append(work.trust.amend(live, patch, exact=False))


def may_write(work: SteppedWork, cluster: Cluster, live: Object) -> None:
    """Refuse to write what another tool would write back, or what a later run wrote."""
    where = f"{cluster.name}: {Ref.of(live)}"
    undone = managed_by(live).refusal(where, _WAY)
    if undone:
        raise Refused(undone)
    if work.hold:
        fence(cluster.name, str(Ref.of(live)), live["metadata"].get("annotations"), work.hold.epoch)
