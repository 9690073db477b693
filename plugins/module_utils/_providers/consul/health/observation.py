# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the objects of a cluster and the answers of Consul's servers into facts about what runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...._mesh.health.health import ControlPlaneRevision, Gateway, HealthFacts, Proxy, Remote
from ...._mesh.health.servers import NodeAgents, OtherCatalogue
from ...._mesh.health.stuck import why
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.report.managed import kept
from .. import api, envoy
from ..gateways.addresses import addresses
from ..links.peer_secret import LABEL as PEER
from ..members import datacenters
from ..names import GATEWAY, INJECTED, PROXY, SHARED, TOKENS, labelled, primary_of
from ..objects import edited
from . import catalogue, primary, quorum, signing

_ASKED = {
    "self": "/v1/agent/self",
    "raft": "/v1/operator/raft/configuration",
    "wan": "/v1/agent/members?wan=1",
    "peerings": "/v1/peerings",
    "replication": "/v1/acl/replication",
}
_KEPT = ("StatefulSet", "Deployment", "DaemonSet", "Service", "Secret")


def reads(namespace: str) -> list[Read | Ref]:
    """Read servers, agents, gateways and their Services, links, the Secrets with tokens, and the pods with a sidecar."""
    return [
        Read("apps/v1", "StatefulSet", namespace, labelled("server")),
        Read("apps/v1", "DaemonSet", namespace, labelled("client")),
        Read("apps/v1", "Deployment", namespace, labelled("mesh-gateway")),
        Read("v1", "Pod", namespace, "app=consul"),
        Read("v1", "Service", namespace, labelled("mesh-gateway")),
        Read("v1", "Secret", namespace, PEER, metadata_only=True),
        Ref("v1", "Secret", TOKENS, namespace),
        Ref("v1", "Secret", SHARED, namespace),
        Read("v1", "Pod", None, PROXY, metadata_only=True),
        Read("v1", "Pod", None, INJECTED, metadata_only=True),
    ]


def questions(live: Live) -> list[Question]:
    """Ask each server that is ready: one that is cut off answers something else than the others."""
    secondary = api.is_secondary(live)
    token = api.token(live, secondary)
    senseless = {*(() if secondary else ("replication",)), *(() if api.peers(live) else ("peerings",))}
    paths = {about: path for about, path in _ASKED.items() if about not in senseless}
    ruler = ruling(live)
    asked = [api.get(about, pod, path, token) for pod in api.servers(live) for about, path in paths.items()]
    asked += [api.get(signing.ABOUT, pod, signing.PATH, token) for pod in api.servers(live)[:1]]
    return [*asked, *(primary.questions(ruler, api.servers(live), token) if ruler else ()), *(() if secondary else edited.questions(live, token))]


def further(cluster: str, live: Live, answers: Answers) -> list[Question]:
    """Ask for the services of the datacenters that the first answers named."""
    return catalogue.questions(cluster, live, answers, api.token(live, api.is_secondary(live)))


def ruling(live: Live) -> str:
    """Return the name of a secondary's primary, as the install noted it; empty for all others."""
    return next((primary_of(one) for one in live.get("StatefulSet", ())), "")


def health(cluster: str, live: Live, answers: Answers) -> HealthFacts:
    """Return the facts. `answered` are the servers that said which other datacenters they see."""
    seen, others = quorum.seen(live, answers), catalogue.seen(answers)
    return HealthFacts(
        cluster=cluster,
        planes=[_plane(one, api_pods(live, "server")) for one in live.get("StatefulSet", ())],
        remotes=_remotes(cluster, answers),
        gateways=[_gateway(one, live) for one in live.get("Deployment", ())],
        links=sorted(str(one["metadata"]["labels"][PEER]) for one in live.get("Secret", ()) if PEER in (one["metadata"].get("labels") or {})),
        reachable_networks=None,
        proxies=[Proxy(str(pod["metadata"]["name"]), str(pod["metadata"]["namespace"]), "") for pod in live.get("Pod", ()) if _has_proxy(pod)],
        answered=sorted({question.pod for question, text in answers.items() if question.about == "wan" and api.listed(text) is not None}),
        unanswered=sorted(f"{question.pod}{question.path}" for question, text in answers.items() if text is None and question.about in ("self", "wan")),
        served_by=seen.primary,
        faults=[*seen.faults, *edited.faults(answers), *_apart(live, answers, others)],
        deadlines=primary.deadlines(live, answers),
        kept=kept(one for kind in _KEPT for one in live.get(kind, ())),
        noticed=[*_noticed(live, answers), *catalogue.noticed(others)],
        quorum=seen.quorum,
        agents=next((_agents(one, live) for one in live.get("DaemonSet", ())), None),
        catalogues=others,
        line=signing.line(answers, api.is_secondary(live)),
    )


def _apart(live: Live, answers: Answers, others: Sequence[OtherCatalogue]) -> Iterator[str]:
    """Yield what is wrong between datacenters. That a primary does not answer says why nobody reads its catalogue."""
    lost = list(primary.faults(ruling(live), answers)) if ruling(live) else []
    return iter(lost or catalogue.faults(others))


def _noticed(live: Live, answers: Answers) -> Iterator[str]:
    """Yield what is to be known of the Envoy of the mesh gateways. HashiCorp's chart has it in an image of another name."""
    itself = api.mapped(api.only(answers, "self")) or {}
    images = {str(one["image"]) for each in live.get("Deployment", ()) for one in each["spec"]["template"]["spec"]["containers"] if one["name"] == "envoy"}
    yield from filter(None, (envoy.unlisted(itself, image) for image in sorted(images)))


def _agents(daemons: Object, live: Live) -> NodeAgents:
    """Return the client agents, with which sidecars register."""
    status = daemons.get("status") or {}
    desired, ready = (int(status.get(number) or 0) for number in ("desiredNumberScheduled", "numberReady"))
    stuck = why(daemons, api_pods(live, "client")) if ready < desired else None
    return NodeAgents(desired, ready, stuck.text if stuck else "", bool(stuck and stuck.lasting))


def api_pods(live: Live, component: str) -> list[Object]:
    return [pod for pod in live.get("Pod", ()) if (pod["metadata"].get("labels") or {}).get("component") == component]


def _has_proxy(pod: Object) -> bool:
    return not {PROXY, INJECTED}.isdisjoint(pod["metadata"].get("labels") or {})


def _plane(workload: Object, pods: Sequence[Object]) -> ControlPlaneRevision:
    status, wanted = workload.get("status") or {}, int(workload["spec"].get("replicas") or 0)
    ready = int(status.get("readyReplicas") or 0)
    image = str(workload["spec"]["template"]["spec"]["containers"][0]["image"]).rsplit("/", 1)[-1].partition("@")[0]
    stuck = why(workload, pods) if ready < max(wanted, 1) else None
    return ControlPlaneRevision("", image.partition(":")[2] or image, wanted, ready, stuck.text if stuck else "", bool(stuck and stuck.lasting))


def _remotes(cluster: str, answers: Answers) -> list[Remote]:
    """Return what each server says of other datacenters: members of its federation, and peers."""
    remotes = []
    for question, text in answers.items():
        if question.about == "wan":
            remotes += [Remote(question.pod, name, status) for name, status in datacenters(api.listed(text) or []).items() if name != cluster]
        elif question.about == "peerings":
            remotes += [Remote(question.pod, str(one.get("Name")), _state(str(one.get("State")))) for one in api.listed(text) or []]
    return remotes


def _state(state: str) -> str:
    return "synced" if state == "ACTIVE" else state.lower()


def _gateway(deployment: Object, live: Live) -> Gateway:
    meta, pods = deployment["metadata"], api_pods(live, "mesh-gateway")
    desired, ready = int((deployment.get("spec") or {}).get("replicas") or 0), int((deployment.get("status") or {}).get("readyReplicas") or 0)
    stuck = why(deployment, pods) if ready < max(desired, 1) else None
    service = next((one for one in live.get("Service", ()) if one["metadata"]["name"] == GATEWAY), None)
    reached = addresses(service, [pod for pod in pods if api.ready(pod)])
    return Gateway(str(meta["name"]), str(meta["namespace"]), "", desired, ready, reached, stuck.text if stuck else "", bool(stuck and stuck.lasting))
