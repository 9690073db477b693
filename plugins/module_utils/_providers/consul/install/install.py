# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Install` for Consul: install it from manifests or by HashiCorp's chart, and remove it."""

from __future__ import annotations

from collections.abc import Iterable

from ...._mesh.errors import Refused
from ...._mesh.install.claim import Claim
from ...._mesh.install.mirror import Needed
from ...._mesh.install.stage import Stage
from ...._mesh.install.supply import RetiredReference
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest
from ...._mesh.preflight.requirements import Requirements
from ...._mesh.question import Answers
from .. import datacenter
from ..names import AGENT_TLS, CONNECT_CA, SERVER, SERVER_TLS, SHARED, TOKENS
from ..objects import entries
from ..settings import Images, Settings
from . import agent_config, agentless, agents, departure, gateway, images, joining, product, restarts, rights, servers
from .chart import rights as chart_rights
from .chart import stages as chart
from .requirements import REQUIREMENTS

SOURCE = "manifests"


def requirements() -> Requirements:
    """Return what Consul requires of a cluster and of an inventory."""
    return REQUIREMENTS


def permissions(namespace: str, platform: str = "", probe: str = "", source: str = "") -> list[dict[str, str]]:
    """Return the rights that an install needs. `probe` is the namespace of the echo servers, empty if traffic is not verified."""
    charted = source in chart.SOURCES
    needed = [*rights.installing(namespace, "" if charted else platform), *(rights.probing(probe) if probe else [])]
    more = chart_rights.installing(namespace, platform) if charted else []
    return [*needed, *(right for right in more if right not in needed)]


def claims(wish: ControlPlane, peers: Iterable[str] = (), gateway: bool = True) -> list[Claim]:
    """Return the names of what the stages write. Links make Secrets with names of their own, which no other tool makes."""
    if chart.used(wish):
        return chart.claims(wish)
    made = [one for stage in stages(wish) for one in stage.manifests if gateway or stage.part == "control_plane"]
    return [Claim(Ref.of(one)) for one in made if one["kind"] != "Namespace"]


def stages(wish: ControlPlane) -> list[Stage]:
    """Return the stages. The Secrets were made before: a cluster without them is refused when its namespace is there, and not by pods that never start."""
    if chart.used(wish):
        return chart.stages(wish)
    settings = _settled(wish)
    serving, entrance, passage = servers.manifests(wish, settings), gateway.entrance(wish, settings), gateway.deployment(wish, settings)
    consent = joining.Consent(settings.connect.gives_up, settings.gateway.secondaries_know, settings.gateway.type, node_port=settings.gateway.node_port)
    secrets = [Condition(ref) for ref in _secrets(wish, settings)]
    made = [
        Stage("namespace", "control_plane", manifests=[_namespace(wish)], ready=secrets, then=joining.due(wish, consent)),
        Stage("servers", "control_plane", manifests=serving, ready=[Condition(Ref.of(serving[-1]), "rollout")], then=product.due(wish)),
        Stage("restarts", "control_plane", then=restarts.due(_place(wish, settings))),
    ]
    if settings.agents.enabled:
        every_node = agents.manifests(wish, settings)
        made.append(Stage("agents", "control_plane", manifests=every_node, ready=[Condition(Ref.of(every_node[-1]), "rollout")]))
    else:
        made.append(Stage("without agents", "control_plane", then=agentless.due(wish)))
    made += entries.stages(wish, settings.entries)
    asks = gateway.due(wish) if settings.gateway.type != "HostPort" else None
    made.append(Stage("entrance", "gateways", manifests=entrance, then=asks))
    made.append(Stage("gateway", "gateways", manifests=[passage], ready=[Condition(Ref.of(passage), "rollout")]))
    return made if settings.agents.enabled else [*made, Stage("without agents", "gateways", then=agentless.due(wish))]


def _place(wish: ControlPlane, settings: Settings) -> restarts.Place:
    """Return where servers restart. Only a secondary needs its primary for that."""
    if datacenter.kind(wish) != datacenter.SECONDARY:
        return restarts.Place(wish.namespace)
    return restarts.Place(wish.namespace, wish.primary, agent_config.gateways(wish, settings), settings.servers.restart_without_primary)


def _settled(wish: ControlPlane) -> Settings:
    """Return the settings. Refuse what cannot be installed."""
    datacenter.require_possible(wish)
    source = wish.charts.get("source") or SOURCE
    if source != SOURCE:
        known = ", ".join((*chart.SOURCES, SOURCE))
        raise Refused(f"{wish.cluster}: mesh_charts.source is {source}, but Consul comes from one of {known}. Correct it, or leave it out for {SOURCE}.")
    return Settings.of(wish)


def _namespace(wish: ControlPlane) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wish.namespace}}


def _secrets(wish: ControlPlane, settings: Settings) -> list[Ref]:
    names = [SHARED, TOKENS, SERVER_TLS, *([AGENT_TLS] if settings.agents.enabled else [])]
    first = [] if datacenter.kind(wish) == datacenter.SECONDARY else [CONNECT_CA]
    return product.wanted_secrets([*first, *names], wish.namespace)


def teardown(wish: ControlPlane) -> list[Stage]:
    """Return the way back: the gateway deregisters while a server hears it, agents leave, the servers are last, and a primary forgets them.

    Data and Secrets stay.
    """
    if chart.used(wish):
        return chart.teardown(wish)
    settings = _settled(wish)
    passage = gateway.deployment(wish, settings)
    address = gateway.address(wish, {})
    return [
        Stage("gateway", "gateways", manifests=[passage], ready=[Condition(Ref.of(passage), "absent")]),
        Stage("entrance", "gateways", manifests=[*gateway.entrance(wish, settings), address]),
        Stage("agents", "control_plane", manifests=agents.manifests(wish, settings)),
        Stage("servers", "control_plane", manifests=servers.manifests(wish, settings), ready=_ended(wish, settings)),
        *departure.stages(wish),
    ]


def _ended(wish: ControlPlane, settings: Settings) -> list[Condition]:
    """Return what holds when all servers have ended: one that still runs would tell the others that it did not leave."""
    return [Condition(Ref("v1", "Pod", f"{SERVER}-{number}", wish.namespace), "absent") for number in range(settings.servers.replicas)]


def leftovers(namespace: str, revision: str) -> Look[list[Ref]]:
    """Return nothing. The servers' data stays: a teardown would remove what this finds, and without its data no datacenter comes back."""
    return Look((), _nothing_left)


def _nothing_left(_live: Live, _answers: Answers) -> list[Ref]:
    return []


def supplies(wish: ControlPlane) -> list[Needed]:
    """Return the images, or the chart with its images, with their upstream names and those that the install uses."""
    if chart.used(wish):
        return chart.supplies(wish)
    pulled = images.of(wish, _settled(wish).images)
    known = ((images.consul(wish.version, {}, Images()), pulled.consul), (images.envoy(wish.version, {}, Images()), pulled.envoy))
    return [Needed("image", upstream, taken) for upstream, taken in known]


def retired(namespace: str) -> Look[list[RetiredReference]]:
    """Return nothing: no place from which Consul comes is known to shut down."""
    return Look((), _nothing)


def _nothing(_live: Live, _answers: Answers) -> list[RetiredReference]:
    return []
