# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a mesh that runs is kept by somebody else, such as Argo CD or Flux: for people, since a mesh may well be installed from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..objects.change import Ref
from ..objects.managed_by import ManagedBy, managed_by

_WRITES = "which writes back what is changed here; change it there, and leave it out there before it is installed or upgraded from here"
_KNOWS = "which brings back what it holds in Git when that is applied again; change it there too"


def kept(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """Half a sentence for each keeper, with what to do."""
    found: dict[ManagedBy, list[str]] = {}
    for one in objects:
        whose = managed_by(one)
        if whose:
            found.setdefault(whose, []).append(str(Ref.of(one)))
    return [_sentence(whose, names) for whose, names in sorted(found.items(), key=lambda pair: pair[0].name)]


def _sentence(whose: ManagedBy, names: list[str]) -> str:
    verb, rest = ("kept", _WRITES) if whose.writes_back else ("tracked", _KNOWS)
    which = f"the {names[0]} is" if len(names) == 1 else f"the {names[0]} and {len(names) - 1} more are"
    return f"{which} {verb} by {whose}, {rest}"
