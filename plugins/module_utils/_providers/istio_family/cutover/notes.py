# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the notes that name a revision off everything that a cutover led from it. A later revision of that name is another one."""

from __future__ import annotations

from collections.abc import Collection

from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Manifest
from ..install import validator
from ..install.tags import LED_FROM, led_from
from .gateway_api import is_gateway_api
from .live_objects import patched, replaced
from .pointers import noted
from .workloads import CONTROLLERS

_TAG = "istio.io/tag"


def forgotten(scene: Scene, revision: str, going: Collection[Ref] = ()) -> list[Write]:
    """Pointers are replaced as whenever they are led. What is `going` itself keeps its note."""
    live, off = scene.live, Manifest({"metadata": {"annotations": {LED_FROM: None}}})
    halves = [half for kind in ("Service", "MutatingWebhookConfiguration") for half in live.get(kind, ()) if _TAG in (half["metadata"].get("labels") or {})]
    pointers = [one for one in (*halves, validator.webhook(live)) if one and led_from(one) == revision]
    gateways = [one for one in live.get("Gateway", ()) if is_gateway_api(one)]
    others = [one for kind in ("Namespace", *CONTROLLERS) for one in live.get(kind, ())]
    staying = [one for one in (*others, *gateways) if led_from(one) == revision and Ref.of(one) not in going]
    return [*(write for one in pointers for write in replaced(one, noted(one, None))), *(write for one in staying for write in patched(one, off))]
