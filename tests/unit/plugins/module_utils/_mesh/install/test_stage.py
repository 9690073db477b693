# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import Stage, named, of_part, releases
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look

CHART = Release("a", "mesh", "a", "https://charts.example")
THING: dict[str, Any] = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}}
THERE = Condition(Ref("v1", "Thing", "a"))


@pytest.mark.parametrize(("stage", "steps"), [
    pytest.param(Stage("s", "gateways", [CHART]), [("releases", 0, False)], id="charts"),
    pytest.param(Stage("s", "gateways", [CHART], healthy=True), [("releases", 0, True)], id="charts that have to be healthy"),
    pytest.param(Stage("s", "gateways", [CHART], [THING], healthy=True), [("releases", 0, False), ("manifests", 0, True)], id="health comes last"),
    pytest.param(Stage("s", "gateways", [CHART], ready=[THERE]), [("releases", 0, False), ("manifests", 1, False)], id="charts and a condition"),
    pytest.param(Stage("s", "gateways", manifests=[THING], ready=[THERE]), [("manifests", 1, False)], id="objects and a condition"),
    pytest.param(Stage("s", "gateways"), [("manifests", 0, False)], id="nothing"),
])  # fmt: skip
def test_a_stage_is_helms_work_and_then_ours(stage: Stage, steps: list[tuple[str, int, bool]]) -> None:
    made = stage.steps()
    assert [(one["kind"], len(one.get("wait_for", [])), one["healthy"]) for one in made] == steps
    assert {one["name"] for one in made} == {"s"}


def test_what_a_stage_orders_is_its_last_step_and_on_the_way_back_the_first() -> None:
    stage = Stage("s", "gateways", [CHART], [THING], then=Look((), lambda _live, _answers: Due()))
    assert [one["kind"] for one in stage.steps()] == ["releases", "manifests", "orders"]
    assert [one["kind"] for one in stage.steps(absent=True)] == ["orders", "releases", "manifests"]
    assert [one["kind"] for one in Stage("s", "gateways", then=stage.then).steps()] == ["orders"]
    assert stage.steps()[-1] == {"name": "s", "kind": "orders", "releases": [], "healthy": False, "part": "gateways"}


def test_what_is_about_another_cluster_is_one_step_that_names_it() -> None:
    stage = Stage("s", "control_plane", then=Look((), lambda _live, _answers: Due()), cluster="east")
    assert stage.steps(absent=True) == [{"name": "s", "kind": "elsewhere", "releases": [], "healthy": False, "part": "control_plane", "cluster": "east"}]


def test_a_stage_that_no_part_has_is_refused_by_name() -> None:
    stages = [Stage("one", "control_plane"), Stage("two", "gateways")]
    assert named(stages, "gateways", "two", "east") is stages[1]
    with pytest.raises(Refused, match=r"^east: the part gateways has no stage 'one'; its stages are two\. Name one of these\.$"):
        named(stages, "gateways", "one", "east")


def test_parts_are_told_apart_and_releases_found() -> None:
    stages = [Stage("one", "control_plane", [CHART]), Stage("two", "gateways", manifests=[THING])]
    assert [stage.name for stage in of_part(stages, "gateways")] == ["two"]
    assert releases(stages) == [CHART]
