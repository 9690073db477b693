# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an object somebody has asked for: all but its status and what the server notes of each write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOTED = ("resourceVersion", "managedFields", "generation")


def content(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object without its status and the server's notes. Controllers write a status at any time, and a decision does not end with it."""
    meta = {key: value for key, value in live["metadata"].items() if key not in _NOTED}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": meta}
