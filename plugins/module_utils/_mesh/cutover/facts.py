# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as small dictionaries and back: thousands of workloads differ from the usual in little, and follow few rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, TypeVar, cast

T = TypeVar("T")


@cache
def _usual(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    """The fields of a class with their defaults. A default that is made anew is empty."""
    return tuple((each.name, (each.default if each.default is not MISSING else each.default_factory() if each.default_factory is not MISSING else MISSING))
                 for each in fields(cast("Any", kind)))  # fmt: skip


def differing(value: Any, but: Iterable[str] = ()) -> dict[str, Any]:
    """The fields that are not as usual, without those in `but`."""
    held, left_out = vars(value), set(but)
    return {name: held[name] for name, usual in _usual(cast("Hashable", type(value))) if name not in left_out and held[name] != usual}


def made(kind: type[T], facts: Mapping[str, Any], **more: Any) -> T:
    """The value again. What was a tuple and is a list in JSON is a tuple again."""
    return kind(**{name: tuple(part) if isinstance(part, list) else part for name, part in facts.items()}, **more)


class Numbered(dict[Hashable, int]):
    """Values by a number each, in the order in which they were first asked for."""

    def __missing__(self, value: Hashable) -> int:
        self[value] = len(self)
        return self[value]
