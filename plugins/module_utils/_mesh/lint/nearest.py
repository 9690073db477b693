# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the known name that somebody meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

SURE, LIKELY = 0.8, 0.6


def nearest(name: str, known: Collection[str], likeness: float = LIKELY) -> str:
    """Return the known name that is most like `name`, whatever its case; empty if none is like it."""
    by_form = {each.lower(): each for each in sorted(known)}
    close = get_close_matches(name.lower(), by_form, 1, likeness)
    return by_form[close[0]] if close else ""
