# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn what was seen of a cluster during a cutover into the facts of a module."""

from __future__ import annotations

import json
from typing import Any

from ..._mesh.cutover.following import followers
from ..._mesh.cutover.led import led
from ..._mesh.cutover.scene import Scene


def facts(scene: Scene) -> dict[str, Any]:
    """Return what people read, and all of it as one text: Ansible handles a long text in no time, and thousands of small values slowly."""
    state = scene.state
    return {
        "cluster": state.cluster,
        "served_by": state.served_by,
        "revisions": [{"name": one.revision, "version": one.version, "desired": one.desired, "ready": one.ready, "reason": one.reason}
                      for one in state.revisions],
        "tags": [{"name": tag.name, "webhook": tag.webhook, "service": tag.service} for tag in state.tags],
        "default_revision": state.default_revision,
        "led": [{"former": aim.former, "target": aim.target} for aim in led([state])],
        **followers(state),
        "silent": list(state.silent),
        "state": json.dumps(state.facts(), separators=(",", ":")),
    }  # fmt: skip
