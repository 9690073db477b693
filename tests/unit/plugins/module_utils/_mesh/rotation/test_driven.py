# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A product that drives its rotation, and clusters that share no root."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.barrier import barrier
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.driven import waits_for
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.plan import INTRODUCE, REISSUE, RETIRE, Report, company, plan, wish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing

OLD, TARGET, OTHER = "0" * 64, "1" * 64, "2" * 64


def report(cluster: str, signs: str, *trusts: str, **how: bool) -> Report:
    return Report(Standing(cluster, signs, "ca", frozenset(trusts or (signs,))), driven=how.get("driven", True), alone=how.get("alone", False))


EAST, WEST = report("east", OLD), report("west", OLD)


def test_nothing_is_introduced_before_the_product_has_the_ca() -> None:
    assert [step.name for step in plan("shop", TARGET, [EAST, WEST]).steps] == ["reissue", "retire"]
    assert wish(INTRODUCE, EAST.standing, [EAST, WEST], TARGET) is None
    asked = wish(REISSUE, EAST.standing, [EAST, WEST], TARGET)
    assert asked
    assert asked.sign


def test_one_that_a_rotation_is_written_in_has_to_be_introduced_first() -> None:
    with pytest.raises(Refused, match="west would not trust what it signs"):
        wish(REISSUE, EAST.standing, [EAST, replace(WEST, driven=False)], TARGET)


@pytest.mark.parametrize(
    ("step", "own", "waits"),
    [
        (INTRODUCE, EAST, False),
        (REISSUE, EAST, True),
        (REISSUE, report("east", TARGET, OLD, TARGET), False),
        (RETIRE, report("east", TARGET, OLD, TARGET), True),
        (RETIRE, report("east", TARGET), False),
    ],
)
def test_what_a_step_waits_for(step: str, own: Report, waits: bool) -> None:
    assert bool(waits_for(step, own.standing, TARGET, [OLD])) is waits


def test_the_barrier_does_not_wait_for_an_introduction() -> None:
    barrier("shop", INTRODUCE, TARGET, ["east"], {"east": EAST})
    with pytest.raises(Refused, match="east is only outside"):
        barrier("shop", REISSUE, TARGET, ["east"], {"east": EAST})


def test_clusters_that_share_no_root_are_no_strangers() -> None:
    apart = [report("east", OLD, alone=True), report("west", OTHER, alone=True)]
    with pytest.raises(Refused, match="Was east rebuilt, or is it a cluster of another mesh"):
        plan("shop", TARGET, [replace(one, alone=False) for one in apart])
    assert [step.clusters for step in plan("shop", TARGET, apart).steps] == [("east", "west")] * 2
    written = [replace(one, driven=False) for one in apart]
    assert [step.name for step in plan("shop", TARGET, written).steps] == ["introduce", "reissue", "retire"]


def test_each_of_them_goes_on_by_itself() -> None:
    ahead, behind = report("east", TARGET, OLD, TARGET, alone=True), report("west", OTHER, alone=True)
    assert company(ahead, [ahead, behind]) == [ahead]
    assert wish(RETIRE, ahead.standing, company(ahead, [ahead, behind]), TARGET, leaving=[OLD])
    together = [replace(ahead, alone=False), replace(behind, alone=False)]
    with pytest.raises(Refused, match="No cluster may trust"):
        wish(RETIRE, ahead.standing, company(together[0], together), TARGET, leaving=[OLD])
