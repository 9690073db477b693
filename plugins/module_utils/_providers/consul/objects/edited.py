# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entries of a set somebody changed after a run wrote them. Their own Meta tells it, so nobody has to know the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question
from .. import api
from .entry import shown
from .kinds import KINDS
from .ownership import kept

_ABOUT = "entries of "


def questions(live: Live, token: str) -> list[Question]:
    """Ask one server: the answers of all of them are those of their leader."""
    return [api.get(f"{_ABOUT}{kind}", pod, f"/v1/config/{kind}", token) for pod in api.servers(live)[:1] for kind in KINDS]


def entries(answers: Answers, kind: str) -> list[Any]:
    """Return the entries of a kind, whoever wrote them; none if nobody answered, or nobody was asked."""
    return api.listed(api.only(answers, f"{_ABOUT}{kind}")) or []


def faults(answers: Answers) -> Iterator[str]:
    """Yield a fault that names all entries. Who does not answer is told of elsewhere."""
    names = [shown(one.entry.key) for kind in KINDS for one in kept(kind, entries(answers, kind)) if one.edited]
    if names:
        what, they = ("the entry", "it") if len(names) == 1 else ("the entries", "them")
        yield f"somebody edited {what} {' and '.join(names)} after a run wrote {they}; run site to set {they} right, or declare what is wanted"
