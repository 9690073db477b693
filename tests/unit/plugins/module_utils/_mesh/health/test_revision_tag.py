# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag, tag_faults, validator_faults

RUN = "run meshops.lifecycle.control_plane"
APART = "the two halves of the revision tag {} disagree: its webhook injects for the revision {}, but its Service leads to 1-29; {}"


@pytest.mark.parametrize(("tags", "told"), [
    pytest.param([Tag("default", "1-30", "1-30")], [], id="both halves"),
    pytest.param([Tag("default", "1-30", "")], [], id="a version that has no Services"),
    pytest.param([Tag("default", "1-30", "1-30"), Tag("old", "1-29", "1-29"), Tag("ambient", "", "1-29")], [], id="tags of others"),
    pytest.param([], [f"the revision tag default does not exist; {RUN}"], id="none"),
    pytest.param([Tag("default", "", "1-30")], [f"the revision tag default does not exist; {RUN}"], id="without a webhook nothing is injected"),
    pytest.param(
        [Tag("default", "1-30", "1-29")],
        [APART.format("default", "1-30", RUN)], id="apart",
    ),
    pytest.param(
        [Tag("default", "1-30", "1-30"), Tag("theirs", "1-28", "1-29")],
        [APART.format("theirs", "1-28", "set it again with the tool that set it")], id="apart, of others",
    ),
    pytest.param([Tag("default", "1-29", "1-29")], [f"the revision tag default leads to 1-29, not to 1-30; {RUN}"], id="elsewhere"),
    pytest.param(
        [Tag("default", "1-30", "", "istiod-revision-tag-default")],
        [f"the revision tag default lacks its Service istiod-revision-tag-default, which gateways follow; {RUN}"], id="half",
    ),
    pytest.param([Tag("default", "1-30", "1-30"), Tag("old", "1-30", "", "istiod-revision-tag-old")], [], id="half, of others: istioctl made it so"),
])
def test_a_tag_that_is_wanted_leads_to_the_revision_with_both_halves(tags: list[Tag], told: list[str]) -> None:
    assert tag_faults(tags, ["default"], "1-30") == told


def test_any_revision_will_do_where_none_is_named() -> None:
    assert tag_faults([Tag("default", "1-29", "1-29")], ["default"], "") == []


@pytest.mark.parametrize(("revision", "faults"), [("", 0), ("1-29", 0), ("1-28", 1)])
def test_a_validator_needs_somebody_to_ask(revision: str, faults: int) -> None:
    told = validator_faults(revision, ["1-29", "1-30"])
    assert len(told) == faults
    assert all(text.startswith("the revision 1-28 validates users' objects but does not run") for text in told)
