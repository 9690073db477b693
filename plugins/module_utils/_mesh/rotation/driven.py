# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe a rotation that the product drives itself. It gets another CA once, hands it out, and drops the former root when nobody needs it any more."""

from __future__ import annotations

from dataclasses import dataclass

from ..trust.standing import Standing
from .plan import REISSUE, REISSUED, RETIRE, RETIRED, Leaving, phase, roots_named
from .trust_users import ControlPlaneDeployment, TrustUser


@dataclass(frozen=True)
class Progress:
    """What the product says about its CA, as PEM: the certificate, the certificates above it, and the roots that its workloads trust.

    `users` are the trust users of the CA, and `planes` the control planes. `fault` is half a sentence that says why nobody could ask the product.
    `outgoing` are roots beside those, as PEM: workloads still trust them, no certificate of theirs is in use, and the product drops them by itself.
    """

    certificate: bytes = b""
    chain: bytes = b""
    roots: bytes = b""
    users: tuple[TrustUser, ...] = ()
    planes: tuple[ControlPlaneDeployment, ...] = ()
    fault: str = ""
    outgoing: bytes = b""


_REACHED = {REISSUE: (REISSUED, RETIRED), RETIRE: (RETIRED,)}


def waits_for(step: str, own: Standing, target: str, leaving: Leaving) -> str:
    """Return what the product has not done yet in a step, as half a sentence; empty if it is done. The product introduces a root by itself."""
    if step not in _REACHED or phase(own, target, leaving) in _REACHED[step]:
        return ""
    return f"its product signs under {roots_named([own.signs_under])} and its workloads trust {roots_named(own.trusts)}"
