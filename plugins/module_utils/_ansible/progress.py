# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell whoever watches a task every ten seconds what it waits for: docs/decisions/0069-what-a-run-waits-for.md."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ansible.module_utils.common.parameters import remove_values

from .._kube.waiting import awaited

EVERY = 10.0  # seconds


@dataclass(frozen=True)
class Onlooker:
    """How to tell a line to those who watch, and the host and the task that it is about."""

    mention: Callable[[str], None]
    host: str
    task: str
    every: float = EVERY


@contextmanager
def watched(onlooker: Onlooker | None, hidden: Collection[str] = ()) -> Iterator[None]:
    """Speak while this lasts. What is `hidden` is in no line. The first line comes after as long as every other, so a short task has none."""
    if onlooker is None:
        yield
        return
    over = threading.Event()
    speaker = threading.Thread(target=_speak, args=(onlooker, hidden, over), daemon=True)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()


def _speak(onlooker: Onlooker, hidden: Collection[str], over: threading.Event) -> None:
    begun = time.monotonic()
    while not over.wait(onlooker.every):
        words = " ".join((awaited() or onlooker.task).split()).removeprefix(f"{onlooker.host}: ").rstrip(".")
        onlooker.mention(str(remove_values(f"{onlooker.host}: {words} ({time.monotonic() - begun:.0f} s)", list(hidden))))
