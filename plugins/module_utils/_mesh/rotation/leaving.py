# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roots a rotation takes away: those that it brought or replaces, and those that are named. A partner's root is neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..errors import Refused
from ..trust.certificate import short
from .expired_root import expired

Facts = Mapping[str, Any]
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def leaving(target: str, clusters: Sequence[Facts], between: Iterable[str], named: Sequence[str], now: datetime) -> list[str]:
    """Fingerprints: what is signed under, was, or still lives, what is handed out in spite of a CA, what nobody can verify by any more.

    `between` are the roots that the rotation goes between, `named` those that somebody wants gone. Read anew by each run, all of this is known
    again after one that was killed.
    """
    found = {*between, *wanted_gone(target, named), *expired(clusters, now)}
    for one in clusters:
        found |= {one["standing"]["signs_under"], *(one.get("issuers") or ()), *(root["fingerprint"] for root in one.get("ignored") or ())}
        found |= {one["previous"]["signs_under"]} if one.get("previous") else set()
    return sorted(found - {target, ""})


def wanted_gone(target: str, named: Sequence[str]) -> Sequence[str]:
    wrong = [one for one in named if not _FINGERPRINT.fullmatch(str(one))]
    if wrong:
        told = f"rotate_retire_roots names {', '.join(map(str, wrong))}, which is no fingerprint of a root"
        raise Refused(f"{told}: the plan shows them, 64 digits and letters from a to f.")
    if target in named:
        raise Refused(f"rotate_retire_roots names {short(target)}, the root that the mesh is to end with.")
    return named


def staying(cluster: Facts, target: str, gone: Iterable[str]) -> list[str]:
    """A sentence about each root that a cluster trusts and that the rotation leaves as it is."""
    others = [root for root in cluster.get("roots") or () if not root.get("mark") and root["fingerprint"] not in {target, *gone}]
    return [
        f"it also trusts '{root.get('subject', '')}', which this rotation neither brought nor replaces, and goes on trusting it; "
        f"to have it retired too: rotate_retire_roots: [{root['fingerprint']}]"
        for root in others
    ]
