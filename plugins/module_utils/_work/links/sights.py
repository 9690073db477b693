# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another cluster through the eyes of the control planes that discover it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._kube import cluster as kube
from ..._kube.cluster import Answer, Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.links.sight import Sight

_AT_ONCE = 16
Objects = dict[str, list[dict[str, Any]]]


def live(cluster: Cluster, discovery: Any, namespace: str) -> Objects:
    """The control planes of a cluster."""
    found: Objects = {}
    for read in discovery.reads(namespace):
        found.setdefault(read.kind, []).extend(cluster.list(read.api_version, read.kind, read.namespace, labels=read.labels))
    return found


def all_sights(viewers: Sequence[Cluster], mesh: Provider, source: str, namespace: str) -> tuple[list[Sight], list[str]]:
    """What each control plane of each viewer sees of `source`, and why some need a restart when its credential changes."""
    discovery = mesh.discovery
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        seen = list(pool.map(lambda viewer: _sights(viewer, discovery, source, namespace), viewers))
    return [sight for sights, _needs in seen for sight in sights], list(dict.fromkeys(need for _sights, needs in seen for need in needs))


def _sights(viewer: Cluster, discovery: Any, source: str, namespace: str) -> tuple[list[Sight], list[str]]:
    objects = live(viewer, discovery, namespace)
    questions = discovery.questions(objects)
    answers = viewer.ask_all([kube.Question(q.namespace, q.pod, q.port, q.path) for q in questions])
    told = {question: _text(answer) for question, answer in zip(questions, answers, strict=True)}
    return discovery.sights(viewer.name, source, objects, told), discovery.needs(objects)


def _text(answer: Any) -> str | None:
    return answer.body.decode() if isinstance(answer, Answer) and answer.status == 200 else None
