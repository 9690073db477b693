# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name the keys among values that the chart does not know. It would install something else than was asked for, without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ....._mesh.install.versions import Minor, dotted
from .keys import BELOW, OF_SECRETS, ONLY_IN, REPLACED

_SHOWN = 12
_BELOW: Mapping[str, tuple[str, ...]] = {
    **{path: tuple(names.split()) for path, names in BELOW.items()},
    **dict.fromkeys(OF_SECRETS.split(), ("secretKey", "secretName")),
}


def faults(values: Mapping[str, Any], line: Minor) -> list[str]:
    """Return half a sentence for each unknown key, with what was probably meant."""
    return list(_unknown(values, "", dotted(line)))


def _unknown(values: Mapping[str, Any], path: str, line: str) -> Iterator[str]:
    known = _BELOW.get(path)
    if known is None:  # anything may stand here
        return
    for key, value in values.items():
        here = f"{path}.{key}" if path else str(key)
        if here in REPLACED:
            yield f"mesh_values.consul.{here} is no key of the chart any more; use {REPLACED[here]}"
        elif key not in known:
            yield f"mesh_values.consul.{here} is no key of the chart{_meant(str(key), path, known)}"
        elif line not in ONLY_IN.get(here, (line,)):
            yield f"mesh_values.consul.{here} is no key of the charts {line}, only of {' and '.join(ONLY_IN[here])}"
        elif isinstance(value, Mapping):
            yield from _unknown(value, here, line)


def _meant(key: str, path: str, known: tuple[str, ...]) -> str:
    """Return the nearest key: one beside it, else all beside it if they are few, else one that has the same name elsewhere."""
    folded = {name.lower(): name for name in known}
    if beside := get_close_matches(key.lower(), folded, 1, 0.7):
        return f"; did you mean {f'{path}.' if path else ''}{folded[beside[0]]}?"
    if len(known) <= _SHOWN:
        return f"; known here are {', '.join(known)}"
    elsewhere = sorted((f"{above}.{key}" for above, names in _BELOW.items() if key in names and above), key=lambda one: (one.count("."), one))
    return f"; did you mean {elsewhere[0]}?" if elsewhere else ""
