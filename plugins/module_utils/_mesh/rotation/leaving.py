# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which roots a rotation takes away: those that it brought or replaces, and those that the user names. A partner's root stays."""

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
    """Return the fingerprints of the roots that go: those that sign, signed before or are still in use, those handed out in spite of a CA, expired ones.

    `between` are the old and the new root of the rotation. `named` are roots that the user wants gone. Each run reads all of this again, so a run
    after a killed one knows it too.
    """
    roots = {*between, *wanted_gone(target, named), *expired(clusters, now)}
    for facts in clusters:
        roots |= {facts["standing"]["signs_under"], *(facts.get("issuers") or ()), *(root["fingerprint"] for root in facts.get("ignored") or ())}
        roots |= {facts["previous"]["signs_under"]} if facts.get("previous") else set()
    return sorted(roots - {target, ""})


def wanted_gone(target: str, named: Sequence[str]) -> Sequence[str]:
    wrong = [one for one in named if not _FINGERPRINT.fullmatch(str(one))]
    if wrong:
        fault = f"rotate_retire_roots names {', '.join(map(str, wrong))}, which is no fingerprint of a root"
        raise Refused(f"{fault}. A fingerprint has 64 digits and letters from a to f; the plan shows all of them.")
    if target in named:
        raise Refused(f"rotate_retire_roots names {short(target)}, which is the target of the rotation.")
    return named


def staying(cluster: Facts, target: str, gone: Iterable[str]) -> list[str]:
    """Return a sentence about each root that a cluster trusts and that the rotation does not touch."""
    others = [root for root in cluster.get("roots") or () if not root.get("mark") and root["fingerprint"] not in {target, *gone}]
    return [
        f"it also trusts '{root.get('subject', '')}', which this rotation neither brought nor replaces, and goes on trusting it. "
        f"To retire that root too, set rotate_retire_roots: [{root['fingerprint']}]"
        for root in others
    ]
