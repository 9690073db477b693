# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What expires in a whole fleet, from what each of its clusters told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..module_utils._mesh.report import expiries


def mesh_certificates(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> list[dict[str, Any]]:
    return expiries.fleet({name: _told(name, hostvars[name].get(variable) or {}) for name in hosts})


def _told(name: str, result: Mapping[str, Any]) -> list[dict[str, Any]] | str:
    """What certificates_info returned, with whoever it could not ask, or the sentence that says why it returned nothing."""
    if result.get("failed") or "certificates" not in result:
        return str(result.get("msg") or f"{name}: nothing was read from it.")
    return [*map(expiries.unknown, (*result["faults"], *result["unseen"])), *result["certificates"]]


def mesh_certificates_table(certificates: Iterable[Mapping[str, Any]], limit: int = 60) -> list[str]:
    return expiries.table(list(certificates), datetime.now(UTC), int(limit))


class FilterModule:
    """The filters of the report."""

    def filters(self) -> dict[str, Any]:
        return {filter_.__name__: filter_ for filter_ in (mesh_certificates, mesh_certificates_table)}
