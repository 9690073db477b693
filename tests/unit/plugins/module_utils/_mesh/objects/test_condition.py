# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a live object meets a condition."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition, standing, verdict

REF = Ref("v1", "Thing", "a", "b")


def live(kind="Thing", spec=None, generation=1, meta=None, **status):
    return {"kind": kind, "metadata": {"generation": generation, **(meta or {})}, "spec": spec or {}, "status": status}


def ready(**more):
    return live(conditions=[{"type": "Ready", "status": "True", **more}], generation=2)


def test_existence():
    assert verdict(Condition(REF), None) == "it does not exist"
    assert verdict(Condition(REF), live()) is None


@pytest.mark.parametrize(("object_", "expected"), [
    (None, None),
    (live(), "it still exists"),
    (live(meta={"deletionTimestamp": "now"}), "its deletion is under way"),
    (live(meta={"deletionTimestamp": "now", "finalizers": ["x/y"]}), "its deletion waits for x/y"),
    (live(meta={"deletionTimestamp": "now"}, spec={"finalizers": ["kubernetes"]},
          conditions=[{"status": "True", "message": "pods remain"}]), "its deletion waits for kubernetes (pods remain)"),
])  # fmt: skip
def test_absence(object_, expected):
    assert verdict(Condition(REF, "absent"), object_) == expected


@pytest.mark.parametrize(("object_", "expected"), [
    (ready(), None),
    (ready(observedGeneration=2), None),
    (ready(observedGeneration=1), "its condition Ready is about an earlier generation"),
    (live(generation=2, observedGeneration=1, conditions=[{"type": "Ready", "status": "True"}]),
     "its condition Ready is about an earlier generation"),
    (live(generation=2, observedGeneration=1, conditions=[{"type": "Ready", "status": "True", "observedGeneration": 2}]),
     "its condition Ready is about an earlier generation"),
    (live(generation=2, observedGeneration="2", conditions=[{"type": "Ready", "status": "True"}]), None),
    (live(), "it has no condition Ready yet"),
    (ready(status="False"), "Ready is False"),
    (ready(status="False", reason="Sad", message="no luck"), "Ready is False (Sad: no luck)"),
])  # fmt: skip
def test_conditions(object_, expected):
    assert verdict(Condition(REF, "condition"), object_) == expected


def test_another_condition_and_status():
    object_ = live(conditions=[{"type": "Degraded", "status": "False"}])
    assert verdict(Condition(REF, "condition", type="Degraded", status="False"), object_) is None


@pytest.mark.parametrize(("reason", "expected"), [("Done", None), ("", None), ("Other", "Ready is True (Done)")])
def test_a_condition_may_have_to_give_a_reason(reason, expected):
    assert verdict(Condition(REF, "condition", reason=reason), ready(reason="Done")) == expected


def test_what_an_object_says_of_itself_is_its_last_condition():
    told = [
        {"type": "Old", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "New", "status": "False", "reason": "Sad", "message": "no luck", "lastTransitionTime": "2026-01-02T00:00:00Z"},
    ]
    assert standing(live(conditions=told)) == "New is False (Sad: no luck)"
    assert standing(live()) == ""


def test_established():
    assert verdict(Condition(REF, "established"), live(conditions=[{"type": "Established", "status": "True"}])) is None
    assert verdict(Condition(REF, "established"), live()) == "it has no condition Established yet"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("status.phase", "Ready", None),
    ("status.phase", "Bound", "status.phase is Ready, not Bound"),
    ("status.phase", None, None),
    ("status.list.1.name", "two", None),
    ("status.list[1].name", "two", None),
    ("status.list[name=two].port", "2", None),
    ("status.list[name=two].port", 3, "status.list[name=two].port is 2, not 3"),
    ("status.list[name=three].port", 2, "status.list[name=three].port is not set, not 2"),
    ("status.list.2.name", "two", "status.list.2.name is not set, not two"),
    ("status.none.below", None, "status.none.below is not set"),
    ("status.empty", None, "status.empty is not set"),
    ("status.zero", None, None),
    ("status.phase.below", None, "status.phase.below is not set"),
])  # fmt: skip
def test_fields(path, value, expected):
    object_ = live(phase="Ready", list=[{"name": "one"}, {"name": "two", "port": 2}], empty=[], zero=0)
    assert verdict(Condition(REF, "field", path=path, value=value), object_) == expected


@pytest.mark.parametrize(("path", "expected"), [
    ("status.phase", "status.phase is still Ready"), ("status.none", None), ("status.empty", None), ("metadata.finalizers", None),
])  # fmt: skip
def test_a_field_may_have_to_be_unset(path, expected):
    assert verdict(Condition(REF, "field", path=path, unset=True), live(phase="Ready", empty=[])) == expected


def test_a_field_under_a_condition_of_an_earlier_generation_does_not_count():
    parents = [{"conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 1}]}]
    asked = Condition(REF, "field", path="status.parents[0].conditions[type=Accepted].status", value="True")
    assert verdict(asked, live(generation=1, parents=parents)) is None
    assert verdict(asked, live(generation=2, parents=parents)) == f"{asked.path} is about an earlier generation"


@pytest.mark.parametrize("how", [{"value": "other"}, {"unset": True}])
def test_what_a_secret_holds_is_not_told(how):
    told = verdict(Condition(REF, "field", path="data.key", **how), {"kind": "Secret", "metadata": {}, "data": {"key": "c2VjcmV0"}})
    assert told and "c2VjcmV0" not in told and "other" not in told


@pytest.mark.parametrize(("type_", "ingress", "met"), [
    ("LoadBalancer", None, False), ("LoadBalancer", [], False), ("LoadBalancer", [{"ip": "192.0.2.1"}], True),
    ("NodePort", None, True), ("ClusterIP", None, True), (None, None, True),
])  # fmt: skip
def test_addresses(type_, ingress, met):
    object_ = live(spec={"type": type_}, loadBalancer={"ingress": ingress})
    assert verdict(Condition(REF, "address"), object_) == (None if met else "no load balancer has given it an address")


def deployment(wanted=2, **status):
    return live("Deployment", {"replicas": wanted} if wanted is not None else {}, **{"observedGeneration": 1, **status})


@pytest.mark.parametrize(("object_", "expected"), [
    (deployment(observedGeneration=0), "its controller has not seen the change yet"),
    (live("Deployment"), "its controller has not seen the change yet"),
    (deployment(), "0 of 2 replicas are of the new template"),
    (deployment(updatedReplicas=2, availableReplicas=1), "1 of 2 replicas are ready"),
    (deployment(updatedReplicas=2, availableReplicas=2, replicas=3), "1 of the old replicas are still there"),
    (deployment(updatedReplicas=2, availableReplicas=2, replicas=2), None),
    (deployment(None, updatedReplicas=1, availableReplicas=1, replicas=1), None),
    (deployment(0), None),
])  # fmt: skip
def test_deployments(object_, expected):
    assert verdict(Condition(REF, "rollout"), object_) == expected


@pytest.mark.parametrize(("status", "expected"), [
    ({}, None),
    ({"desiredNumberScheduled": 2}, "0 of 2 replicas are of the new template"),
    ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}, "1 of 2 replicas are ready"),
    ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, None),
])  # fmt: skip
def test_daemon_sets(status, expected):
    assert verdict(Condition(REF, "rollout"), live("DaemonSet", observedGeneration=1, **status)) == expected


@pytest.mark.parametrize(("status", "expected"), [
    ({"currentRevision": "a", "updateRevision": "b", "currentReplicas": 1}, "0 of 1 replicas are of the new template"),
    ({"currentRevision": "b", "updateRevision": "b", "currentReplicas": 1}, "0 of 1 replicas are ready"),
    ({"currentRevision": "b", "updateRevision": "b", "currentReplicas": 1, "availableReplicas": 1, "replicas": 1}, None),
])  # fmt: skip
def test_stateful_sets(status, expected):
    assert verdict(Condition(REF, "rollout"), live("StatefulSet", observedGeneration=1, **status)) == expected


@pytest.mark.parametrize(("kind", "strategy", "met"), [
    ("DaemonSet", {"type": "OnDelete"}, True), ("StatefulSet", {"type": "OnDelete"}, True),
    ("StatefulSet", {"rollingUpdate": {"partition": 1}}, True), ("StatefulSet", {"type": "RollingUpdate"}, False), ("DaemonSet", {}, False),
])  # fmt: skip
def test_replicas_that_the_strategy_leaves_alone_are_not_waited_for(kind, strategy, met):
    numbers = {"updatedReplicas": 1, "availableReplicas": 2, "replicas": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}
    object_ = live(kind, {"replicas": 2, "updateStrategy": strategy}, observedGeneration=1, currentRevision="a", updateRevision="b", **numbers)
    assert (verdict(Condition(REF, "rollout"), object_) is None) is met


def test_an_unknown_check_is_a_programming_error():
    with pytest.raises(ValueError, match="unknown check"):
        Condition(REF, "ready")
