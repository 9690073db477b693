# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Kept, Record, Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.shared_release import beside
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

KEPT = Kept("defaultRevision", Ref("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "istiod-default-validator"), "istio.io/rev")
WISH = Release("istio-base", "istio-system", "base", version="1.30.2", values={"defaultRevision": "1-30", "other": 1}, shared=True, kept=KEPT)


def deployed(version: str = "1.29.4", revision: int = 1, status: str = "deployed", **values: Any) -> Record:
    return Record("istio-base", revision, status, version, values, f"sh.helm.release.v1.istio-base.v{revision}")


def validator(revision: str | None) -> dict[str, Any]:
    return {"metadata": {"name": "istiod-default-validator", "labels": {"istio.io/rev": revision} if revision else {}}}


@pytest.mark.parametrize(("records", "live", "revision"), [
    pytest.param([], None, "1-30", id="the first install sets it"),
    pytest.param([deployed(defaultRevision="1-29")], validator("1-29"), "1-29", id="a revision beside leaves it"),
    pytest.param([deployed(defaultRevision="1-29")], validator("1-28"), "1-28", id="the live object is right, whatever Helm remembers"),
    pytest.param([], validator("default"), "default", id="what istioctl set stays"),
    pytest.param([deployed(defaultRevision="")], None, "", id="what was switched off stays off"),
    pytest.param([deployed(defaultRevision="1-29")], None, "1-29", id="what somebody deleted is not moved either"),
    pytest.param([deployed(defaultRevision="1-29")], validator(None), "1-29", id="without its label"),
    pytest.param([deployed(defaultRevision="1-31", status="failed")], None, "1-30", id="a failed install decided nothing"),
])
def test_the_default_revision_is_what_the_cluster_has(records: list[Record], live: dict[str, Any] | None, revision: str) -> None:
    assert beside(WISH, records, live).values == {"defaultRevision": revision, "other": 1}


def test_an_explicit_word_moves_it() -> None:
    assert beside(replace(WISH, kept=None), [deployed(defaultRevision="1-29")], validator("1-29")).values["defaultRevision"] == "1-30"


@pytest.mark.parametrize(("wished", "records", "version"), [
    pytest.param("1.30.2", [deployed("1.29.4")], "1.30.2", id="a newer revision brings newer definitions"),
    pytest.param("1.30.2", [deployed("1.31.0")], "1.31.0", id="an older revision beside does not take them back"),
    pytest.param("1.30", [deployed("1.31.0")], "1.31.0", id="nor with two numbers"),
    pytest.param("1.30.2", [deployed("1.30.3")], "1.30.2", id="a patch is as wished"),
    pytest.param("1.30.2", [deployed("1.29.4"), deployed("1.31.0", 2, "failed")], "1.30.2", id="one that failed was never there"),
    pytest.param("1.30.2", [deployed("1.9.0")], "1.30.2", id="numbers are no text"),
    pytest.param("1.30.2", [deployed("latest")], "1.30.2", id="a version without numbers"),
    pytest.param(None, [deployed("1.31.0")], None, id="charts of a directory are taken as they are"),
])
def test_what_all_revisions_share_never_grows_older(wished: str | None, records: list[Record], version: str | None) -> None:
    assert beside(replace(WISH, version=wished), records, None).version == version


def test_what_one_revision_has_for_itself_is_as_wished() -> None:
    own = replace(WISH, shared=False, kept=None)
    assert beside(own, [deployed("1.31.0")], validator("1-29")) == own


def test_a_release_is_read_as_it_was_told() -> None:
    assert Release.of({**WISH.as_dict(), "repository": None}) == WISH
    plain = Release("istiod", "istio-system", "istiod")
    assert Release.of(plain.as_dict()) == plain
