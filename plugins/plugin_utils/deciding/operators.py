# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which operators the inventory wants. Private: see plugin_utils/filters.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._mesh.operators.package import merged, misnamed
from .. import filters


def operators(entries: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], cluster: str) -> dict[str, Any]:
    """Return the `packages` of a set with what the inventory says of each, for the module operators, and in `refusals` why there can be none."""
    wrong = misnamed(given)
    return {"packages": [], "refusals": f"{cluster}: {wrong}"} if wrong else {"packages": merged(entries, given), "refusals": ""}


class FilterModule:
    """The filter of the role operator."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_operators=operators)
