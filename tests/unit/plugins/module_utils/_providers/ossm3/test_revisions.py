# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a revision's name says which Istio has it."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.revisions import IN_PLACE, REVISION_BASED, Placed, placed, version


def wish(revision: str, given: str = "1.30.3") -> ControlPlane:
    return ControlPlane("east", "shop", revision=revision, version=given)


@pytest.mark.parametrize(("revision", "given", "where"), [
    ("stable", "1.30.3", Placed("stable", IN_PLACE)),
    ("stable", "", Placed("stable", IN_PLACE)),
    ("stable", "v1.30-latest", Placed("stable", IN_PLACE)),
    ("1-30-3", "1.30.3", Placed("1-30-3", IN_PLACE)),
    ("default-v1-30-3", "1.30.3", Placed("default", REVISION_BASED)),
    ("default-v1-30-3", "v1.30.3", Placed("default", REVISION_BASED)),
    ("blue-green-v1-31-0-beta-1", "1.31.0-beta.1", Placed("blue-green", REVISION_BASED)),
])  # fmt: skip
def test_a_name_that_ends_with_the_version_is_one_that_the_operator_gave(revision: str, given: str, where: Placed) -> None:
    assert placed(wish(revision, given)) == where


@pytest.mark.parametrize(("revision", "given", "told"), [
    ("default-v1-30-2", "1.30.3", "Set mesh_version to 1.30.2 or mesh_revision to default-v1-30-3."),
    ("default-v1-30-2", "", "mesh_version is not set, and the operator adds"),
    ("default-v1-30-latest", "1.30-latest", "which moves by itself"),
])  # fmt: skip
def test_a_name_with_another_version_is_refused(revision: str, given: str, told: str) -> None:
    with pytest.raises(Refused, match=r"^east: mesh_") as refused:
        placed(wish(revision, given))
    assert told in str(refused.value)


@pytest.mark.parametrize(("given", "spelt"), [("1.30.3", "v1.30.3"), ("v1.30.3", "v1.30.3"), ("", "")])
def test_the_operator_spells_versions_with_a_v(given: str, spelt: str) -> None:
    assert version(given) == spelt
