# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Workloads` for Consul. From manifests nothing injects a sidecar, so a run gives one to the workloads that the inventory names.

With HashiCorp's chart a webhook does, so a run gives them the annotations that ask for one (injected.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.due import Due, DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.workloads.service_wish import ServiceSet, ServiceWish
from .. import api, datacenter
from ..install.chart import stages as chart
from ..names import AGENT_TLS, SHARED, TOKENS, labelled
from ..settings import Settings
from . import entries, identity, injected, sidecar

_TOKENS = "/v1/acl/tokens"


def joined(wish: ControlPlane, service: ServiceWish, workload: Object) -> Manifest:
    """Return the sidecar of a workload. Refuse what could not register, or what would serve only sometimes."""
    settings, place = Settings.of(wish), f"{wish.cluster}: {Ref.of(workload)}"
    if chart.used(wish):
        return injected.part(wish, service, workload)
    if not settings.agents.enabled:
        raise Refused(f"{place}: a sidecar registers with the agent of its node, and mesh_values.agents.enabled is false. Set it to true.")
    pod = workload["spec"]["template"]["spec"]
    grace = pod.get("terminationGracePeriodSeconds", 30)
    if grace <= sidecar.DRAIN:
        raise Refused(f"{place} gives its pods {grace} s to end, but its sidecar serves {sidecar.DRAIN} s longer. Raise terminationGracePeriodSeconds.")
    taken = {port["containerPort"] for one in pod.get("containers", ()) for port in one.get("ports") or ()} | {service.port}
    if both := sorted(taken & set(sidecar.ports(service))):
        ports = " and ".join(map(str, both))
        raise Refused(f"{place}: the workload and its sidecar would both take port {ports}. Choose another port in the workload, or for the upstream.")
    return sidecar.part(wish, settings, service, workload)


def due(wish: ControlPlane, services: ServiceSet) -> Look[Due]:
    """Return what workloads need before they have their sidecar: a Secret with a token of the service, and config entries.

    With HashiCorp's chart the token is its controller's, which needs a Service.
    """
    reads = [*_reads(wish, services), *(injected.service_refs(services) if chart.used(wish) else ())]
    return Look(reads, partial(_due, wish, services), partial(_questions, wish, services))


def spare(wish: ControlPlane, services: ServiceSet) -> Look[Due]:
    """Return the tokens, and their Secrets, of services that the set does not name any more. Consul's list of tokens tells which they are.

    HashiCorp's chart has sidecars and tokens of its own.
    """
    if chart.used(wish):
        return Look((), _nothing)
    return Look(_reads(wish, services), partial(_spare, wish, services), partial(_questions, wish, ServiceSet(services.name)))


def _nothing(_live: Live, _answers: Answers) -> Due:
    return Due()


def _reads(wish: ControlPlane, services: ServiceSet) -> list[Read | Ref]:
    known = [Ref("v1", "Secret", name, wish.namespace) for name in (TOKENS, SHARED, AGENT_TLS)]
    return [Read("v1", "Pod", wish.namespace, labelled("server")), *known, *map(identity.secret_ref, services.services)]


def _token(wish: ControlPlane, live: Live) -> str:
    return api.token(live, datacenter.kind(wish) == datacenter.SECONDARY)


def _questions(wish: ControlPlane, services: ServiceSet, live: Live) -> list[Question]:
    """Ask one server: the answers of all of them are those of their leader."""
    asked = {"tokens": _TOKENS, **({kind: f"/v1/config/{kind}" for kind in entries.KINDS} if entries.wanted(wish, services) else {})}
    return [api.get(about, pod, path, _token(wish, live)) for pod in api.servers(live)[:1] for about, path in asked.items()]


def _known(wish: ControlPlane, live: Live, answers: Answers) -> tuple[dict[str, list[Any]], str]:
    """Return what Consul lists, and why it does not, as half a sentence."""
    lists = {question.about: api.listed(text) for question, text in answers.items()}
    if silent := sorted(about for about, listed in lists.items() if listed is None):
        return {}, f"the server {api.servers(live)[0]['metadata']['name']} did not list its {' and '.join(silent)}"
    return {about: listed or [] for about, listed in lists.items()}, "" if lists else "no server of Consul is ready"


def _due(wish: ControlPlane, services: ServiceSet, live: Live, answers: Answers) -> Due:
    if not services.services:
        return Due()
    known, fault = _known(wish, live, answers)
    by_chart = chart.used(wish)
    fault = fault or (injected.lacks(services, live) if by_chart else identity.lacks(live))
    if fault:
        return Due(fault=fault)
    pod = api.servers(live)[0]
    orders = [] if by_chart else list(identity.orders(wish, services, live, pod, known["tokens"]))
    if entries.wanted(wish, services):
        orders += entries.orders(wish, services, pod, _token(wish, live), known)
    return Due(manifests=[] if by_chart else identity.secrets(wish, services, live), orders=orders)


def _spare(wish: ControlPlane, services: ServiceSet, live: Live, answers: Answers) -> Due:
    """Return nothing where no server is left to say what there is: a second teardown has nothing to do."""
    if not live.get("Pod"):
        return Due()
    known, fault = _known(wish, live, answers)
    if fault:
        return Due(fault=fault)
    pod, token = api.servers(live)[0], _token(wish, live)
    leaving = list(_leaving(wish, services, live, known["tokens"]))
    asked = [(place, api.put("order", pod, f"{_TOKENS[:-1]}/{name}", token, {}, "DELETE")) for name, place, _ref in leaving]
    orders = [DueOrder(f"the token of the service {place}", question) for place, question in asked]
    return Due(orders=orders, removes=[ref for _name, _place, ref in leaving if ref])


def _leaving(wish: ControlPlane, services: ServiceSet, live: Live, tokens: Sequence[Object]) -> Iterator[tuple[str, str, Ref | None]]:
    """Yield each token of the set that it does not name, whose it was, and its Secret. With another key a service has another token and the same Secret."""
    wanted = {identity.accessor(wish, one, live) for one in services.services}
    places = {f"{one.namespace}/{one.service}" for one in services.services}
    start = identity.of_set(wish, services.name)
    for one in tokens:
        name, description = str(one.get("AccessorID")), str(one.get("Description") or "")
        if name not in wanted and description.startswith(start):
            place = description.removeprefix(start)
            namespace, _slash, service = place.partition("/")
            yield name, place, None if place in places else identity.secret_ref(ServiceWish(service, namespace, 0))


def permissions(namespace: str) -> list[dict[str, str]]:
    """Return the rights that this needs beside those of an install: workloads may be in any namespace."""
    rights = [("get", "", "secrets"), ("create", "", "secrets"), ("patch", "", "secrets"), ("delete", "", "secrets")]
    rights += [(verb, "apps", kind) for kind in ("daemonsets", "deployments", "statefulsets") for verb in ("get", "list", "patch")]
    rights += [("list", "policy", "poddisruptionbudgets"), ("get", "", "services")]
    return [{"verb": verb, "group": group, "resource": resource} for verb, group, resource in rights]
