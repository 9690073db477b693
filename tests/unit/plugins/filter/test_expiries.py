# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the report."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

ROW = {"kind": "root", "where": "istio-system", "end": "2126-01-01T00:00:00Z", "issuer": "CN=shop root", "number": 1, "level": "ok"}


def test_of_each_host_what_it_told_or_why_not() -> None:
    hostvars: dict[str, Any] = {
        "east": {"seen": {"certificates": [ROW], "unseen": ["proxy shop/x could not be seen: silence"], "faults": []}},
        "west": {"seen": {"failed": True, "msg": "west: it refuses connections."}},
        "north": {},
    }
    found = FILTERS["_certificates"](["east", "west", "north"], hostvars, "seen")
    assert {(one["cluster"], one["level"], one["where"]) for one in found} == {
        ("east", "ok", "istio-system"),
        ("east", "unknown", "proxy shop/x could not be seen: silence"),
        ("west", "unknown", "west: it refuses connections."),
        ("north", "unknown", "north: this run read nothing from the cluster."),
    }
    lines = FILTERS["_certificates_table"](found)
    assert len(lines) == 2 + 4
    assert lines[-1].startswith("east") and lines[-1].endswith("ok")
