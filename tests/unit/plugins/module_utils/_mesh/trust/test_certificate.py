# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about a certificate, and that a key is never shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Certificate, Material, iso, short

DATES = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC))
CERTIFICATE = Certificate("CN=shop root", "CN=shop root", "a1", *DATES, True, None, "EC P-256", "12ab" * 16, "ECDSA_WITH_SHA256")


def test_a_sentence_names_a_certificate_by_subject_and_fingerprint() -> None:
    assert str(CERTIFICATE) == "'CN=shop root' (12ab12ab12ab)"
    assert short(CERTIFICATE.fingerprint) == "12ab12ab12ab"


def test_facts_are_for_json() -> None:
    facts = CERTIFICATE.facts()
    assert facts["not_after"] == iso(DATES[1]) == "2036-01-01T00:00:00Z"
    assert "pem" not in facts


@pytest.mark.parametrize("form", [repr, str, "{}".format])
def test_no_form_of_a_material_shows_the_key(form: object) -> None:
    assert "SECRET" not in form(Material(b"public", b"SECRET"))  # type: ignore[operator]
