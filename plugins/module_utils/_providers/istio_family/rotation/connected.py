# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out from istiod's own answers which proxies it serves, whether they are pods or not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.objects.shapes import Object
from ...._mesh.question import Question
from ...._mesh.rotation.served import Connected, Served
from ..proxy import environment

_DEBUG_PORT = 15014
_ABOUT = {"remotes": "/debug/clusterz", "proxies": "/debug/syncz"}
_UNNAMED = "Kubernetes"  # how a cluster is called where nobody named it


def questions(live: Mapping[str, Sequence[Object]]) -> list[Question]:
    """Return the questions to each running istiod: which clusters it has synced, and which proxies it serves."""
    return [
        Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], _DEBUG_PORT, path)
        for pod in live.get("Pod", ())
        if of_istiod(pod) and running(pod)
        for about, path in _ABOUT.items()
    ]


def of_istiod(pod: Object) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get("app") == "istiod")


def running(pod: Object) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return pod.get("status", {}).get("phase") == "Running" and all(s.get("ready") for s in statuses) and not pod["metadata"].get("deletionTimestamp")


def connected(cluster: str, live: Mapping[str, Sequence[Object]], answers: Mapping[Question, str | None]) -> Served:
    """Read the answers to these questions; an answer is None if a pod gave none."""
    read = {question: _entries(text) for question, text in answers.items() if question.about in ("remotes", "proxies")}
    seen = [(question.about, entry) for question, entries in read.items() for entry in entries or []]
    linked = [entry for about, entry in seen if about == "remotes"]
    own = {cluster, *(environment(one["spec"]["template"], "discovery")[0].get("CLUSTER_ID") or _UNNAMED for one in live.get("Deployment", ()))}
    own |= {str(entry.get("id")) for entry in linked if not entry.get("secretName")}
    return Served(
        ids=frozenset(own),
        proxies=frozenset(_proxy(entry, cluster) for about, entry in seen if about == "proxies"),
        linked=frozenset(str(entry.get("id")) for entry in linked) - own,
        silent=tuple(sorted({f"{question.namespace}/{question.pod}" for question, entries in read.items() if entries is None})),
    )


def _proxy(entry: Object, cluster: str) -> Connected:
    """Read a proxy's name. istiod builds it from the pod and the namespace, or from what a machine outside gave as these."""
    name, _dot, namespace = str(entry.get("proxy", "")).partition(".")
    return Connected(str(entry.get("cluster_id") or cluster), namespace, name)


def _entries(text: str | None) -> list[Object] | None:
    try:
        body = json.loads(text or "")
    except ValueError:
        return None
    return list(_of_objects(body or [])) if body is None or isinstance(body, list) else None


def _of_objects(body: Sequence[Any]) -> Iterator[Object]:
    return (entry for entry in body if isinstance(entry, Mapping))
