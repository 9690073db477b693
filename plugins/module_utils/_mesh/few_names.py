# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name the first of many in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def few(names: Sequence[str], most: int, by: str = ", ") -> str:
    """The first `most` names, and how many more there are."""
    return by.join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
