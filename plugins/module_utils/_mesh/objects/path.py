# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read paths into objects as in kubectl's JSONPath: keys, numbers, and the list item that has a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Union

from ..errors import Refused

# In this order: [0]  ["a.key/with.dots"]  [?(@.type=="Ready")]  [type=Ready]  key
_STEP = re.compile(
    r"""\[(?P<number>\d+)\]
    |\[(?P<q>['"])(?P<quoted>.+?)(?P=q)\]
    |\[\?\(@\.(?P<k1>[\w/-]+)\s*==\s*(?P<p>['"])(?P<v1>.*?)(?P=p)\)\]
    |\[(?P<k2>[\w/-]+)=(?P<o>['"]?)(?P<v2>[^\]]*?)(?P=o)\]
    |(?:^|\.)(?P<key>[^.\[\]]+)""",
    re.VERBOSE,
)
Step = tuple[str, Union[str, None]]  # noqa: UP007 - sanity's pylint knows no other


def steps(path: str) -> list[Step]:
    """Return the steps of a path: a key or number with None, or a key with the value that a list item has under it."""
    bare = path.strip().removeprefix("{").removesuffix("}").removeprefix("$").removeprefix(".")
    parts: list[Step] = []
    place = 0
    while place < len(bare):
        step = _STEP.match(bare, place)
        if step is None:
            raise Refused(f"The path {path} is not understood at {bare[place:]}: write it as in status.conditions[type=Ready].status.")
        place = step.end()
        chosen = step["k1"] or step["k2"]
        value = step["v1"] if step["k1"] else step["v2"]
        parts.append((chosen, value) if chosen else (step["number"] or step["quoted"] or step["key"], None))
    if not parts:
        raise Refused("A path is empty: write it as in status.phase.")
    return parts


def walk(live: Any, path: str) -> Iterator[Any]:
    """Yield the values along the path, from the object down to the place itself, and None from the first missing one on."""
    seen = live
    yield seen
    for key, value in steps(path):
        seen = _below(seen, key) if value is None else _chosen(seen, key, value)
        yield seen


def _below(seen: Any, key: str) -> Any:
    if isinstance(seen, list):
        return seen[int(key)] if key.isdigit() and int(key) < len(seen) else None
    return seen.get(key) if isinstance(seen, Mapping) else None


def _chosen(seen: Any, key: str, value: str) -> Any:
    items = seen if isinstance(seen, list) else []
    return next((item for item in items if isinstance(item, Mapping) and str(item.get(key)) == value), None)
