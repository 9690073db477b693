# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look into a cluster, described by a provider: what to read, which pods to ask then, and how to judge the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..question import Answers, Greeting, Question, Read
from .change import Ref
from .shapes import Live

T = TypeVar("T")


def _nobody(_live: Live) -> list[Question]:
    return []


def _no_port(_live: Live) -> list[Greeting]:
    return []


def _no_more(_live: Live, _answers: Answers) -> list[Question]:
    return []


@dataclass(frozen=True)
class Look(Generic[T]):
    """`reads` are lists, or Refs to read by name. `questions` returns requests to pods among the read objects. `judge` returns the result.

    `greets` returns ports of these pods whose certificates are of interest. `further` returns requests that follow from the first answers.
    """

    reads: Sequence[Read | Ref]
    judge: Callable[[Live, Answers], T]
    questions: Callable[[Live], Sequence[Question]] = _nobody
    greets: Callable[[Live], Sequence[Greeting]] = _no_port
    further: Callable[[Live, Answers], Sequence[Question]] = _no_more
