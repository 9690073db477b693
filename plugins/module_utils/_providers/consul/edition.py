# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only the paid edition of Consul has. The other one refuses it, or ignores it without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_KINDS = ("sameness-group", "control-plane-request-limit")
_FIELDS = ("Partition", "SamenessGroup", "Namespace")  # of entries; "default" is what the other edition means by them
_MARKS = ("+ent", "ent")


def is_paid(itself: Mapping[str, Any]) -> bool:
    """Return whether a server that said this of itself is of the paid edition."""
    config, running = itself.get("Config") or {}, itself.get("DebugConfig") or {}
    return _MARKS[0] in str(config.get("Version") or "") or str(running.get("VersionMetadata") or "") == _MARKS[1]


def refusal(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return a sentence about the entries that need the paid edition; empty if none does."""
    named = sorted({f"{_said(one, 'kind')} {_said(one, 'name')} ({', '.join(wants)})" for one in entries if (wants := _paid(one))})
    if not named:
        return ""
    return f"Consul's servers are of the community edition, but only the enterprise edition has what these entries say: {'; '.join(named)}. Take it out."


def _said(entry: Mapping[str, Any], field: str) -> str:
    return str(entry.get(field.capitalize()) or entry.get(field) or "")


def _paid(entry: Mapping[str, Any]) -> list[str]:
    kind = _said(entry, "kind")
    return sorted({*([kind] if kind in _KINDS else []), *_fields(entry)})


def _fields(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in _FIELDS and inner not in ("", "default", None):
                yield str(name)
            yield from _fields(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _fields(inner)
