# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Install` for OpenShift Service Mesh 3: an Istio for each revision, which the operator brings to run, and gateways of our own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...._mesh.install.claim import Claim
from ...._mesh.install.mirror import Needed
from ...._mesh.install.stage import Stage
from ...._mesh.install.supply import RetiredReference
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.preflight.requirements import Requirements
from ...._mesh.question import Answers
from ...istio_family.install import handed_out, passage, places
from ...istio_family.install.probing import probing
from ...istio_family.links import remote_secret
from .. import kinds
from ..revisions import placed
from . import ambient, control_plane, gateway_size, gateways, in_use, node_agents, operator, rights, running, supply
from . import claims as names
from .requirements import REQUIREMENTS


def requirements() -> Requirements:
    """Return what the mesh requires of a cluster and of an inventory."""
    return REQUIREMENTS


def permissions(namespace: str, platform: str = "", probe: str = "", source: str = "") -> list[dict[str, str]]:
    """Return the rights that an install needs. `probe` is the namespace of the echo servers, empty if traffic is not verified."""
    return [*rights.installing(namespace, platform), *(probing(probe) if probe else [])]


def claims(wish: ControlPlane, peers: Iterable[str] = (), gateway: bool = True) -> list[Claim]:
    """Return the names of what the install writes itself."""
    return names.claims(wish, peers, gateway)


def stages(wish: ControlPlane) -> list[Stage]:
    """Return the stages. The operator is judged before the first write, and tags come when their revision runs."""
    leading, size = control_plane.way(wish), gateway_size.size(wish)
    gateway = [*gateways.manifests(wish), *passage.manifests(wish)]
    plugin = [Stage("network plugin", "control_plane", then=running.plugin(wish))] if control_plane.has_cni(wish) else []
    revision = Stage("revision", "control_plane", manifests=[control_plane.istio(wish)], then=running.revision(wish))
    # In ambient mode the agents of nodes are never ahead of their control plane.
    nodes = [revision, *plugin, Stage("ztunnel", "control_plane", then=ambient.running(wish))] if ambient.wanted(wish) else [*plugin, revision]
    return [
        Stage("operator", "control_plane", then=operator.able(wish)),
        Stage("namespaces", "control_plane", manifests=control_plane.spaces(wish)),
        *nodes,
        *([Stage("tags", "control_plane", manifests=leading, ready=_led(wish))] if leading else []),
        Stage("entrance", "gateways", then=gateways.door(wish)),
        Stage("gateway", "gateways", manifests=gateway, ready=[_serving(wish)], healthy=True, then=gateways.surplus(wish)),
        *([Stage("size of the gateway", "gateways", then=size)] if size else []),
    ]


def _led(wish: ControlPlane) -> list[Condition]:
    """Return when the tags lead to the revision: the operator says so of its own."""
    own = [tag for tag in control_plane.tags(wish) if tag["kind"] == kinds.TAG]
    return [Condition(Ref.of(tag), "field", path="status.istioRevision", value=wish.revision) for tag in own]


def _serving(wish: ControlPlane) -> Condition:
    return Condition(Ref("apps/v1", "Deployment", passage.NAME, wish.namespace), "rollout")


def teardown(wish: ControlPlane) -> list[Stage]:
    """Return the stages of a teardown. Operands go while their operator still runs, and an Istio that somebody uses does not go at all."""
    leading = control_plane.way_left(wish)
    istio, revision = kinds.manifest(kinds.ISTIO, placed(wish).istio, {}), kinds.ref(kinds.REVISION, wish.revision)
    left = [*control_plane.account(wish), remote_secret.account(wish.namespace), *control_plane.left(wish)]
    return [
        Stage("users", "gateways", then=in_use.refused(wish)),
        Stage("passage", "gateways", manifests=passage.leftovers(wish)),
        Stage("gateway", "gateways", manifests=gateways.leftovers(wish)),
        *([Stage("tags", "control_plane", manifests=leading, ready=_absent(*map(Ref.of, leading)), then=in_use.refused(wish))] if leading else []),
        *([Stage("ztunnel", "control_plane", then=node_agents.ztunnel(wish))] if ambient.wanted(wish) else []),
        # A revision has a finalizer of the operator, and goes after its Istio.
        Stage("revision", "control_plane", manifests=[istio], ready=_absent(Ref.of(istio), revision), then=in_use.others(wish)),
        *([Stage("network plugin", "control_plane", then=node_agents.plugin(wish))] if control_plane.has_cni(wish) else []),
        Stage("what is left", "control_plane", manifests=left),
    ]


def _absent(*refs: Ref) -> list[Condition]:
    return [Condition(ref, "absent") for ref in refs]


def leftovers(namespace: str, revision: str) -> Look[list[Ref]]:
    """Find the roots and revocations that a revision handed out to all namespaces."""
    return Look(handed_out.READS, partial(_left, namespace, revision))


def _left(namespace: str, revision: str, live: Live, _answers: Answers) -> list[Ref]:
    return handed_out.left(namespace, revision, live)


def supplies(wish: ControlPlane) -> list[Needed]:
    """Return the images that the operator lets nodes pull. Charts are in the operator's own image."""
    return supply.images(wish)


def retired(namespace: str) -> Look[list[RetiredReference]]:
    """Find what names a registry or chart repository that shuts down."""
    return Look(places.reads(namespace), _named)


def _named(live: Live, _answers: Answers) -> list[RetiredReference]:
    return places.named(live)
