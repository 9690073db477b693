# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe what helps laggards to follow their cluster's CA. The provider says what helps and when, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..objects.change import Ref
from .trust_users import PROXY, ControlPlaneDeployment, Laggard, TrustUser


@dataclass(frozen=True)
class Need:
    """The trust users of a CA, those of them that lag, and the seconds since the step was written.

    `written` means right after the write, before anything can lag. `down` means that trust is down because a root has expired.
    """

    users: Sequence[TrustUser]
    planes: Sequence[ControlPlaneDeployment] = ()
    late: Sequence[Laggard] = ()
    elapsed: float = 0.0
    may_restart: bool = False
    down: bool = False
    written: bool = False


@dataclass(frozen=True)
class Remedy:
    """A patch of an object, with a word for the report. The step restarts `rolled` objects in waves and waits for them."""

    action: str
    ref: Ref
    patch: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    rolled: bool = False

    def __str__(self) -> str:
        return f"{self.action} {self.ref.namespace}/{f'{self.ref.kind}/' if self.rolled else ''}{self.ref.name}"


def stuck(late: Sequence[Laggard], may_restart: bool) -> list[Laggard]:
    """Return the laggards that will never follow. Only a restart would help them, and it is not allowed or nothing would start them again."""
    if any(lag.user.kind != PROXY for lag in late):
        return []
    hopeless = [lag for lag in late if not lag.user.online and not lag.user.fault]
    return [lag for lag in hopeless if not (may_restart and lag.user.workload)]
