# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about those who lag behind their cluster's CA: the provider says what helps and when, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..objects.change import Ref
from .trust_users import PROXY, ControlPlaneDeployment, Laggard, TrustUser


@dataclass(frozen=True)
class Need:
    """Who lives by the CA, who of them lags, and for how many seconds since the step was written.

    `written` says that this is right after the write, before anybody can lag, `down` that trust is down, since a root has expired.
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
    """A patch of an object, by a word for the report. What is `rolled` is restarted in waves and waited for."""

    action: str
    ref: Ref
    patch: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    rolled: bool = False

    def __str__(self) -> str:
        return f"{self.action} {self.ref.namespace}/{f'{self.ref.kind}/' if self.rolled else ''}{self.ref.name}"


def stuck(late: Sequence[Laggard], may_restart: bool) -> list[Laggard]:
    """Those for whom waiting is in vain, where nothing else lags: only a restart would help, and it is not allowed or nothing would start them anew."""
    if any(lag.user.kind != PROXY for lag in late):
        return []
    hopeless = [lag for lag in late if not lag.user.online and not lag.user.fault]
    return [lag for lag in hopeless if not (may_restart and lag.user.workload)]
