# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which edition of Consul a server is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MARKS = ("+ent", "ent")


def is_paid(itself: Mapping[str, Any]) -> bool:
    """Return whether a server that said this of itself is of the paid edition."""
    config, running = itself.get("Config") or {}, itself.get("DebugConfig") or {}
    return _MARKS[0] in str(config.get("Version") or "") or str(running.get("VersionMetadata") or "") == _MARKS[1]
