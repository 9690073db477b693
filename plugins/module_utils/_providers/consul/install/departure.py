# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secondary that is torn down leaves the federation. Its primary counts servers that are merely gone as failed, and waits for them for three days."""

from __future__ import annotations

from functools import partial

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.install.stage import Stage
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from .. import api, datacenter
from ..members import staying
from ..names import TOKENS, labelled

_WAN = "/v1/agent/members?wan=1"


def stages(wish: ControlPlane) -> list[Stage]:
    """Return the stage that follows the end of a secondary's servers; none for other datacenters."""
    if datacenter.kind(wish) != datacenter.SECONDARY:
        return []
    return [Stage("departure", "control_plane", then=due(wish), cluster=wish.primary)]


def due(wish: ControlPlane) -> Look[Due]:
    """Look at the primary: which servers of this datacenter it still counts on. A primary that is gone as well counts on nobody."""
    reads: list[Read | Ref] = [
        Read("apps/v1", "StatefulSet", wish.namespace, labelled("server")),
        Read("v1", "Pod", wish.namespace, labelled("server")),
        Ref("v1", "Secret", TOKENS, wish.namespace),
    ]
    return Look(reads, partial(_due, wish), _questions)


def _questions(live: Live) -> list[Question]:
    return [api.get("wan", pod, _WAN, api.token(live, secondary=False)) for pod in api.servers(live)[:1]]


def _due(wish: ControlPlane, live: Live, answers: Answers) -> Due:
    if not live.get("StatefulSet") and not live.get("Pod"):
        return Due()
    members = api.listed(api.only(answers, "wan"))
    if members is None:
        return Due(fault=f"no server of the primary {wish.primary} said which servers of {wish.cluster} it still counts on")
    pod, token = api.servers(live)[0], api.token(live, secondary=False)
    names = staying(members, wish.cluster)
    return Due(orders=[DueOrder(f"the departure of {name}", api.put("order", pod, f"/v1/agent/force-leave/{name}?wan=1&prune=1", token, {})) for name in names])
