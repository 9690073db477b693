# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this process waits for now, in words, for people who watch: docs/decisions/0069-what-a-run-waits-for.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_waits: dict[object, str] = {}


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """While this lasts, the process waits. Say for what by the function that you get; empty words say nothing."""
    wait = object()
    try:
        yield lambda words: _waits.__setitem__(wait, words)
    finally:
        _waits.pop(wait, None)


def awaited() -> str:
    """Return what the process waits for; empty if nothing was said. Of a wait within another one the inner one counts."""
    return next((words for words in reversed(list(_waits.values())) if words), "")
