# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts on what expires, and the order of the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report import expiries
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.expiries import Expiring, Thresholds
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import CONTROL_PLANE, PROXY, TrustUser
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.x509 import facts
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import DAY, NOW
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import leaf

HOUR = timedelta(hours=1)


def one(kind: str, age: timedelta, left: timedelta | None, where: str = "x") -> Expiring:
    return Expiring(kind, where, NOW - age, NOW + left if left is not None else None, issuer="CN=shop root,O=shop.example")


@pytest.mark.parametrize(("kind", "age", "left", "level"), [
    ("root", DAY, 61 * DAY, "ok"),
    ("root", DAY, 60 * DAY, "warn"),
    ("intermediate", DAY, 14 * DAY, "critical"),
    ("intermediate", DAY, 0 * DAY, "expired"),
    ("webhook", DAY, 20 * DAY, "warn"),
    ("leaf", 14 * HOUR, 10 * HOUR, "ok"),
    ("leaf", 15 * HOUR, 9 * HOUR, "warn"),
    ("leaf", 22 * HOUR, 2 * HOUR, "critical"),
    ("leaf", 24 * HOUR, -HOUR, "expired"),
    ("control plane", 600 * DAY, 130 * DAY, "ok"),
    ("control plane", 700 * DAY, 30 * DAY, "warn"),
    ("gateway", 60 * DAY, 30 * DAY, "ok"),
    ("gateway", 70 * DAY, 20 * DAY, "warn"),
    ("gateway", 85 * DAY, 5 * DAY, "critical"),
    ("token", 20 * HOUR, 4 * HOUR, "warn"),
    ("token", 365 * DAY, None, "ok"),
    ("token", 366 * DAY, None, "warn"),
])  # fmt: skip
def test_the_verdict(kind: str, age: timedelta, left: timedelta | None, level: str) -> None:
    assert expiries.level(one(kind, age, left), NOW, Thresholds()) == level


def test_the_thresholds_are_the_callers() -> None:
    assert expiries.level(one("root", DAY, 30 * DAY), NOW, Thresholds(ca_warn=20, ca_critical=5)) == "ok"
    assert expiries.level(one("leaf", HOUR, 23 * HOUR), NOW, Thresholds(leaf_warn=100)) == "warn"


def test_a_token_of_unknown_age_is_no_alarm() -> None:
    assert expiries.level(Expiring("token", "x", None, None), NOW, Thresholds()) == "ok"


def test_the_soonest_comes_first_and_what_never_ends_last() -> None:
    found = [one("token", DAY, None, "never"), one("root", DAY, 99 * DAY, "late"), one("leaf", DAY, -HOUR, "gone"), one("leaf", DAY, HOUR, "soon")]
    judged = expiries.judged(found, NOW, Thresholds())
    assert [each["where"] for each in judged] == ["gone", "soon", "late", "never"]
    assert [each["seconds_left"] for each in judged] == [-3600, 3600, 99 * 86400, None]
    assert judged[0]["end"] == "2026-08-27T11:00:00Z"


def test_of_a_workload_the_first_to_expire_is_told() -> None:
    late, soon = facts(leaf(days=(-1, 2)).raw), facts(leaf(days=(-1, 1)).raw)
    server = TrustUser(PROXY, "shop", "server-1", workload="Deployment/server", leaf=late)
    holders = [server, replace(server, name="server-2", leaf=soon), TrustUser(PROXY, "shop", "bare", leaf=late), TrustUser(PROXY, "shop", "mute"),
               TrustUser(CONTROL_PLANE, "istio-system", "istiod-1", workload="Deployment/istiod", leaf=late)]  # fmt: skip
    told = {each.where: (each.kind, each.number, each.end) for each in expiries.leaves(holders)}
    assert told == {
        "shop/Deployment/server": ("leaf", 2, soon.not_after),
        "shop/Pod/bare": ("leaf", 1, late.not_after),
        "istio-system/Deployment/istiod": ("control plane", 1, late.not_after),
    }


def test_a_fleet_is_one_list_with_the_unknown_in_front() -> None:
    east = expiries.judged([one("root", DAY, 99 * DAY)], NOW, Thresholds())
    west = expiries.judged([one("leaf", DAY, HOUR)], NOW, Thresholds())
    told = expiries.fleet({"east": east, "north": "north: it refuses connections.", "west": west})
    assert [(each["cluster"], each["level"]) for each in told] == [("north", "unknown"), ("west", "critical"), ("east", "ok")]


def fleet(*found: Expiring) -> list[dict[str, Any]]:
    return expiries.fleet({"east": expiries.judged(found, NOW, Thresholds()), "north": "north: it refuses connections."})


def test_the_table() -> None:
    found = fleet(one("leaf", DAY, HOUR, "shop/Deployment/server"), one("root", DAY, 99 * DAY, "istio-system"), one("token", DAY, None, "remote"))
    assert expiries.table(found, NOW, 10) == [
        "CLUSTER  KIND   WHERE                           NUMBER  ISSUER     EXPIRES            VERDICT",
        "-------  -----  ------------------------------  ------  ---------  -----------------  --------",
        "north    -      north: it refuses connections.  -       -          -                  UNKNOWN",
        "east     leaf   shop/Deployment/server          1       shop root  2026-08-27 (1 h)   CRITICAL",
        "east     root   istio-system                    1       shop root  2026-12-04 (99 d)  ok",
        "east     token  remote                          1       shop root  never              ok",
    ]


def test_a_long_table_keeps_what_is_not_well() -> None:
    found = fleet(*(one("root", DAY, (100 + number) * DAY) for number in range(8)), one("token", 999 * DAY, None, "old"))
    told = expiries.table(found, NOW, 4)
    assert len(told) == 2 + 4 + 1
    assert told[-1] == "6 more are ok."
    assert "old" in told[-2]
