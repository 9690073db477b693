# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the option wait_for to conditions."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.waits import as_entry, rollouts, wished


def entry(kind="Thing", **asked):
    return {"api_version": "v1", "kind": kind, "name": "a", "namespace": "b", **asked}


REF = Ref("v1", "Thing", "a", "b")


@pytest.mark.parametrize(("asked", "condition"), [
    ({}, Condition(REF)),
    ({"absent": True, "rollout": False, "condition": None}, Condition(REF, "absent")),
    ({"condition": {"type": "Ready"}}, Condition(REF, "condition")),
    ({"condition": {"type": "Bad", "status": "False", "reason": "x"}}, Condition(REF, "condition", "Bad", "False", reason="x")),
    ({"field": {"path": "a.b"}}, Condition(REF, "field", path="a.b")),
    ({"field": {"path": "a.b", "value": 0}}, Condition(REF, "field", path="a.b", value=0)),
    ({"field": {"path": "a.b", "absent": True}}, Condition(REF, "field", path="a.b", unset=True)),
])  # fmt: skip
def test_each_entry_is_one_condition(asked, condition):
    assert wished("east", [entry(**asked)]) == [condition]


@pytest.mark.parametrize(("asked", "told"), [
    ({"absent": True, "condition": {"type": "Ready"}}, "not condition and absent"),
    ({"rollout": True}, "supports a rollout of Deployment, DaemonSet, StatefulSet only"),
    ({"field": {"path": "a[*]"}}, "is not understood at"),
    ({"field": {"path": "a", "value": 1, "absent": True}}, "has a value and that it is absent"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(asked, told):
    with pytest.raises(Refused, match=f"east: Thing b/a: .*{told}"):
        wished("east", [entry(**asked)])


def test_only_workloads_are_rolled_out():
    refs = [Ref("apps/v1", kind, "a", "b") for kind in ("Deployment", "Service", "DaemonSet")]
    assert [condition.ref.kind for condition in rollouts(refs)] == ["Deployment", "DaemonSet"]


@pytest.mark.parametrize("condition", [
    Condition(REF),
    Condition(REF, "absent"),
    Condition(Ref("apps/v1", "Deployment", "a", "b"), "rollout"),
    Condition(REF, "condition", "Bad", "False", reason="x"),
    Condition(REF, "field", path="a.b", value=0),
    Condition(REF, "field", path="a.b", unset=True),
    Condition(Ref("v1", "Thing", "a"), "field", path="a.b"),
], ids=lambda condition: condition.check)  # fmt: skip
def test_what_is_waited_for_can_be_said_and_read_again(condition):
    assert wished("east", [as_entry(condition)]) == [condition]


def test_a_definition_is_waited_for_by_its_condition():
    assert wished("east", [as_entry(Condition(REF, "established"))]) == [Condition(REF, "condition", "Established")]


def test_what_an_entry_cannot_say_is_refused():
    with pytest.raises(Refused, match="wait_for has no word for the check address"):
        as_entry(Condition(REF, "address"))
