# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operator that has to be new enough before another one comes beside it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import Package
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.precedence import refusals
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.seen import OperatorsSeen
from ansible_collections.meshops.lifecycle.tests.unit.support import olm
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

NEW = Package.of({"name": "new", "namespace": "operators", "csv": "new.v3.1.0", "after": [{"name": "old", "version": "2.6.14"}]})


def subscription(name: str, installed: str, **more: Any) -> dict[str, Any]:
    return olm.subscription(installed=installed, name=name, spec={"name": name}, **more)


def told(*objects: dict[str, Any], everyone: list[Package] | None = None, **more: Any) -> list[str]:
    return list(refusals(NEW, everyone or [NEW], OperatorsSeen(subscriptions=objects, **more)))


def test_one_that_is_older_is_named_in_whichever_namespace() -> None:
    (said,) = told(subscription("old", "old.v2.6.9", namespace="elsewhere"))
    assert said == (
        "Subscription elsewhere/old has installed 2.6.9, and new must not come beside old before that is at 2.6.14 or newer. "
        "Upgrade it first, or pin it in an entry before new."
    )
    extension = olm.extension(installed="2.5.0", name="old", catalog={"packageName": "old"})
    assert told(extensions=[extension])[0].startswith("ClusterExtension old has installed 2.5.0")


@pytest.mark.parametrize("objects", [
    pytest.param([], id="none"),
    pytest.param([subscription("old", "old.v2.6.14")], id="new enough"),
    pytest.param([subscription("old", "old.v2.6.14-0")], id="a later build"),
    pytest.param([subscription("old", "old.v2.6.9"), subscription("new", "new.v3.0.0")], id="both are there already"),
])  # fmt: skip
def test_what_is_no_reason_against(objects: list[dict[str, Any]]) -> None:
    assert told(*objects) == []


def test_what_the_run_brings_before_counts() -> None:
    def old(**pin: str) -> Package:
        return Package.of({"name": "old", "namespace": "operators", **pin})

    there = subscription("old", "old.v2.6.9")
    assert told(there, everyone=[old(csv="old.v2.6.14"), NEW]) == []
    assert told(there, everyone=[old(approval="Automatic"), NEW]) == []
    assert told(there, everyone=[old(csv="old.v2.6.13"), NEW])
    assert told(there, everyone=[NEW, old(csv="old.v2.6.14")]), "it would come too late"


def test_the_set_of_service_mesh_3_asks_for_it() -> None:
    sets = yaml.safe_load((CHECKOUT / "roles/operator/vars/main.yml").read_text("utf-8"))["__operator_sets"]
    (entry,) = [one for one in sets["ossm3"] if one["name"] == "servicemeshoperator3"]
    assert Package.of({**entry, "namespace": "openshift-operators"}).after[0].name == "servicemeshoperator"
