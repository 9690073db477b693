# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA with which a datacenter signs its workloads, as its servers say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.question import Answers
from .. import api
from ..trust.trust import pem_of

ABOUT, PATH = "roots", "/v1/connect/ca/roots"


def active(answers: Answers) -> Mapping[str, Any]:
    """Return the root that is in use; empty if no server said so."""
    listed = (api.mapped(api.only(answers, ABOUT)) or {}).get("Roots") or []
    return next((one for one in listed if one.get("Active")), {})


def intermediate(answers: Answers) -> bytes:
    """Return the CA that the primary signed for a secondary: the last one of those below the active root; empty if there is none."""
    last = (active(answers).get("IntermediateCerts") or [])[-1:]
    return b"".join(block for text in last for block in pem_of(str(text).encode())[:1])


def line(answers: Answers, secondary: bool) -> bytes:
    """Return the CA that signs here, and those above it. Consul's root is the CA that it was given, with the certificates above that one."""
    given = b"".join(pem_of(str(active(answers).get("RootCert") or "").encode()))
    return (intermediate(answers) if secondary else b"") + given if given else b""
