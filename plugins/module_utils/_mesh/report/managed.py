# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say which parts of a running mesh other tools manage, such as Argo CD or Flux. This is a notice, because a mesh may well be installed from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..objects.change import Ref
from ..objects.managed_by import ManagedBy, managed_by

_UNDOES = "which undoes changes made here; change it there, and remove it there before you install or upgrade it from here"
_TRACKS = "which brings the old content back when its copy in Git is applied again; change it there too"


def kept(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return half a sentence for each tool that manages objects, with what to do."""
    by_tool: dict[ManagedBy, list[str]] = {}
    for live in objects:
        tool = managed_by(live)
        if tool:
            by_tool.setdefault(tool, []).append(str(Ref.of(live)))
    return [_sentence(tool, names) for tool, names in sorted(by_tool.items(), key=lambda pair: pair[0].name)]


def _sentence(tool: ManagedBy, names: list[str]) -> str:
    verb, rest = ("managed", _UNDOES) if tool.writes_back else ("tracked", _TRACKS)
    which = f"the {names[0]} is" if len(names) == 1 else f"the {names[0]} and {len(names) - 1} more are"
    return f"{which} {verb} by {tool}, {rest}"
