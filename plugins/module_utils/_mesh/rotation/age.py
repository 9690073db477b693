# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which intermediates are old enough to be replaced, and which are replaced and still about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..trust.expiry import is_over


def stale(results: Iterable[Mapping[str, Any]], now: datetime, min_age: timedelta) -> list[str]:
    """Fingerprints. One that has expired is replaced at any age. One that a cluster keeps beside its CA was replaced by a run that did not come to its end."""
    found: list[str] = []
    for result in results:
        own, before = result.get("intermediate"), result.get("previous")
        if own and (now - datetime.fromisoformat(own["not_before"]) >= min_age or is_over(own["not_after"], now)):
            found.append(own["fingerprint"])
        if own and before and before["signer"] != own["fingerprint"]:
            found.append(before["signer"])
    return sorted(set(found))
