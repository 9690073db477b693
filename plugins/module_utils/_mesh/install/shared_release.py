# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adjust a release that all revisions share when another revision is installed beside those that run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .helm_release import Record, Release, latest
from .versions import minor


def beside(release: Release, records: Iterable[Record], live: Mapping[str, Any] | None) -> Release:
    """Return the wished release, with the setting that the cluster already has: the object `live` shows it.

    The record of a killed or failed operation does not count.
    """
    record = latest((record for record in records if record.status == "deployed"), release.name)
    return _no_older(_decided(release, record, live), record) if release.shared else _decided(release, record, live)


def _decided(release: Release, record: Record | None, live: Mapping[str, Any] | None) -> Release:
    if release.kept is None:
        return release
    key = release.kept.value
    labels = ((live or {}).get("metadata") or {}).get("labels") or {}
    setting = labels.get(release.kept.label) or (record.values.get(key) if record else None)
    return release if setting is None else replace(release, values={**release.values, key: setting})


def _no_older(release: Release, record: Record | None) -> Release:
    """Never downgrade the release: its CRDs must serve the newest revision, and they contain what an older one needs."""
    if record is None or not release.version or (minor(record.chart_version) or ()) <= (minor(release.version) or ()):
        return release
    return replace(release, version=record.chart_version)
