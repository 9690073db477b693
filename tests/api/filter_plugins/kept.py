# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For the playbooks of these tests: a filter that writes a text to a file without the processes that a module for it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def kept(text: str, file: str) -> bool:
    Path(file).write_text(text, encoding="utf-8")
    return True


class FilterModule:
    def filters(self) -> dict[str, Callable[..., bool]]:
        return {"kept": kept}
