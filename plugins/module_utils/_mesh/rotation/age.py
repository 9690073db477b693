# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find intermediates that are old enough to be replaced, and replaced ones that a cluster still keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..trust.expiry import is_over


def stale(results: Iterable[Mapping[str, Any]], now: datetime, min_age: timedelta) -> list[str]:
    """Return fingerprints. An expired intermediate is replaced at any age. One that a cluster keeps beside its CA comes from a run that did not finish."""
    fingerprints: list[str] = []
    for result in results:
        own, before = result.get("intermediate"), result.get("previous")
        if own and (now - datetime.fromisoformat(own["not_before"]) >= min_age or is_over(own["not_after"], now)):
            fingerprints.append(own["fingerprint"])
        if own and before and before["signer"] != own["fingerprint"]:
            fingerprints.append(before["signer"])
    return sorted(set(fingerprints))
