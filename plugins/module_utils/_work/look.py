# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look into a cluster for a provider: list objects, ask pods, and let the provider judge the results."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .._kube import cluster as kube
from .._kube.cluster import Answer, Cluster
from .._mesh.objects.change import Ref
from .._mesh.objects.look import Look
from .._mesh.question import Answers, PodReply, Question, Read

Live = dict[str, list[dict[str, Any]]]
T = TypeVar("T")
_TIMEOUT = 15.0


def look(cluster: Cluster, wanted: Look[T], timeout: float = _TIMEOUT) -> T:
    """Return the provider's judgement of what it wanted to see in a cluster. `timeout` is for each of its questions."""
    live, answers = answers_to(cluster, wanted, timeout)
    greetings = wanted.greets(live)
    chains = cluster.greet_all(greetings) if greetings else []
    answers.shown = {greeting: b"" if isinstance(chain, Exception) else chain for greeting, chain in zip(greetings, chains, strict=True)}
    return wanted.judge(live, answers)


def answers_to(cluster: Cluster, wanted: Look[Any], timeout: float = _TIMEOUT) -> tuple[Live, Answers]:
    """Return what a look reads, and what pods answered, also to the questions that followed from their first answers."""
    live = listed(cluster, wanted.reads)
    answers = answered(cluster, wanted.questions(live), timeout)
    if further := wanted.further(live, answers):
        answers.add(answered(cluster, further, timeout))
    return live, answers


def present(cluster: Cluster, refs: Sequence[Ref]) -> dict[Ref, dict[str, Any]]:
    """Return those of the objects that exist."""
    return {ref: live for ref, live in zip(refs, cluster.get_all(refs), strict=True) if live}


def listed(cluster: Cluster, reads: Sequence[Read | Ref]) -> Live:
    """Return all objects of the reads, by kind. For two reads, one connection is faster than opening a second one."""
    with ThreadPoolExecutor(max_workers=8 if len(reads) > 2 else 1) as pool:
        lists = pool.map(lambda read: _read(cluster, read), reads)
        live: Live = {}
        for read, objects in zip(reads, lists, strict=True):
            live.setdefault(read.kind, []).extend(objects)
    return live


def _read(cluster: Cluster, read: Read | Ref) -> list[dict[str, Any]]:
    if isinstance(read, Ref):
        live = cluster.get(read)
        return [live] if live else []
    more: dict[str, Any] = {"without": read.without} if read.without else {}
    return cluster.list(read.api_version, read.kind, read.namespace, labels=read.labels, fields=read.fields, metadata_only=read.metadata_only, **more)


def answered(cluster: Cluster, questions: Sequence[Question], timeout: float = _TIMEOUT) -> Answers:
    """Return what each pod answered: its text with status 200, which most judges need, and all replies beside it."""
    came = cluster.ask_all([asked(question, timeout) for question in questions]) if questions else []
    return Answers.of({question: _reply(one) for question, one in zip(questions, came, strict=True)})


def asked(question: Question, timeout: float = _TIMEOUT) -> kube.PodRequest:
    """Return the request that asks the question."""
    where = (question.namespace, question.pod, question.port, question.path)
    return kube.PodRequest(*where, question.method, question.body, timeout, question.headers, question.tls)


def _reply(came: object) -> PodReply | None:
    return PodReply(came.status, came.body) if isinstance(came, Answer) else None
