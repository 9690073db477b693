# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a cluster is none of a mesh's: the namespaces of a cutover's probes, and another mesh's control planes with the namespaces that follow them."""

from __future__ import annotations

from collections.abc import Sequence

from ...._mesh.cutover.probes import SPACES
from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Live, Object
from .injection import ENABLE, REV, hooks

_HOOKS = "MutatingWebhookConfiguration"


def of_mesh(live: Live, namespace: str) -> Live:
    """All but that. The role verify's own namespace moves like any other."""
    others = [one for one in live.get(_HOOKS, ()) if _elsewhere(one, namespace)]
    gone = {*SPACES, *_following(live.get("Namespace", ()), others, namespace)}
    kept = {kind: [one for one in found if one["metadata"].get("namespace") not in gone] for kind, found in live.items()}
    names = {one["metadata"]["name"] for one in others}
    hooked = [one for one in live.get(_HOOKS, ()) if one["metadata"]["name"] not in names]
    return {**kept, "Namespace": [one for one in live.get("Namespace", ()) if one["metadata"]["name"] not in gone], _HOOKS: hooked}


def _elsewhere(configuration: Object, namespace: str) -> bool:
    """Whether its control plane is in another namespace. One outside the cluster has a URL, and counts as the mesh's."""
    services = [service for each in configuration.get("webhooks") or [] if (service := (each.get("clientConfig") or {}).get("service"))]
    return bool(services) and bool(hooks([configuration])) and all(service.get("namespace") != namespace for service in services)


def _following(spaces: Sequence[Object], others: Sequence[Object], namespace: str) -> list[str]:
    """The namespaces whose labels the webhooks of another mesh ask for."""
    known = hooks(others)
    names = []
    for space in spaces if known else ():
        labels = space["metadata"].get("labels") or {}
        named = space["metadata"]["name"] != namespace and (REV in labels or ENABLE in labels)
        if named and any(matches(hook.spaces, labels) for hook in known):
            names.append(str(space["metadata"]["name"]))
    return names
