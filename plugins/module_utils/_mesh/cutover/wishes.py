# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of a cutover, read from the options of its role."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..install.versions import minor
from .plan import BY_TAGS, CutoverWish
from .refusals import COPY, LEAVE, REFUSE, UNLABEL
from .waves import FIRST, LAST, NOT_MOVED, WaveWish

_CHOICES = {
    "by": (CutoverWish.by, BY_TAGS),
    "gateways": (LAST, FIRST, NOT_MOVED),
    "objects": (COPY, UNLABEL, REFUSE, LEAVE),
    "gitops": (REFUSE, "hook", LEAVE),
}
_NAMES = ("canary", "only", "skip")
_NUMBERS = {"pace": "cutover_pace", "wave_seconds": "cutover_wave_seconds"}


def wish_of(options: Mapping[str, Any]) -> CutoverWish:
    """Read what the user wants of the waves. What is not given is as usual."""
    usual = WaveWish()
    return CutoverWish(
        WaveWish(
            canary=tuple(options.get("canary") or ()),
            declared=tuple(tuple(patterns) for patterns in options.get("waves") or ()),
            only=tuple(options.get("only") or usual.only),
            skip=tuple(options.get("skip") or ()),
            pace=float(options.get("pace") or usual.pace),
            seconds=float(options.get("wave_seconds") or usual.seconds),
            together=bool(options.get("together")),
            gateways=str(options.get("gateways") or usual.gateways),
        ),
        str(options.get("by") or CutoverWish.by),
        bool(options.get("retire", True)),
    )


def version(options: Mapping[str, Any]) -> str:
    """Return the version that is to be installed: the one that is named as the target, else the one that is given, which is mostly the inventory's."""
    to = str(options.get("to") or "")
    return to.removeprefix("v") if minor(to) and "." in to else str(options.get("version") or "")


def faults(options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the options, as half sentences."""
    found = [] if options.get("to") else ["cutover_to is not set; name the revision or the version to end on"]
    for name, choices in _CHOICES.items():
        if (value := options.get(name)) and value not in choices:
            found.append(f"cutover_{name} is {value!r}, but it may be {', '.join(choices)}")
    found += [f"cutover_{name} is no list of names of namespaces" for name in _NAMES if not _names(options.get(name))]
    waves = options.get("waves")
    if waves and not (isinstance(waves, list | tuple) and all(_names(one) for one in waves)):
        found.append("cutover_waves is no list of lists of names of namespaces")
    return found + [f"{called} is {options[name]!r}, and has to be a number above 0" for name, called in _NUMBERS.items() if _not_above_0(options.get(name))]


def file_faults(files: Iterable[str], there: Collection[str]) -> list[str]:
    """Return a sentence for each task file of the user's that cannot be run. `there` are those that this machine has."""
    wrong = dict.fromkeys(file for file in files if not file.startswith("/") or file not in there)
    told = "cutover_gitops or cutover_gates names the task file {}, which is no absolute path of a file on this machine"
    return [f"{told.format(file)}. Give such a path. cutover_gitops may also be refuse or leave." for file in wrong]


def _names(value: Any) -> bool:
    return value in (None, "") or (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value))


def _not_above_0(value: Any) -> bool:
    if value in (None, ""):
        return False
    try:
        return float(value) <= 0
    except (TypeError, ValueError):
        return True
