# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a range of versions of a control plane needs or does wrong, with the source of that knowledge."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Quirk:
    """Holds from version `since` (empty: from the first) up to, but without, `until`: (major, minor) or (major, minor, patch).

    `restarts`: the control plane must be restarted because of it.
    """

    since: tuple[int, ...]
    until: tuple[int, ...]
    says: str
    source: str
    restarts: bool = False

    def applies(self, version: str) -> bool:
        """Return whether the version is in the range. A text that is no version, such as the name of a private build, is not."""
        match = _NUMBERS.match(version)
        return match is not None and self.since <= tuple(int(number or 0) for number in match.groups()) < self.until

    def __str__(self) -> str:
        return f"until {'.'.join(map(str, self.until))}: {self.says} ({self.source})"
