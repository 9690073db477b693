# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else owns the object that installs an operator, so that a run leaves it alone."""

from __future__ import annotations

from ..objects.managed_by import managed_by
from ..objects.shapes import Object

_PLATFORM = "ingress.operator.openshift.io/owned"  # the ingress operator puts it on the Subscription that it makes, with an empty value
_HUB = "AppliedManifestWork"


def foreign(live: Object) -> str:
    """Return the name of who owns it, for messages; empty if nobody would undo what a run writes."""
    meta = live.get("metadata") or {}
    if _PLATFORM in {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}:
        return "OpenShift's own Gateway API (its ingress operator)"
    hub = next((owner for owner in meta.get("ownerReferences") or () if owner.get("kind") == _HUB), None)
    if hub:
        return f"a hub of Advanced Cluster Management, by {_HUB} {hub['name']} (as its multicluster-mesh-addon does)"
    return managed_by(live).writer
