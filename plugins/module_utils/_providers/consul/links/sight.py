# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each server sees of another datacenter: a peer, or a member of its federation."""

from __future__ import annotations

from ...._mesh.links.link import Link
from ...._mesh.links.sight import Sight
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from .. import api
from ..members import datacenters
from ..names import SHARED, TOKENS, labelled

_ASKED = {"peerings": "/v1/peerings", "wan": "/v1/agent/members?wan=1"}


def reads(namespace: str) -> list[Read | Ref]:
    return [
        Read("apps/v1", "StatefulSet", namespace, labelled("server")),
        Read("v1", "Pod", namespace, labelled("server")),
        *(Ref("v1", "Secret", name, namespace) for name in (TOKENS, SHARED)),
    ]


def questions(live: Live) -> list[Question]:
    token = api.token(live, api.is_secondary(live))
    paths = {about: path for about, path in _ASKED.items() if about != "peerings" or api.peers(live)}
    return [api.get(about, pod, path, token) for pod in api.servers(live) for about, path in paths.items()]


def sights(link: Link, live: Live, answers: Answers) -> list[Sight]:
    return [_sight(link, str(pod["metadata"]["name"]), answers) for pod in api.servers(live)]


def _sight(link: Link, pod: str, answers: Answers) -> Sight:
    own = {question.about: text for question, text in answers.items() if question.pod == pod}
    peerings, pool = (api.listed(own.get(about)) for about in ("peerings", "wan"))
    if peerings is None and pool is None:
        return Sight(link.consumer, pod, fault="it did not say whom it sees")
    state = next((str(one.get("State")) for one in peerings or [] if one.get("Name") == link.source), "")
    status = "synced" if state == "ACTIVE" else state.lower() or datacenters(pool or []).get(link.source, "")
    return Sight(link.consumer, pod, synced=status == "synced", status=status)
