# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each request: the sender's lines to figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ANSWERED = "200"
BROKEN = "broken"


@dataclass(frozen=True)
class Request:
    """One request. `due` is in seconds since 1970. `took` counts from `due`, so a sender that was held up does not hide the time that users would wait."""

    flow: str
    due: float
    took: float
    outcome: str

    @property
    def lost(self) -> bool:
        return self.outcome != ANSWERED


@dataclass(frozen=True)
class Flow:
    """One flow over a stretch of time. Of a stream, each message counts as a request, and `breaks` are the times that it ended."""

    flow: str
    sent: int
    lost: int
    breaks: int
    p50: float
    p99: float
    first_lost: float | None = None
    last_lost: float | None = None
    outcomes: tuple[tuple[str, int], ...] = ()


class Book:
    """A folder with a file for each sender that there was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, int] = {}

    def open(self) -> None:
        """Without what was written before; anybody may write, as senders have users of their own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o777)
        for file in self._folder.iterdir():
            file.unlink()
        self._read.clear()

    def news(self) -> list[Request]:
        """What was written since it was read last. A line that is half written waits for the next time."""
        requests: list[Request] = []
        for file in sorted(self._folder.iterdir()):
            with file.open("rb") as content:
                content.seek(self._read.get(file.name, 0))
                whole, newline, _half = content.read().rpartition(b"\n")
            self._read[file.name] = self._read.get(file.name, 0) + len(whole) + len(newline)
            requests += parse(whole.decode(errors="replace").splitlines())
        return requests


def parse(lines: Iterable[str]) -> Iterator[Request]:
    for line in lines:
        flow, due, took, outcome = line.rstrip("\n").split(" ", 3)
        yield Request(flow, int(due) / 1e6, int(took) / 1e6, outcome)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def during(requests: Iterable[Request], begin: float, end: float) -> list[Request]:
    return [request for request in requests if begin <= request.due < end]


def flows(requests: Iterable[Request]) -> dict[str, Flow]:
    by_name: dict[str, list[Request]] = {}
    for request in requests:
        by_name.setdefault(request.flow, []).append(request)
    return {name: _flow(name, by_name[name]) for name in sorted(by_name)}


def _flow(name: str, requests: Sequence[Request]) -> Flow:
    sent = [request for request in requests if not request.outcome.startswith(BROKEN)]
    took = [request.took for request in sent]
    lost = sorted(request.due for request in sent if request.lost)
    # Of an error the words before the colon say enough to count by; ports and times behind it differ.
    outcomes = Counter(request.outcome[:120] for request in requests if request.lost)
    return Flow(name, len(sent), len(lost), len(requests) - len(sent), percentile(took, 0.5), percentile(took, 0.99),
                lost[0] if lost else None, lost[-1] if lost else None, tuple(outcomes.most_common(5)))
