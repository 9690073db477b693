# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many pods the Deployment of a gateway is to have, and what scales it and would give it pods again that a cutover takes."""

from __future__ import annotations

from collections.abc import Iterable

from ...._mesh.objects.shapes import Object

SCALER = "HorizontalPodAutoscaler"


def scales(scaler: Object, deployment: Object) -> bool:
    meta, aimed = deployment["metadata"], (scaler.get("spec") or {}).get("scaleTargetRef") or {}
    return scaler["metadata"]["namespace"] == meta["namespace"] and (aimed.get("kind"), aimed.get("name")) == ("Deployment", meta["name"])


def scalers_of(scalers: Iterable[Object], deployment: Object) -> list[Object]:
    return [one for one in scalers if scales(one, deployment)]


def replicas(deployment: Object) -> int:
    """How many pods it is to have. The API server gives one to whoever names no number."""
    asked = (deployment.get("spec") or {}).get("replicas")
    return 1 if asked is None else int(asked)


def rouser(scalers: Iterable[Object], deployment: Object) -> str:
    """Who would give a Deployment pods that is to have none, as half a sentence with what to do; empty if nobody would."""
    for scaler in scalers_of(scalers, deployment):
        owner = next((one for one in scaler["metadata"].get("ownerReferences") or [] if one.get("kind") == "ScaledObject"), None)
        if owner:
            return f"is scaled by KEDA's ScaledObject {owner['name']}, which would wake it again. Use a {SCALER} for the cutover"
        if (scaler.get("spec") or {}).get("minReplicas") == 0:
            name = scaler["metadata"]["name"]
            return f"may be scaled to none and back by {SCALER} {name}. Set its minReplicas to 1 or more for the cutover"
    return ""
