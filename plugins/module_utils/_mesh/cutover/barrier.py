# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check between two steps of a cutover that a cluster is through with the first one, from what its task returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..few_names import few

_SHOWN = 5


def late(name: str, result: Mapping[str, Any], step: str, target: str, wave: int = 0) -> str:
    """Return why a cluster is not through, as a sentence; empty if it is. The result of another step, wave or target does not count."""
    if result.get("failed"):
        return f"{name}: {str(result.get('msg') or 'its task failed').removeprefix(f'{name}: ').rstrip('.')}."
    of = f"wave {wave}" if wave else f"step {step}"
    if (result.get("step"), int(result.get("wave") or 0), result.get("target")) != (step, wave, target):
        return f"{name}: nothing was seen of its {of} to {target}. Run the cutover again."
    rest = list(result.get("late") or ())
    return f"{name}: {few(rest, _SHOWN, '; ')}." if rest else ""
