# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a pod anew."""

from __future__ import annotations

from .shapes import Object

# Nothing restarts what ran once by intention, nor what a node runs by itself.
_NEVER_ANEW = ("Job", "Node")
_HASH, _ROLLOUT_HASH = "pod-template-hash", "rollouts-pod-template-hash"


def workload(pod: Object) -> str:
    """Return what to restart for a new pod, as kind/name; empty if there is nothing."""
    metadata = pod["metadata"]
    owner = next((one for one in metadata.get("ownerReferences") or [] if one.get("controller")), None)
    if owner is None or owner["kind"] in _NEVER_ANEW:
        return ""
    labels = metadata.get("labels") or {}
    for label, kind in ((_ROLLOUT_HASH, "Rollout"), (_HASH, "Deployment")):
        ending = f"-{labels.get(label)}"
        if owner["kind"] == "ReplicaSet" and owner["name"].endswith(ending):
            return f"{kind}/{owner['name'].removesuffix(ending)}"
    return f"{owner['kind']}/{owner['name']}"
