# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the collection by the names under which templates call them, the private ones too."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

FOLDER = CHECKOUT / "plugins/filter"
FILES = sorted(path.stem for path in FOLDER.glob("*.py") if path.name != "__init__.py")
BY_FILE: dict[str, dict[str, Callable[..., Any]]] = {
    file: import_module(f"ansible_collections.meshops.lifecycle.plugins.filter.{file}").FilterModule().filters() for file in FILES
}
FILTERS: dict[str, Callable[..., Any]] = {name: code for filters in BY_FILE.values() for name, code in filters.items()}
PUBLIC = sorted(name for name in FILTERS if not name.startswith("_"))


def call(name: str, *arguments: Any, **named: Any) -> Any:
    return FILTERS[name](*arguments, **named)
