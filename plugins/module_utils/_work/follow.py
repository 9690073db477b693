# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a cluster has done what a run asked for: look, renew the Lease, pause, look again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .._kube.waiting import waiting
from .._mesh.errors import MeshError

T = TypeVar("T")


class Ticking(Protocol):
    """A clock, or one whose time passes only while it sleeps."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks. The pauses grow, so that a short wait ends soon and a long wait costs few looks."""

    first: float = 0.3
    longest: float = 3.0

    def pauses(self) -> Iterator[float]:
        pause = self.first
        while True:
            yield pause
            pause = min(self.longest, pause * 1.3)


def nothing() -> None:
    """Keep nothing alive."""


def _no_remedy(_seen: object, _seconds: float) -> None:
    """Do nothing about what was seen."""


def _never(_seen: object, _seconds: float) -> MeshError | None:
    """Never give up early."""
    return None


def _unsaid(_seen: object) -> str:
    """Say nothing about what is waited for."""
    return ""


def follow(
    look: Callable[[], T],
    *,
    done: Callable[[T], bool],
    late: Callable[[T, float], MeshError],
    timeout: float,
    keep: Callable[[], None] = nothing,
    hopeless: Callable[[T, float], MeshError | None] = _never,
    remedy: Callable[[T, float], None] = _no_remedy,
    waits: Callable[[T], str] = _unsaid,
    pace: Pace = Pace(),
    clock: Ticking,
) -> T:
    """Return what `look` saw when it was `done`. `late` makes the error for a timeout, `hopeless` the error for a fault that waiting cannot resolve.

    `keep` and `remedy` are called after each look that is not `done`. Seconds count from the start of the wait. `waits` says, without the name of the
    cluster, what is waited for after such a look.
    """
    begun = clock.monotonic()
    with waiting() as say:
        for pause in pace.pauses():
            seen = look()
            if done(seen):
                return seen
            say(waits(seen))
            keep()
            seconds = clock.monotonic() - begun
            failed = hopeless(seen, seconds) or (late(seen, seconds) if seconds >= timeout else None)
            if failed:
                raise failed
            remedy(seen, seconds)
            clock.sleep(pause)
    raise AssertionError("unreachable")
