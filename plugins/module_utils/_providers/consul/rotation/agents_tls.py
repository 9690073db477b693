# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the certificates that servers and client agents show each other. Their CA stays.

Agents take a certificate when they are told to reload. What an older version still shows on some port after that goes with an ordered restart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition, verdict
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Greeting, Question, Read, Tls
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import SETTLE, Step, StepPlace
from ...._mesh.trust.prepared import CERTIFICATE, PreparedSecret
from ...._mesh.trust.root_secret import decoded
from .. import api
from ..install import restarts
from ..names import AGENT_TLS, DOMAIN, GRPC, HTTPS, RPC, SERVER, SERVER_TLS, SHARED, TOKENS, labelled
from ..trust.trust import blocks, secrets

KIND = "agents"
_SERVER, _CLIENT = "server", "client"
_HELD = {_SERVER: SERVER_TLS, _CLIENT: AGENT_TLS}
_PORTS = {_SERVER: (HTTPS, GRPC, RPC), _CLIENT: (HTTPS, GRPC)}


def renews(namespace: str, cluster: str) -> list[PreparedSecret]:
    return [one for one in secrets(namespace, cluster) if one.signed]


def _component(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get("component") or "")


def _running(live: Live) -> list[Object]:
    pods = [pod for pod in live.get("Pod", ()) if _component(pod) in _HELD and (pod.get("status") or {}).get("phase") == "Running"]
    return sorted((pod for pod in pods if not pod["metadata"].get("deletionTimestamp")), key=lambda pod: str(pod["metadata"]["name"]))


def _secret(live: Live, component: str) -> Object | None:
    return next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == _HELD[component]), None)


def _greeting(pod: Object, port: int) -> Greeting:
    """Return how to see the certificate of a port. Servers ask for one in return, but show theirs first."""
    return Greeting(pod["metadata"]["namespace"], pod["metadata"]["name"], port, alpn=("h2",) if port == GRPC else ())


def _greetings(live: Live) -> list[Greeting]:
    return [_greeting(pod, port) for pod in _running(live) for port in _PORTS[_component(pod)]]


def _late(live: Live, answers: Answers, only: int = 0) -> Iterator[tuple[Object, str]]:
    """Yield each pod that does not show the certificate of its Secret, with half a sentence. `only` is a port; without it all ports count."""
    wanted = {component: blocks(renewed.wanted(_secret(live, component), CERTIFICATE))[:1] for component in _HELD}
    for pod in _running(live):
        ports = [port for port in _PORTS[_component(pod)] if only in (0, port)]
        own = wanted[_component(pod)]
        other = [port for port in ports if not own or blocks(answers.shown.get(_greeting(pod, port)) or b"")[:1] != own]
        if other:
            shown = " and ".join(map(str, other))
            yield pod, f"{pod['metadata']['name']} does not show its new certificate on port {shown} yet"


def _unsettled(live: Live) -> list[str]:
    held = {component: secret for component in _HELD if (secret := _secret(live, component))}
    return [f"the Secret {_HELD[one]} still holds the former certificate" for one, secret in held.items() if not renewed.is_settled(secret, CERTIFICATE)]


def _reloaded(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Tell each agent to reload until its HTTPS port shows the certificate. The kubelet brings the Secret into the pod within two minutes."""
    if lags := _unsettled(live):
        return Due(lags=lags)
    if not api.servers(live):
        return Due(lags=["no server of Consul is ready"])
    late = list(_late(live, answers, HTTPS))
    orders = [DueOrder(f"a reload of {pod['metadata']['name']}", _reload(place, live, pod)) for pod, _says in late]
    return Due(orders=orders, lags=[says for _pod, says in late])


def _reload(place: StepPlace, live: Live, pod: Object) -> Question:
    """Return the request. An agent without a loopback port of its own is asked on its TLS port, and shows a certificate of the same CA."""
    token = api.token(live, api.is_secondary(live))
    asked = api.put("reload", pod, "/v1/agent/reload", token, {})
    if _component(pod) == _SERVER:
        return asked
    ca = decoded(((_secret(live, _CLIENT) or {}).get("data") or {}).get("ca.crt"))
    tls = Tls(ca, f"client.{place.cluster}.{DOMAIN}")
    return Question(asked.about, asked.namespace, asked.pod, HTTPS, asked.path, asked.method, asked.headers, asked.body, tls)


def _restarted(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Restart who still shows the former certificate on some port: servers one after the other, then the agents of the nodes."""
    if lags := _unsettled(live):
        return Due(lags=lags)
    if not api.servers(live):
        return Due(lags=["no server of Consul is ready"])
    late = {str(pod["metadata"]["name"]): says for pod, says in _late(live, answers)}
    for component, kind in ((_SERVER, "StatefulSet"), (_CLIENT, "DaemonSet")):
        own = [pod for pod in _running(live) if _component(pod) == component and pod["metadata"]["name"] in late]
        for workload in live.get(kind, ()):
            due = _of(place, live, answers, workload, component, bool(own))
            if not due.complete:
                return due
    return Due(lags=list(late.values()))


def _of(place: StepPlace, live: Live, answers: Answers, workload: Object, component: str, late: bool) -> Due:
    """Return what is due for a workload. Its template names the rotation for which its pods restart, so that a run that was killed goes on."""
    aim = renewed.rotation_of(_secret(live, component), KIND)
    ref = Ref.of({"apiVersion": "apps/v1", "kind": "StatefulSet" if component == _SERVER else "DaemonSet", **workload})
    if not aim or (renewed.template_marks(workload, KIND) != aim and not late):
        return Due()
    if renewed.template_marks(workload, KIND) != aim:
        return Due(patches=[(ref, renewed.marked(KIND, aim))])
    if component == _SERVER:
        return restarts.judged(_servers(place, live), _only_servers(live), answers)
    said = verdict(Condition(ref, "rollout"), {"kind": ref.kind, **workload})
    return Due(lags=[f"the agents of the nodes restart: {said}"] if said else [])


def _only_servers(live: Live) -> Live:
    return {**live, "Pod": [pod for pod in live.get("Pod", ()) if _component(pod) == _SERVER]}


def _servers(place: StepPlace, live: Live) -> restarts.Place:
    """Return where servers restart. Those of a secondary do not while their primary is silent: the new leader could sign no certificate."""
    primary = _primary(live)
    return restarts.Place(place.namespace, primary if primary != place.cluster else "")


def _primary(live: Live) -> str:
    text = next((str((one.get("data") or {}).get("server.json") or "") for one in live.get("ConfigMap", ())), "")
    try:
        config: Mapping[str, object] = json.loads(text or "{}")
    except ValueError:
        return ""
    return str(config.get("primary_datacenter") or "")


def _questions(place: StepPlace, live: Live) -> list[Question]:
    return restarts.questions(_servers(place, live), _only_servers(live))


def _reads(place: StepPlace) -> list[Read | Ref]:
    workloads = (Read("apps/v1", kind, place.namespace, labelled(one)) for kind, one in (("StatefulSet", _SERVER), ("DaemonSet", _CLIENT)))
    pods = (Read("v1", "Pod", place.namespace, labelled(component)) for component in _HELD)
    secret = (Ref("v1", "Secret", name, place.namespace) for name in (TOKENS, SHARED, SERVER_TLS, AGENT_TLS))
    return [*workloads, *pods, *secret, Ref("v1", "ConfigMap", SERVER, place.namespace)]


def _look_of_reload(place: StepPlace) -> Look[Due]:
    return Look(_reads(place), partial(_reloaded, place), greets=_greetings)


def _look_of_restart(place: StepPlace) -> Look[Due]:
    return Look(_reads(place), partial(_restarted, place), partial(_questions, place), _greetings)


STEPS = (
    SETTLE,
    Step("reload", "have servers and agents load their new certificates", _look_of_reload),
    Step("restart", "restart those who show the former certificate on some port, one server after the other", _look_of_restart),
)


def permissions(namespace: str) -> list[dict[str, str]]:
    """Return the rights: to find and ask servers and agents, to see their certificates, and to restart them."""
    wanted = [("", "pods", "list"), ("", "pods", "get"), ("", "pods", "delete"), ("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
    wanted += [("apps", kind, verb) for kind in ("statefulsets", "daemonsets") for verb in ("list", "get", "patch")]
    rights = [{"verb": verb, "group": group, "resource": resource, "namespace": namespace} for group, resource, verb in wanted]
    named = [("secrets", name) for name in (TOKENS, SHARED)] + [("configmaps", SERVER)]
    return [*rights, *({"verb": "get", "group": "", "resource": resource, "namespace": namespace, "name": name} for resource, name in named)]
