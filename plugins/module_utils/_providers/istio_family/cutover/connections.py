# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which revision serves which proxy, by the answers of every istiod."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ...._mesh.cutover.serving import Connections
from ...._mesh.objects.shapes import Object
from ...._mesh.question import Answers, Question
from ..health.observation import CONFIG_KINDS
from ..proxy import environment
from ..rotation.connected import of_istiod, running
from .injection import REV

_DEBUG_PORT, _PATH, _ABOUT = 15014, "/debug/syncz", "proxies"
_NEVER, _ON_ITS_WAY = datetime.min.replace(tzinfo=UTC), timedelta(seconds=5)
_UNNAMED = "Kubernetes"  # how istiod calls its cluster where nobody named it


def questions(pods: Iterable[Object]) -> list[Question]:
    """Ask each istiod that runs which proxies it serves."""
    return [Question(_ABOUT, pod["metadata"]["namespace"], pod["metadata"]["name"], _DEBUG_PORT, _PATH) for pod in pods if of_istiod(pod) and running(pod)]


def own_ids(cluster: str, deployments: Iterable[Object]) -> set[str]:
    """The names by which the istiods of a cluster call it."""
    return {cluster, "", *(environment(one["spec"]["template"], "discovery")[0].get("CLUSTER_ID") or _UNNAMED for one in deployments)}


def by_cluster(pods: Iterable[Object], answers: Answers) -> dict[str, Connections]:
    """By the ID of their cluster, all proxies, and who serves each.

    A proxy that two istiods list has just left one of them: the one with which it is in sync serves it, else the one that sent to it last.
    """
    revisions = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): _revision(pod) for pod in pods}
    best: dict[str, dict[tuple[str, str], tuple[bool, datetime, str]]] = {}
    for question, text in answers.items():
        if question.about != _ABOUT:
            continue
        revision = revisions.get((question.namespace, question.pod), "default")
        entries = _entries(text) or []
        newest = max((sent for entry in entries if (sent := _last_sent(entry))), default=_NEVER)
        for entry in entries:
            name, _dot, space = str(entry.get("proxy", "")).partition(".")
            known, seen = best.setdefault(str(entry.get("cluster_id") or ""), {}), (_synced(entry, newest), _last_sent(entry) or _NEVER, revision)
            known[space, name] = max(seen, known.get((space, name), seen))
    return {cluster: {key: (revision, synced) for key, (synced, _last, revision) in known.items()} for cluster, known in best.items()}


def _revision(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REV) or "default")


def _synced(entry: Mapping[str, Any], newest: datetime) -> bool:
    """Whether the proxy has accepted what it was sent. In a busy mesh there always is something on its way: that does not count for a few seconds."""
    if all(entry.get(f"{kind}_sent") == entry.get(f"{kind}_acked") for kind in CONFIG_KINDS):
        return True
    late = [one for one in _resources(entry) if one.get("sent") != one.get("acked")]
    return bool(late) and all(one.get("acked") and not one.get("lastError") and newest - (_sent(one) or _NEVER) < _ON_ITS_WAY for one in late)


def _last_sent(entry: Mapping[str, Any]) -> datetime | None:
    return max((sent for one in _resources(entry) if (sent := _sent(one))), default=None)


def _resources(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What istiod says of each type of configuration, since Istio 1.24."""
    known = entry.get("resources")
    return list(_of_objects(known.values())) if isinstance(known, Mapping) else []


def _sent(resource: Mapping[str, Any]) -> datetime | None:
    try:
        sent = datetime.fromisoformat(str(resource.get("sentTime") or ""))
    except ValueError:
        return None
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


def silent(answers: Answers) -> tuple[str, ...]:
    """The istiods that gave no answer that can be read."""
    return tuple(sorted(f"{question.namespace}/{question.pod}" for question, text in answers.items() if question.about == _ABOUT and _entries(text) is None))


def _entries(text: str | None) -> list[Mapping[str, Any]] | None:
    """Go writes an empty list as null."""
    try:
        body = json.loads(text or "")
    except ValueError:
        return None
    return list(_of_objects(body or [])) if body is None or isinstance(body, list) else None


def _of_objects(body: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in body if isinstance(entry, Mapping))
