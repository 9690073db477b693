# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of an install by HashiCorp's chart, with their upstream names and the names by which a cluster pulls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....._mesh.install.mirror import Needed
from ....._mesh.install.wish import ControlPlane
from ...settings import Settings
from .lines import Chosen

_PLACE = "docker.io"
_IMAGES = {"image": "hashicorp/consul", "imageK8S": "hashicorp/consul-k8s-control-plane", "imageConsulDataplane": "hashicorp/consul-dataplane"}


def upstream(chosen: Chosen) -> dict[str, str]:
    """Return the images by the keys of `global` that name them. Envoy is inside the one of consul-dataplane."""
    return {key: f"{_PLACE}/{name}:{chosen.consul if key == 'image' else chosen.version}" for key, name in _IMAGES.items()}


def values(wish: ControlPlane, settings: Settings, chosen: Chosen) -> dict[str, str]:
    """Return the images that a cluster pulls. All are named, so that what preflight lists is what is pulled."""
    mirror = str(wish.mirror.get("images") or "").rstrip("/")
    pulled = {key: f"{mirror or _PLACE}{name.removeprefix(_PLACE)}" for key, name in upstream(chosen).items()}
    return pulled | ({"image": settings.images.consul} if settings.images.consul else {})


def needed(chosen: Chosen, given: Mapping[str, Any]) -> list[Needed]:
    """Return the images under both names. `given` are the values under `global`, in which an inventory may have named its own."""
    return [Needed("image", name, str(given.get(key) or name)) for key, name in upstream(chosen).items()]
