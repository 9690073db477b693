# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One function judges what expires, for all modules, tables and rotations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.expiries import ROOT as ROOT_KIND
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.expiries import Expiring, Thresholds
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.expiries import level as reported
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import iso
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.expiry import EXPIRED, expired_at, expiry, is_over, remaining
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import DAY, NOW, ROOT, issuer, make, seen

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(("left", "level", "days"), [
    pytest.param(90 * DAY, "ok", 90, id="ok"),
    pytest.param(60 * DAY, "warn", 60, id="warn"),
    pytest.param(14 * DAY, "critical", 14, id="critical"),
    pytest.param(timedelta(hours=5), "critical", 0, id="today"),
    pytest.param(timedelta(0), "expired", 0, id="now"),
    pytest.param(-DAY, "expired", -1, id="yesterday"),
])  # fmt: skip
def test_every_judgement_of_a_ca_agrees(left: timedelta, level: str, days: int) -> None:
    certificate = seen(issuer(make("i", ROOT, days=(-10, left / DAY)))).certificate
    assert certificate
    verdict = expiry(certificate, NOW)
    assert (verdict.level, verdict.days) == (level, days)
    assert "CN=i" in verdict.sentence
    assert reported(Expiring.of(ROOT_KIND, "here", certificate), NOW, Thresholds()) == level
    over = level == EXPIRED
    assert (is_over(certificate.not_after, NOW), is_over(iso(certificate.not_after), NOW)) == (over, over)
    assert ("EXPIRED" in remaining(certificate.not_after, NOW), "expired at" in verdict.sentence) == (over, over)


@pytest.mark.parametrize(("not_after", "told"), [
    ("2036-11-18T12:00:00Z", "2036-11-18 (3650 d)"),
    ("2026-11-23T12:00:00Z", "2026-11-23 (2 d)"),
    ("2026-11-23T11:00:00Z", "2026-11-23 (47 h)"),
    ("2026-11-23T11:00:00+00:00", "2026-11-23 (47 h)"),
    ("2026-11-23T11:00:00", "2026-11-23 (47 h)"),
    ("2026-11-23T12:00:00+01:00", "2026-11-23 (47 h)"),
    ("2026-11-21T12:00:01Z", "2026-11-21 (0 h)"),
    ("2026-11-21T12:00:00Z", "2026-11-21 (EXPIRED)"),
    ("2026-11-21T11:59:59Z", "2026-11-21 (EXPIRED)"),
])
def test_how_long_a_certificate_still_holds(not_after: str, told: str) -> None:
    assert remaining(not_after, NOON) == told


def test_the_end_is_named_in_the_same_words_from_a_certificate_and_from_facts() -> None:
    assert expired_at("root 12ab", NOON) == expired_at("root 12ab", iso(NOON)) == "root 12ab expired at 2026-11-21T12:00:00Z"
