# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of all objects that an install writes itself. What the operator makes of them is the operator's."""

from __future__ import annotations

from collections.abc import Iterable

from ...._mesh.install.claim import Claim
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...istio_family.install.tags import REV
from ...istio_family.links import remote_secret
from .. import kinds
from ..revisions import placed
from . import ambient, control_plane, gateways, platform

_ISTIOD = "pilot-discovery"  # it fills in the CA of a webhook


def claims(wish: ControlPlane, peers: Iterable[str] = (), gateway: bool = True) -> list[Claim]:
    """Return the claims of the Istio, of tags and the account, of the gateway, and of links to other clusters."""
    made = control_plane.account(wish)
    if gateway:
        made += [gateways.service(wish, platform.OTHER), *gateways.manifests(wish)]
    own = [Claim(kinds.ref(kinds.ISTIO, placed(wish).istio)), *([Claim(kinds.ref(kinds.CNI, kinds.ONLY))] if control_plane.has_cni(wish) else [])]
    own += [Claim(kinds.ref(kinds.ZTUNNEL, kinds.ONLY))] if ambient.wanted(wish) else []
    links = remote_secret.links(wish.namespace).labels or ""
    led = [Claim(remote_secret.linking(peer, wish.namespace), rivals=links, key=peer) for peer in peers]
    return [*own, *_tags(wish), *(Claim(Ref.of(one)) for one in made), *led]


def _tags(wish: ControlPlane) -> list[Claim]:
    """Return the claims of tags. Where one of the operator leads elsewhere, the stage that looks at the operator says so."""
    made = control_plane.tags(wish)
    return [Claim(Ref.of(one)) if one["kind"] == kinds.TAG else Claim(Ref.of(one), label=REV, value=wish.revision, completed_by=_ISTIOD) for one in made]
