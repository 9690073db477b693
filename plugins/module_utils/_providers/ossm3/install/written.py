# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an earlier run wrote into an object and nobody asks for any more. Whoever only looks whether all is there that is asked for would leave it for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.objects.pruning import MANAGER
from ...._mesh.objects.shapes import Object


def surplus(asked: Object, there: Object) -> bool:
    """Return whether an apply would take fields away: ours by the object's field managers, and not in the manifest. Items of lists are not looked at."""
    ours = [one.get("fieldsV1") or {} for one in there["metadata"].get("managedFields") or () if _applied(one)]
    return any(_more(one, asked) for one in ours)


def _applied(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")


def _more(owned: Mapping[str, Any], asked: Any) -> bool:
    names = {key.removeprefix("f:"): inner for key, inner in owned.items() if key.startswith("f:")}
    return any(not isinstance(asked, Mapping) or name not in asked or _more(inner, asked[name]) for name, inner in names.items())
