# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the person at the terminal how far a long step is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType


def say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Progress:
    """While the `with` block runs: one line that renews itself on a terminal, a line now and then in a log."""

    def __init__(self, name: str, detail: Callable[[], str]) -> None:
        self._name, self._detail = name, detail
        self._terminal = sys.stderr.isatty()
        self._begin = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Progress:
        say(f"{self._name}: begins")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        if self._terminal:
            sys.stderr.write("\r\033[K")
        say(f"{self._name}: {'failed' if error else 'done'} after {duration(time.monotonic() - self._begin)}")

    def _tell(self) -> None:
        while not self._ended.wait(1 if self._terminal else 30):
            line = f"lab: {self._name}: {duration(time.monotonic() - self._begin)}, {self._detail()}"
            sys.stderr.write(f"\r\033[K{line}" if self._terminal else f"{line}\n")
            sys.stderr.flush()
