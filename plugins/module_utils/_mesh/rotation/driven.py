# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation that the product drives itself: it is given another CA once, hands it round, and lets the former root go when nobody needs it."""

from __future__ import annotations

from dataclasses import dataclass

from ..trust.standing import Standing
from .plan import REISSUE, REISSUED, RETIRE, RETIRED, Leaving, phase, roots_named
from .trust_users import ControlPlaneDeployment, TrustUser


@dataclass(frozen=True)
class Progress:
    """What the product says of its CA, as PEM: its certificate, what is above it, and the roots that it has workloads trust.

    `users` are those that live by it, `planes` the control planes. `fault` tells why the product could not be asked, as half a sentence.
    """

    certificate: bytes = b""
    chain: bytes = b""
    roots: bytes = b""
    users: tuple[TrustUser, ...] = ()
    planes: tuple[ControlPlaneDeployment, ...] = ()
    fault: str = ""


_REACHED = {REISSUE: (REISSUED, RETIRED), RETIRE: (RETIRED,)}


def waits_for(step: str, own: Standing, target: str, leaving: Leaving) -> str:
    """Where the product still stands before the end of a step, as half a sentence; empty where it is through. It introduces a root by itself."""
    if step not in _REACHED or phase(own, target, leaving) in _REACHED[step]:
        return ""
    return f"its product signs under {roots_named([own.signs_under])} and has workloads trust {roots_named(own.trusts)}"
