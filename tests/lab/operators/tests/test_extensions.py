# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of OLM v1, after the source of operator-controller: nobody has watched that one run for these tests."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from standins.objects import Object, condition, made, name, status

from .test_olm import PACKAGE, V1, V2, V3, WIDGET
from .world import World, ns

PLAYS = frozenset({"v1", "rollouts"})


def extension(version: str = "1.0.0", **catalog: Any) -> Object:
    source = {"sourceType": "Catalog", "catalog": {"packageName": PACKAGE, "version": version, **catalog}}
    return made("ClusterExtension", PACKAGE, spec={"namespace": "operators", "source": source})


@pytest.fixture
def world() -> World:
    world = World()
    content = {PACKAGE: {"channels": {"stable": [V1, V2, V3]}, "kinds": [WIDGET], "image": "demo:1"}}
    for one in (*ns("operators", "olmv1-system"), made("ClusterCatalog", "demo", spec={}),
                {**made("ConfigMap", "demo", "olmv1-system"), "data": {"catalog": yaml.safe_dump(content)}}):  # fmt: skip
        world.put(one)
    world.settle(plays=PLAYS)
    world.diary.clear()
    return world


def installed(world: World) -> str:
    return str(((status(world.get("ClusterExtension", PACKAGE) or {}).get("install") or {}).get("bundle") or {}).get("version", ""))


def test_from_nothing_to_a_version(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS)
    assert world.said("ClusterExtension") == [
        PACKAGE, f"{PACKAGE}: Progressing=True/RollingOut Installed=False/Absent", f"{PACKAGE}: Progressing=True/Succeeded Installed=True/Succeeded",
    ]  # fmt: skip
    assert installed(world) == "1.0.0"
    assert condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["observedGeneration"] == 1


def test_a_step_is_what_the_catalogue_provides_and_more_only_if_the_user_says_so(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS)
    world.put(extension("1.2.0"))
    world.settle(plays=PLAYS)
    said = condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")
    assert (said["reason"], installed(world)) == ("Retrying", "1.0.0")
    assert said["message"] == f'error upgrading from currently installed version "1.0.0": no bundles found for package "{PACKAGE}" matching version "1.2.0"'
    world.put(extension("1.1.0"))
    world.settle(plays=PLAYS)
    assert installed(world) == "1.1.0"
    world.put(extension("1.0.0", upgradeConstraintPolicy="SelfCertified"))
    world.settle(plays=PLAYS)
    assert installed(world) == "1.0.0"


@pytest.mark.parametrize(("given", "why"), [
    ({"version": "9.9.9"}, f'no bundles found for package "{PACKAGE}" matching version "9.9.9"'),
    ({"channels": ["beta"]}, f'no bundles found for package "{PACKAGE}" matching version "1.0.0" in channels [beta]'),
    ({"selector": {"matchLabels": {"olm.operatorframework.io/metadata.name": "other"}}}, f'no bundles found for package "{PACKAGE}" matching version "1.0.0"'),
])  # fmt: skip
def test_what_is_nowhere_is_tried_again_and_again(world: World, given: dict[str, Any], why: str) -> None:
    world.put(extension(**given))
    world.settle(plays=PLAYS)
    live = world.get("ClusterExtension", PACKAGE) or {}
    said = {one["type"]: (one["status"], one["reason"]) for one in status(live)["conditions"]}
    assert said == {"Installed": ("False", "Failed"), "Progressing": ("True", "Retrying")}
    assert condition(live, "Progressing")["message"] == why


def test_all_that_it_brought_goes_with_it(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS)
    assert [name(one) for one in world.all("CustomResourceDefinition")] == ["widgets.demo.example.com"]
    world.remove("ClusterExtension", PACKAGE)
    world.settle(plays=PLAYS)
    assert [world.all(kind) for kind in ("Deployment", "ServiceAccount", "CustomResourceDefinition")] == [[], [], []]
