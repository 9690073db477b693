# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each istiod sees of another cluster, and which versions of istiod lose it when the remote secret changes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ...._mesh.install.quirk import Quirk
from ...._mesh.links.sight import Sight
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Question, Read
from .. import endpoint_shards
from ..proxy import instance
from ..rotation.trust_users import planes as _planes

_PORT = 15014
_ASKED = {"remotes": "/debug/clusterz", "endpoints": endpoint_shards.ENDPOINTS, "networks": "/debug/networkz", "metrics": "/metrics"}
_EVENTS = re.compile(r"^remote_cluster_secret_events_total\{[^}]*\}\s+([0-9.e+]+)", re.MULTILINE)

QUIRKS = (
    Quirk((1, 29), (1, 29, 6), "istiod may ignore a changed remote secret until it is restarted", "istio#60612", restarts=True),
    Quirk((1, 30), (1, 30, 3), "istiod may ignore a changed remote secret until it is restarted", "istio#60612", restarts=True),
    Quirk((1, 30), (1, 30, 4), "istiod may lose the gateway of a network whose remote secret changed, until it is restarted", "istio#60920", restarts=True),
    Quirk((1, 30), (1, 30, 4), "istiod may lose the endpoints of a cluster whose remote secret changed, until it is restarted", "istio#61043", restarts=True),
)


def reads(namespace: str) -> list[Read]:
    """Read every istiod of every revision."""
    return [Read("apps/v1", "Deployment", namespace, "app=istiod"), Read("v1", "Pod", namespace, "app=istiod")]


def _running(live: Live) -> list[Object]:
    return [pod for pod in live.get("Pod", ()) if instance(pod, "discovery") and not pod["metadata"].get("deletionTimestamp")]


def questions(live: Live) -> list[Question]:
    """Ask each istiod what it has synced, which endpoints and gateways it knows, and how many changes of remote secrets it took."""
    names = [(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in _running(live)]
    return [Question(about, space, name, _PORT, path) for space, name in names for about, path in _ASKED.items()]


def sights(viewer: str, cluster: str, live: Live, answers: Mapping[Question, str | None]) -> list[Sight]:
    """Return what each istiod of `viewer` sees of `cluster`."""
    texts = {(question.pod, question.about): text for question, text in answers.items()}
    return [_sight(viewer, cluster, pod, texts) for pod in _running(live)]


def _sight(viewer: str, cluster: str, pod: Object, texts: Mapping[tuple[str, str], str | None]) -> Sight:
    name = pod["metadata"]["name"]
    try:
        remotes, shards, networks = (json.loads(texts[name, about] or "") for about in ("remotes", "endpoints", "networks"))
        status = next((str(one.get("syncStatus")) for one in remotes or () if one.get("id") == cluster), "")
        return Sight(
            viewer,
            name,
            instance(pod, "discovery"),
            synced=status == "synced",
            status=status,
            taken=_taken(texts.get((name, "metrics"))),
            endpoints=_endpoints(cluster, shards or {}),
            gateways=frozenset(f"{one['Addr']}:{one.get('Port')}" for one in networks or () if one.get("Cluster") == cluster and one.get("Addr")),
        )
    except (KeyError, ValueError, AttributeError, TypeError):
        return Sight(viewer, name, instance(pod, "discovery"), fault="does not tell what it sees")


def _taken(metrics: str | None) -> int | None:
    """Return how many changes of remote secrets istiod took. Only newer versions count them, and only from the first change on."""
    counts = _EVENTS.findall(metrics or "")
    return int(sum(map(float, counts))) if counts else None


def _endpoints(cluster: str, shards: Mapping[str, Any]) -> dict[str, int]:
    """Count the endpoints of a cluster by service."""
    return {service: len(there) for name, service, there in endpoint_shards.endpoints(shards) if name == cluster and there}


def needs(live: Live) -> list[str]:
    """Return why these istiods need a restart after a remote secret changed, with sources; empty if they do not."""
    versions = [plane.version for plane in _planes(live)]
    return [str(quirk) for quirk in QUIRKS if any(quirk.applies(version) for version in versions)]


def planes(live: Live) -> list[Ref]:
    """Return the Deployments to restart then."""
    return [Ref("apps/v1", "Deployment", plane["metadata"]["name"], plane["metadata"]["namespace"]) for plane in live.get("Deployment", ())]
