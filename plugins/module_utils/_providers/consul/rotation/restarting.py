# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods that take another secret only when they start: servers restart one after the other, the others as their workload replaces them.

The template of a workload names the rotation for which its pods restart, so that a run that was killed goes on with it.
"""

from __future__ import annotations

from ...._mesh.install.due import Due
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition, verdict
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import StepPlace
from ..install import restarts
from ..names import by_chart, labelled, primary_of

SERVER, CLIENT, GATEWAY = "server", "client", "mesh-gateway"  # the components, in the order in which they restart
_WORKLOADS = {SERVER: "StatefulSet", CLIENT: "DaemonSet", GATEWAY: "Deployment"}


def refusal(live: Live) -> str:
    """Return why this collection renews nothing of these servers; empty unless a chart installed them."""
    if not any(map(by_chart, live.get("StatefulSet", ()))):
        return ""
    return "Its servers were installed by a chart, which makes certificates and tokens of its own and restarts who uses them. Renew them by the chart."


def component(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get("component") or "")


def reads(place: StepPlace, *components: str) -> list[Read]:
    return [Read("apps/v1", _WORKLOADS[one], place.namespace, labelled(one)) for one in components]


def questions(place: StepPlace, live: Live) -> list[Question]:
    """Ask each server who votes, and that of a secondary whether it reaches its primary."""
    return restarts.questions(_servers(place, live), _only_servers(live))


def due(place: StepPlace, live: Live, answers: Answers, kind: str, of: str, aim: str, needed: bool) -> Due:
    """Return what is due until the pods of a component have restarted for the rotation `aim`. They only do so if it is `needed`, or has begun."""
    for workload in live.get(_WORKLOADS[of], ()):
        marks = renewed.template_marks(workload, kind)
        if not aim or (marks != aim and not needed):
            continue
        ref = Ref.of({**workload, "apiVersion": "apps/v1", "kind": _WORKLOADS[of]})
        if marks != aim:
            return Due(patches=[(ref, renewed.marked(kind, aim))])
        if of == SERVER:
            return restarts.judged(_servers(place, live), _only_servers(live), answers)
        if said := verdict(Condition(ref, "rollout"), {**workload, "kind": ref.kind}):
            return Due(lags=[f"{ref.kind} {ref.name} restarts: {said}"])
    return Due()


def _only_servers(live: Live) -> Live:
    return {**live, "Pod": [pod for pod in live.get("Pod", ()) if component(pod) == SERVER]}


def _servers(place: StepPlace, live: Live) -> restarts.Place:
    """Return where servers restart. Those of a secondary do not while their primary is silent: the new leader could sign no certificate."""
    return restarts.Place(place.namespace, next(map(primary_of, live.get("StatefulSet", ())), ""))


def permissions(namespace: str, *components: str) -> list[dict[str, str]]:
    """Return the rights to find pods, to ask them, and to restart them."""
    wanted = [("", "pods", verb) for verb in ("list", "get", "delete")] + [("", "pods/portforward", verb) for verb in ("get", "create")]
    wanted += [("apps", f"{_WORKLOADS[one].lower()}s", verb) for one in components for verb in ("list", "get", "patch")]
    return [{"verb": verb, "group": group, "resource": resource, "namespace": namespace} for group, resource, verb in wanted]
