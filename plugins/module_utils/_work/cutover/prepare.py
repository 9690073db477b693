# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the target read what only the former revision reads, before anything follows the target."""

from __future__ import annotations

from ..._mesh.cutover.orders import Order
from ..._mesh.cutover.scene import Scene
from .write import CutoverWork, put


def prepare(work: CutoverWork) -> Scene:
    scene = work.looking.scene()
    return work.looking.scene() if let_read(work, scene) and not work.cluster.dry_run else scene


def let_read(work: CutoverWork, scene: Scene) -> bool:
    """Return whether anything had to be written for it."""
    request = work.request
    writes = work.story.copies(scene, request.aim, request.objects)
    for write in writes:
        put(work, Order("copy", write.ref.kind, write.ref.namespace or "", write.ref.name, request.aim.target), write)
    return bool(writes)
