# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of a Gateway whose pods the mesh makes, and of a second one that stands in for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Beside:
    """The mesh makes the `deployment` of a Gateway, and the Service by which it is `reached`. `attached` counts its routes by listener.

    `stood_in` says that a cutover gave it a second Gateway, and `asleep` how many pods it had before that one stood in. A second Gateway `lacks` what the
    first one has and it has not yet. `unable` is why none could stand in for this one, as half a sentence. `kept` are its routes that a tool would write back.
    """

    deployment: str = ""
    reached: str = ""
    attached: Mapping[str, int] = field(default_factory=dict)
    asleep: int = 0
    stood_in: bool = False
    lacks: tuple[str, ...] = ()
    unable: str = ""
    kept: tuple[str, ...] = ()
