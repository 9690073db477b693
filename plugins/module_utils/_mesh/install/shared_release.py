# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release that all revisions of a control plane share, when another revision is installed beside those that run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .helm_release import Record, Release, latest


def beside(release: Release, records: Iterable[Record], live: Mapping[str, Any] | None) -> Release:
    """What is wished, but for what the cluster has decided already: `live` is the object that says it.

    What a killed or failed operation left in its record was not decided.
    """
    record = latest((one for one in records if one.status == "deployed"), release.name)
    return _no_older(_decided(release, record, live), record) if release.shared else _decided(release, record, live)


def _decided(release: Release, record: Record | None, live: Mapping[str, Any] | None) -> Release:
    if release.kept is None:
        return release
    key = release.kept.value
    labels = ((live or {}).get("metadata") or {}).get("labels") or {}
    said = labels.get(release.kept.label) or (record.values.get(key) if record else None)
    return release if said is None else replace(release, values={**release.values, key: said})


def _no_older(release: Release, record: Record | None) -> Release:
    """Its definitions serve the newest of the revisions; what an older one needs is among them."""
    if record is None or not release.version or _numbers(record.chart_version) <= _numbers(release.version):
        return release
    return replace(release, version=record.chart_version)


def _numbers(version: str) -> tuple[int, ...]:
    """Of a wish with two numbers every patch is as new as the wish."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else ()
