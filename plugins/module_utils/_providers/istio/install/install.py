# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Install` for Istio: install it from its charts, and remove it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...._mesh.install import stage
from ...._mesh.install.claim import Claim
from ...._mesh.install.mirror import Needed, reference
from ...._mesh.install.stage import Stage
from ...._mesh.install.supply import RetiredReference
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.preflight.requirements import Requirements
from ...._mesh.question import Answers
from ...istio_family.install import handed_out, passage, places
from ...istio_family.install.probing import probing
from . import claims as names
from . import control_plane, gateways, rights, supply
from .requirements import REQUIREMENTS
from .staying import staying


def requirements() -> Requirements:
    """Return what Istio requires of a cluster and of an inventory."""
    return REQUIREMENTS


def permissions(namespace: str, platform: str = "", probe: str = "", source: str = "") -> list[dict[str, str]]:
    """Return the rights that an install needs: each a verb on a resource, cluster-wide unless it has a namespace.

    `probe` is the namespace of the echo servers, empty if traffic is not verified.
    """
    return [*rights.installing(namespace, platform), *(probing(probe) if probe else [])]


def claims(wish: ControlPlane, peers: Iterable[str] = (), gateway: bool = True) -> list[Claim]:
    """Return the names of what the releases, the tags and the links to other clusters write."""
    return names.claims(wish, peers, gateway)


def stages(wish: ControlPlane) -> list[Stage]:
    """Return the stages. Tags come after the charts, so that they lead to a running revision."""
    return [
        Stage("charts", "control_plane", releases=control_plane.releases(wish), healthy=wish.role == "primary"),
        Stage("namespace and tags", "control_plane", manifests=control_plane.manifests(wish)),
        Stage("gateway", "gateways", releases=gateways.releases(wish), manifests=passage.manifests(wish), healthy=True),
    ]


def teardown(wish: ControlPlane) -> list[Stage]:
    """Return the stages of a teardown: routes before the gateway, and last what the charts leave behind, also the CRDs.

    A teardown is refused that would leave webhooks of other revisions without a control plane.
    """
    return [
        Stage("passage", "gateways", manifests=passage.leftovers(wish)),
        Stage("gateway", "gateways", releases=gateways.releases(wish)),
        Stage("other revisions", "control_plane", then=staying(wish)),
        Stage("charts", "control_plane", releases=control_plane.releases(wish)),
        Stage("tags and what is left", "control_plane", manifests=control_plane.leftovers(wish)),
    ]


def leftovers(namespace: str, revision: str) -> Look[list[Ref]]:
    """Find the roots and revocations that a revision handed out to all namespaces."""
    return Look(handed_out.READS, partial(_left, namespace, revision))


def _left(namespace: str, revision: str, live: Live, _answers: Answers) -> list[Ref]:
    return handed_out.left(namespace, revision, live)


def supplies(wish: ControlPlane) -> list[Needed]:
    """Return the charts of the releases and the images that they pull, with their upstream names and the names that the install uses."""
    releases = stage.releases(stages(wish))
    charts = [Needed("chart", supply.chart(release), reference(release)) for release in releases]
    return [*charts, *(Needed("image", upstream, pulled) for upstream, pulled in supply.images(releases, wish.version))]


def retired(namespace: str) -> Look[list[RetiredReference]]:
    """Find what names a registry or chart repository that shuts down."""
    return Look(places.reads(namespace), _named)


def _named(live: Live, _answers: Answers) -> list[RetiredReference]:
    return places.named(live)
