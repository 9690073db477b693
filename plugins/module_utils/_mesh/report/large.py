# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a large estate stands on the screen. The report has everything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..few_names import few

Ranked = Sequence[tuple[str, Any]]  # a mapping, or a text
# Clusters in the table, if all others are well. Whoever is not well is always there.
_ROWS = 100
# So many clusters may have a sentence each for the same reason, and so many are named in one sentence for all.
_APART, _NAMED = 5, 20
_ADDRESS = re.compile(r" at https?://\S+")


def shown(ranked: Ranked, unwell: int) -> tuple[Ranked, list[str]]:
    """Return the clusters that the table shows, of which the first are not well, and a line about the others."""
    kept = max(_ROWS, unwell)
    left = len(ranked) - kept
    if left <= 0:
        return ranked, []
    return ranked[:kept], [f"and {left} more clusters that are ok; the report in mesh_report_dir has all of them."]


def reasons(ranked: Ranked) -> tuple[list[str], set[str]]:
    """Return a sentence for each reason for which many clusters are unreached, and these clusters. Their addresses are left out."""
    whose: dict[str, list[str]] = {}
    for name, said in ranked:
        if isinstance(said, str):
            whose.setdefault(_ADDRESS.sub("", said.removeprefix(f"{name}: "), 1), []).append(name)
    many = {reason: names for reason, names in whose.items() if len(names) > _APART}
    return [f"{few(names, _NAMED)}: {reason}" for reason, names in many.items()], {name for names in many.values() for name in names}
