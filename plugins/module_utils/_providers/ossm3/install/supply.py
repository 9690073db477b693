# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which images nodes pull for the operator."""

from __future__ import annotations

from collections.abc import Mapping

from ...._mesh.install.mirror import Needed
from ...._mesh.install.wish import ControlPlane
from ...istio_family.install.places import HUB
from . import ambient, control_plane

_REGISTRY = "registry.redhat.io/openshift-service-mesh"
_IMAGES = ("pilot", "proxyv2")
_PLUGIN = "cni"
_UPSTREAM: Mapping[str, str] = {_PLUGIN: "install-cni"}


def images(wish: ControlPlane) -> list[Needed]:
    """Return the images. On OpenShift the operator names them by digest, so nodes find a mirror by an ImageDigestMirrorSet, and the names stay."""
    wanted = [*_IMAGES, *([_PLUGIN] if control_plane.has_cni(wish) else []), *([ambient.CHART] if ambient.wanted(wish) else [])]
    tag = wish.version.removeprefix("v") or "<the operator's default>"
    if wish.platform == "openshift":
        return [_same(f"{_REGISTRY}/istio-{image}-rhel9:{tag}") for image in wanted]
    mirror = str(wish.mirror.get("images") or "").rstrip("/")
    hub = f"{mirror}/istio" if mirror else HUB
    known = [f"{_UPSTREAM.get(image, image)}:{tag}" for image in wanted]
    return [Needed("image", f"{HUB}/{image}", f"{hub}/{image}") for image in known]


def _same(image: str) -> Needed:
    return Needed("image", image, image)
