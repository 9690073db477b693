# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks into a cluster, as a provider wants it: lists, asks, and hands what was seen to its judgement."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .._kube import cluster as kube
from .._kube.cluster import Answer, Cluster
from .._mesh.objects.change import Ref
from .._mesh.objects.look import Look
from .._mesh.question import Answers, Question, Read

Live = dict[str, list[dict[str, Any]]]
T = TypeVar("T")
_TIMEOUT = 15.0


def look(cluster: Cluster, wanted: Look[T]) -> T:
    """What a provider says of what it sees in a cluster."""
    live = listed(cluster, wanted.reads)
    return wanted.judge(live, answered(cluster, wanted.questions(live)))


def present(cluster: Cluster, refs: Sequence[Ref]) -> dict[Ref, dict[str, Any]]:
    """Those of these objects that there are."""
    return {ref: live for ref, live in zip(refs, cluster.get_all(refs), strict=True) if live}


def listed(cluster: Cluster, reads: Sequence[Read | Ref]) -> Live:
    """All that is read, by kind. A second connection takes longer than to wait for the answer on the first."""
    with ThreadPoolExecutor(max_workers=8 if len(reads) > 2 else 1) as pool:
        found = pool.map(lambda one: _read(cluster, one), reads)
        live: Live = {}
        for read, objects in zip(reads, found, strict=True):
            live.setdefault(read.kind, []).extend(objects)
    return live


def _read(cluster: Cluster, one: Read | Ref) -> list[dict[str, Any]]:
    if isinstance(one, Ref):
        found = cluster.get(one)
        return [found] if found else []
    return cluster.list(one.api_version, one.kind, one.namespace, labels=one.labels, fields=one.fields, metadata_only=one.metadata_only)


def answered(cluster: Cluster, questions: Sequence[Question]) -> Answers:
    """What each pod said with status 200; None of the others, which is a finding and no failure."""
    answers = cluster.ask_all([asked(one) for one in questions]) if questions else []
    return {question: _text(answer) for question, answer in zip(questions, answers, strict=True)}


def asked(question: Question, timeout: float = _TIMEOUT) -> kube.PodRequest:
    """The question as it is sent."""
    where = (question.namespace, question.pod, question.port, question.path)
    return kube.PodRequest(*where, question.method, question.body, timeout, question.headers, question.tls)


def _text(answer: object) -> str | None:
    return answer.body.decode(errors="replace") if isinstance(answer, Answer) and answer.status == 200 else None
