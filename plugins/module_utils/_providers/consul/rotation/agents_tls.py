# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the certificates that servers and client agents show each other. Their CA stays; agents_ca.py replaces it, by the same reloads.

Agents take a certificate when they are told to reload. What an older version still shows on some port after that goes with an ordered restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Greeting, Question, Read, Tls
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import SETTLE, Step, StepPlace
from ...._mesh.trust.prepared import CERTIFICATE, PreparedSecret
from ...._mesh.trust.root_secret import decoded
from .. import api
from ..names import AGENT_TLS, DOMAIN, GRPC, HTTPS, RPC, SERVER_TLS, SHARED, TOKENS, labelled
from ..trust.trust import blocks, secrets
from . import restarting
from .restarting import CLIENT, SERVER, component

KIND = "agents"
_HELD = {SERVER: SERVER_TLS, CLIENT: AGENT_TLS}
_PORTS = {SERVER: (HTTPS, GRPC, RPC), CLIENT: (HTTPS, GRPC)}


def renews(namespace: str, cluster: str) -> list[PreparedSecret]:
    return [one for one in secrets(namespace, cluster) if one.signed]


def _running(live: Live) -> list[Object]:
    pods = [pod for pod in live.get("Pod", ()) if component(pod) in _HELD and (pod.get("status") or {}).get("phase") == "Running"]
    return sorted((pod for pod in pods if not pod["metadata"].get("deletionTimestamp")), key=lambda pod: str(pod["metadata"]["name"]))


def _secret(live: Live, of: str) -> Object | None:
    return next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == _HELD[of]), None)


def _greeting(pod: Object, port: int) -> Greeting:
    """Return how to see the certificate of a port. Servers ask for one in return, but show theirs first."""
    return Greeting(pod["metadata"]["namespace"], pod["metadata"]["name"], port, alpn=("h2",) if port == GRPC else ())


def greetings(live: Live) -> list[Greeting]:
    return [_greeting(pod, port) for pod in _running(live) for port in _PORTS[component(pod)]]


def _late(live: Live, answers: Answers, only: int = 0) -> Iterator[tuple[Object, str]]:
    """Yield each pod that does not show the certificate of its Secret, with half a sentence. `only` is a port; without it all ports count."""
    wanted = {one: blocks(renewed.wanted(_secret(live, one), CERTIFICATE))[:1] for one in _HELD}
    for pod in _running(live):
        ports = [port for port in _PORTS[component(pod)] if only in (0, port)]
        own = wanted[component(pod)]
        other = [port for port in ports if not own or blocks(answers.shown.get(_greeting(pod, port)) or b"")[:1] != own]
        if other:
            shown = " and ".join(map(str, other))
            yield pod, f"{pod['metadata']['name']} does not show its new certificate on port {shown} yet"


def _unsettled(live: Live) -> list[str]:
    held = {one: secret for one in _HELD if (secret := _secret(live, one))}
    return [f"the Secret {_HELD[one]} still holds the former certificate" for one, secret in held.items() if not renewed.is_settled(secret, CERTIFICATE)]


def _reloaded(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Tell each agent to reload until its HTTPS port shows the certificate. The kubelet brings the Secret into the pod within two minutes."""
    if said := restarting.refusal(live):
        return Due(refusal=said)
    if lags := _unsettled(live):
        return Due(lags=lags)
    if not api.servers(live):
        return Due(lags=["no server of Consul is ready"])
    late = list(_late(live, answers, HTTPS))
    orders = [DueOrder(f"a reload of {pod['metadata']['name']}", _reload(place, live, pod), alone=True) for pod, _says in late]
    return Due(orders=orders, lags=[says for _pod, says in late])


def _reload(place: StepPlace, live: Live, pod: Object) -> Question:
    """Return the request. An agent without a loopback port of its own is asked on its TLS port, and shows a certificate of the same CA."""
    token = api.token(live, api.is_secondary(live))
    asked = api.put("reload", pod, "/v1/agent/reload", token, {})
    if component(pod) == SERVER:
        return asked
    ca = decoded(((_secret(live, CLIENT) or {}).get("data") or {}).get("ca.crt"))
    tls = Tls(ca, f"client.{place.cluster}.{DOMAIN}")
    return Question(asked.about, asked.namespace, asked.pod, HTTPS, asked.path, asked.method, asked.headers, asked.body, tls)


def restarted(kind: str, place: StepPlace, live: Live, answers: Answers) -> Due:
    """Restart who still shows the former certificate on some port: servers one after the other, then the agents of the nodes."""
    if said := restarting.refusal(live):
        return Due(refusal=said)
    if lags := _unsettled(live):
        return Due(lags=lags)
    if not api.servers(live):
        return Due(lags=["no server of Consul is ready"])
    late = list(_late(live, answers))
    for one in _HELD:
        aim = renewed.rotation_of(_secret(live, one), kind)
        due = restarting.due(place, live, answers, kind, one, aim, any(component(pod) == one for pod, _says in late))
        if not due.complete:
            return due
    return Due(lags=[says for _pod, says in late])


def reads(place: StepPlace) -> list[Read | Ref]:
    pods = (Read("v1", "Pod", place.namespace, labelled(one)) for one in _HELD)
    held = (Ref("v1", "Secret", name, place.namespace) for name in (TOKENS, SHARED, SERVER_TLS, AGENT_TLS))
    return [*restarting.reads(place, *_HELD), *pods, *held]


def look_of_reload(place: StepPlace) -> Look[Due]:
    return Look(reads(place), partial(_reloaded, place), greets=greetings)


def look_of_restart(kind: str, place: StepPlace) -> Look[Due]:
    return Look(reads(place), partial(restarted, kind, place), partial(restarting.questions, place), greetings)


STEPS = (
    SETTLE,
    Step("reload", "have servers and agents load their new certificates", look_of_reload),
    Step("restart", "restart those who show the former certificate on some port, one server after the other", partial(look_of_restart, KIND)),
)


def permissions(namespace: str) -> list[dict[str, str]]:
    """Return the rights: to find and ask servers and agents, to see their certificates, and to restart them."""
    read = [{"verb": "get", "group": "", "resource": "secrets", "namespace": namespace, "name": name} for name in (TOKENS, SHARED)]
    return [*restarting.permissions(namespace, *_HELD), *read]
