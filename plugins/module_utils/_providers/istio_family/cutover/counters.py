# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each istiod of a revision counted: the sidecars that it injected, and the configuration that proxies rejected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from ...._mesh.errors import NotReady
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from ..rotation.connected import running
from .injection import REV

_PORT, _PATH = 15014, "/metrics"
_INJECTED, _REJECTED = "sidecar_injection_success_total", "pilot_total_xds_rejects"
_LINE = re.compile(r"^(\w+)(?:\{([^}]*)\})?\s+(\S+)", re.MULTILINE)
_TYPE = re.compile(r'(?:^|,)type="([^"]*)"')


def injections(namespace: str, revision: str) -> Look[Mapping[str, int | None]]:
    """The pods that each istiod of a revision injected since it started, by its name; None of one that does not say it."""
    return Look(_reads(namespace, revision), _injections, _questions)


def rejected(namespace: str, revision: str) -> Look[Mapping[str, int]]:
    """The configuration that proxies rejected since their istiod started, by kind. Not to know it is an error."""
    return Look(_reads(namespace, revision), partial(_rejected, revision), _questions)


def _reads(namespace: str, revision: str) -> list[Read]:
    return [Read("v1", "Pod", namespace, f"app=istiod,{REV}={revision}")]


def _questions(live: Live) -> list[Question]:
    pods = [pod["metadata"] for pod in live.get("Pod", ()) if running(pod)]
    return [Question("metrics", meta["namespace"], meta["name"], _PORT, _PATH) for meta in pods]


def _injections(_live: Live, answers: Answers) -> dict[str, int | None]:
    return {question.pod: None if text is None else sum(number for _kind, number in _counted(text, _INJECTED)) for question, text in answers.items()}


def _rejected(revision: str, _live: Live, answers: Answers) -> dict[str, int]:
    silent = sorted(question.pod for question, text in answers.items() if text is None)
    if silent or not answers:
        whom = ", ".join(silent) or f"no control plane of {revision} runs, so it"
        raise NotReady(f"{whom} did not say what proxies rejected.")
    counts: dict[str, int] = {}
    for text in answers.values():
        for kind, number in _counted(text or "", _REJECTED):
            counts[kind] = counts.get(kind, 0) + number
    return counts


def _counted(text: str, name: str) -> Iterator[tuple[str, int]]:
    """The samples of one counter, with their label `type`. A counter without a sample has counted nothing."""
    for sample, labels, number in _LINE.findall(text):
        if sample == name:
            kind = _TYPE.search(labels)
            yield kind.group(1) if kind else "", int(float(number))
