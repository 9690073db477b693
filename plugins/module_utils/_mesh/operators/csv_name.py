# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of ClusterServiceVersions such as `demo-operator.v1.2.0`: whose they are, and which of two is newer."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?P<operator>.+?)\.v?(?P<version>\d+\.\d+.*)")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:[-+.](.+))?")
Order = tuple[int, int, int, int, tuple[tuple[int, str], ...]]


def version_of(csv: str) -> str:
    """Return the version in the name of a ClusterServiceVersion; empty if it has none."""
    match = _NAME.fullmatch(csv)
    return match["version"] if match else ""


def operator_of(csv: str) -> str:
    match = _NAME.fullmatch(csv)
    return match["operator"] if match else csv


def order(version: str) -> Order | None:
    """Return a key that sorts versions; None if this is none. A suffix of words comes before the version, a number after it is a later build."""
    match = _VERSION.fullmatch(version)
    if not match:
        return None
    major, minor, patch, suffix = match.groups()
    parts = tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.\-+]", suffix)) if suffix else ()
    rank = 0 if not suffix else 1 if suffix[0].isdigit() else -1
    return int(major), int(minor), int(patch or 0), rank, parts


def newer(one: str, other: str) -> bool:
    """Return whether a version is known to be newer than the other one."""
    first, second = order(one), order(other)
    return first is not None and second is not None and first > second


def between(installed: str, csv: str, pin: str) -> bool:
    """Return whether a ClusterServiceVersion is a step from the installed one to the pin: of the same operator, and neither older nor beyond."""
    same = operator_of(installed) == operator_of(csv) == operator_of(pin)
    reached = csv == pin or newer(version_of(pin), version_of(csv))
    return same and newer(version_of(csv), version_of(installed)) and reached
