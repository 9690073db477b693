# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which edition of Consul runs, and what only Enterprise has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..edition import is_paid
from .entry import Entry, shown
from .kinds import KINDS
from .reading import enterprise_fields


def faults(entries: Sequence[Entry], itself: Mapping[str, Any]) -> list[str]:
    """Return the fields that the edition does not have. `itself` is what an agent says of itself."""
    if is_paid(itself):
        return []
    version = str((itself.get("Config") or {}).get("Version") or "")
    used = [(entry, list(enterprise_fields(KINDS[entry.kind].shape, entry.content))) for entry in entries]
    return [
        f"the entry {shown(entry.key)} has {' and '.join(places)}, which only Consul Enterprise knows, and {version or 'what runs'} is the community edition"
        for entry, places in used if places
    ]  # fmt: skip
