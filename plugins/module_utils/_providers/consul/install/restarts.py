# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers restart one after the other: followers first, the leader last, and each only while all others vote.

The leader hands its lead over before it restarts, so that the others elect nobody while requests wait.
The StatefulSet replaces no pod by itself. Which pods are of an older template is read, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from .. import api
from ..names import SHARED, TOKENS, labelled
from . import voters

_REVISION = "controller-revision-hash"
_PRIMARY = "/v1/status/leader?dc="
_HANDOVER = "/v1/operator/raft/transfer-leader"


@dataclass(frozen=True)
class Place:
    """The servers of a datacenter. A secondary has the name of its `primary` and the addresses at which it is to reach that one.

    `reason` says why servers may restart although the primary does not answer.
    """

    namespace: str
    primary: str = ""
    addresses: Sequence[str] = ()
    reason: str = ""


def due(place: Place) -> Look[Due]:
    """Find the servers whose pods are older than their StatefulSet says. Nothing is due if there are none and all servers vote."""
    reads: list[Read | Ref] = [
        Read("apps/v1", "StatefulSet", place.namespace, labelled("server")),
        Read("v1", "Pod", place.namespace, labelled("server")),
        *(Ref("v1", "Secret", name, place.namespace) for name in (TOKENS, SHARED)),
    ]
    return Look(reads, partial(judged, place), partial(questions, place))


def questions(place: Place, live: Live) -> list[Question]:
    """Ask each server that is ready. The primary matters only if something is to restart."""
    token = api.token(live, api.is_secondary(live))
    asked = dict(voters.ASKED)
    if place.primary and outdated(live):
        asked |= {"primary": f"{_PRIMARY}{place.primary}"}
    return [api.get(about, pod, path, token) for pod in api.servers(live) for about, path in asked.items()]


def outdated(live: Live) -> list[Object]:
    """Return the pods of servers that an older template made, in the order of their names."""
    newest = next(((one.get("status") or {}).get("updateRevision") for one in live.get("StatefulSet", ())), None)
    pods = sorted(live.get("Pod", ()), key=lambda pod: str(pod["metadata"]["name"]))
    return [pod for pod in pods if newest and (pod["metadata"].get("labels") or {}).get(_REVISION) != newest]


def judged(place: Place, live: Live, answers: Answers) -> Due:
    """Return the next server to restart, or why none may restart now."""
    workload = next(iter(live.get("StatefulSet", ())), None)
    if workload is None:
        return Due()
    if str((workload.get("status") or {}).get("observedGeneration")) != str(workload["metadata"].get("generation")):
        return Due(fault="the controller of StatefulSets has not seen the change of the servers yet")
    old, pods, replicas = outdated(live), live.get("Pod", ()), int(workload["spec"].get("replicas") or 0)
    down = [pod for pod in pods if not api.ready(pod)]
    view = voters.seen(answers, [str(pod["metadata"]["name"]) for pod in api.servers(live)])
    if len(down) == 1 and len(pods) == replicas and _useless(down[0], old) and view.leader and not view.behind:
        return Due(restarts=_refs(down))
    if down or len(pods) < replicas:
        return Due(fault=_down(down, len(pods), replicas))
    if fault := view.fault or (_without_primary(place, view.leader, old, answers) if old else ""):
        return Due(fault=fault)
    if len(pods) > 1 and [_name(pod) for pod in old] == [view.leader]:
        return Due(orders=[_handover(old[0], live)])
    return Due(restarts=_refs(sorted(old, key=lambda pod: (_name(pod) == view.leader, _name(pod)))))


def _handover(leader: Object, live: Live) -> DueOrder:
    """Return the order by which a leader gives the lead to the server that is the furthest. Who leads is read, so that it comes twice if it has to."""
    return DueOrder(f"the handover of the lead of {_name(leader)}", api.put("order", leader, _HANDOVER, api.token(live, api.is_secondary(live)), {}, "POST"))


def _useless(pod: Object, old: Sequence[Object]) -> bool:
    """Return whether a pod is of an older template and serves nobody. A template that was wrong would otherwise keep the next one away."""
    return pod in old and not pod["metadata"].get("deletionTimestamp")


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def _refs(pods: Sequence[Object]) -> list[Ref]:
    return [Ref("v1", "Pod", _name(pod), pod["metadata"].get("namespace")) for pod in pods]


def _down(down: Sequence[Object], there: int, replicas: int) -> str:
    names = " and ".join(sorted(map(_name, down))) or f"{replicas - there} of {replicas}"
    return f"no server restarts while another one is down ({names}); read its events and its log"


def _without_primary(place: Place, leader: str, old: Sequence[Object], answers: Answers) -> str:
    """Return why no server may restart without the primary: a new leader could not sign certificates. Empty if one may.

    If the primary moved, a follower shows whether it answers at its new address, and the leader waits for that.
    """
    reached = {question.pod: bool(api.parsed(text)) for question, text in api.about(answers, "primary")}
    silent = sorted(pod for pod, reaches in reached.items() if not reaches)
    if not place.primary or place.reason or not silent:
        return ""
    former = {_name(pod) for pod in old}
    renewed = any(pod not in former for pod in reached)
    if _moved(place, former, answers) and not set(silent) - former and (renewed or former != {leader}):
        return ""
    why = "a new leader could sign no certificate until the primary is back"
    remedy = "bring it back, or say why they may restart in mesh_values.servers.restart_without_primary"
    return f"{' and '.join(silent)} cannot reach the primary {place.primary}, so no server restarts: {why}; {remedy}"


def _moved(place: Place, former: set[str], answers: Answers) -> bool:
    """Return whether the servers that are to restart know none of the addresses of the primary that they are to know."""
    known: set[str] = set()
    for question, text in api.about(answers, voters.OWN):
        if question.pod in former:
            known |= set(((api.mapped(text) or {}).get("DebugConfig") or {}).get("PrimaryGateways") or [])
    return bool(place.addresses) and not known & set(place.addresses)
