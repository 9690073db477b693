# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many pods the east-west gateway has: a wish of the values that a cutover overrides for as long as another Deployment serves in its place."""

from __future__ import annotations

from functools import partial

from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition, verdict
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Read
from ...istio_family.cutover.scalers import SCALER, replicas, scalers_of
from ...istio_family.cutover.turning import SECOND_OF
from ...istio_family.install.passage import NAME
from .gateways import asked_size


def size(wish: ControlPlane) -> Look[Due] | None:
    """Look whether the Deployment has as many pods as the values say; None where they say nothing."""
    wanted = asked_size(wish)
    reads = [Read("apps/v1", "Deployment", wish.namespace), Read("autoscaling/v2", SCALER, wish.namespace)]
    return None if wanted is None else Look(reads, partial(_size, wish, wanted))


def _size(wish: ControlPlane, wanted: int, live: Live, _answers: Answers) -> Due:
    """One that a second Deployment replaces stays without pods until a cutover gives it some. An autoscaler decides by itself, whoever made it."""
    known = {one["metadata"]["name"]: one for one in live.get("Deployment", ())}
    own, seconds = known.get(NAME), [one for one in known.values() if (one["metadata"].get("annotations") or {}).get(SECOND_OF) == NAME]
    if own is None or scalers_of(live.get(SCALER, ()), own) or (replicas(own) == 0 and any(map(replicas, seconds))):
        return Due()
    ref = Ref("apps/v1", "Deployment", NAME, wish.namespace)
    if replicas(own) != wanted:
        return Due(patches=[(ref, {"spec": {"replicas": wanted}})])
    late = verdict(Condition(ref, "rollout"), own)
    return Due(fault=f"{ref}: {late}" if late else "")
