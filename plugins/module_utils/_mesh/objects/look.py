# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look into a cluster, as a provider wants it: what is read, whom to ask then, and what all of it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..question import Answers, Question, Read
from .change import Ref
from .shapes import Live

T = TypeVar("T")


def _nobody(_live: Live) -> list[Question]:
    return []


@dataclass(frozen=True)
class Look(Generic[T]):
    """`reads` are listed, or taken by name where they are Refs; `questions` go to running pods among them; `judge` says what was seen."""

    reads: Sequence[Read | Ref]
    judge: Callable[[Live, Answers], T]
    questions: Callable[[Live], Sequence[Question]] = _nobody
