# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mesh_config on a cluster in memory."""

from __future__ import annotations

import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.objects.mesh_config import reconcile
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

MESH = namespace("mesh")


def deployment():
    meta = {"name": "istiod", "namespace": "mesh"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1}}


def wish(*manifests, **changed):
    defaults = {"state": "present", "force": False, "wait": True, "wait_timeout": 0, "prune": None}
    return {"manifests": list(manifests), **defaults, **changed}


def actions(result):
    return [change["action"] for change in result["changes"]]


def test_a_set_is_made_and_then_left_alone():
    cluster = FakeCluster()
    objects = [MESH, config_map("mesh", a="1"), deployment()]
    assert actions(reconcile(cluster, wish(*objects))) == ["created"] * 3
    again = reconcile(cluster, wish(*objects))
    assert (again["changed"], again["diff"], actions(again)) == (False, [], ["unchanged"] * 3)


def test_files_are_part_of_the_set(tmp_path):
    cluster = FakeCluster(MESH)
    (tmp_path / "one.json").write_text(json.dumps(config_map("mesh", "one", a="1")))
    (tmp_path / "two.yml").write_text(f"---\n{json.dumps(config_map('mesh', 'two', a='1'))}\n---\n{json.dumps(config_map('mesh', 'three', a='1'))}\n")
    files = {"src": [str(tmp_path / "one.json"), str(tmp_path / "two.yml")]}
    result = reconcile(cluster, wish(config_map("mesh", "zero", a="1"), **files))
    assert [change["object"] for change in result["changes"]] == [f"ConfigMap mesh/{name}" for name in ("zero", "one", "two", "three")]
    assert actions(reconcile(cluster, {**wish(**files, state="absent"), "manifests": None})) == ["deleted"] * 3


def test_a_rollout_that_was_just_seen_is_not_read_again():
    cluster = FakeCluster(MESH)
    reconcile(cluster, wish(deployment()))
    cluster.transport.requests.clear()
    reconcile(cluster, wish(deployment()))
    assert cluster.transport.requests == ["GET /apis/apps/v1/namespaces/mesh/deployments/istiod"]


def test_check_mode_says_so_and_writes_nothing():
    cluster = FakeCluster()
    assert actions(reconcile(cluster.checking(), wish(MESH, config_map("mesh", a="1")))) == ["created", "created"]
    assert actions(reconcile(cluster, wish(MESH))) == ["created"]


def test_a_set_is_taken_away_in_reverse():
    cluster = FakeCluster(MESH, config_map("mesh", a="1"))
    result = reconcile(cluster, wish(MESH, config_map("mesh"), state="absent"))
    assert actions(result) == ["deleted", "deleted"]
    assert [write for write in cluster.writes if write.startswith("DELETE")] == [
        "DELETE /api/v1/namespaces/mesh/configmaps/settings",
        "DELETE /api/v1/namespaces/mesh",
    ]
    assert not reconcile(cluster, wish(MESH, config_map("mesh"), state="absent"))["changed"]


def test_a_workload_that_does_not_come_up_is_named():
    cluster = FakeCluster(MESH, react=lambda live: None)
    with pytest.raises(NotReady, match="Deployment mesh/istiod: its controller has not seen the change yet"):
        reconcile(cluster, wish(deployment()))


def test_an_interrupted_wait_is_waited_again():
    cluster = FakeCluster(MESH, react=lambda live: None)
    reconcile(cluster, wish(deployment(), wait=False))
    with pytest.raises(NotReady):
        reconcile(cluster, wish(deployment()))


def test_nothing_is_waited_for_when_not_asked():
    cluster = FakeCluster(MESH, react=lambda live: None)
    assert reconcile(cluster, wish(deployment(), wait=False))["changed"]


def awaited(**asked):
    return {"api_version": "v1", "kind": "ConfigMap", "name": "settings", "namespace": "mesh", **asked}


class TestWaiting:
    def test_what_is_asked_for_is_waited_for(self):
        cluster = FakeCluster(MESH)
        met = awaited(field={"path": "data.a", "value": "1"})
        assert reconcile(cluster, wish(config_map("mesh", a="1"), wait_for=[met]))["changed"]
        with pytest.raises(NotReady, match=r"ConfigMap mesh/settings: data\.b is not set"):
            reconcile(cluster, wish(wait_for=[met, awaited(field={"path": "data.b"})]))

    @pytest.mark.parametrize("how", [{"wait": False}, {"check": True}])
    def test_not_without_wait_and_not_in_check_mode(self, how):
        cluster = FakeCluster(MESH)
        checked = cluster.checking() if how.pop("check", False) else cluster
        reconcile(checked, wish(wait_for=[awaited(name="missing")], **how))

    def test_also_after_a_removal(self):
        cluster = FakeCluster(MESH, config_map("mesh", a="1"))
        with pytest.raises(NotReady, match="ConfigMap mesh/other: it does not exist"):
            reconcile(cluster, wish(config_map("mesh"), state="absent", wait_for=[awaited(name="other"), awaited(absent=True)]))

    def test_a_wait_that_makes_no_sense_is_refused_before_the_first_write(self):
        cluster = FakeCluster(MESH)
        with pytest.raises(Refused):
            reconcile(cluster, wish(config_map("mesh", a="1"), wait_for=[awaited(rollout=True)]))
        assert cluster.writes == []


SCOPE = {"set": "routes", "kinds": [{"api_version": "v1", "kind": "ConfigMap"}], "namespaces": ["mesh"]}


def named(name, place="mesh", **labels):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": place, "labels": labels}, "data": {"a": "1"}}


def ours(cluster):
    return sorted(item["metadata"]["name"] for item in cluster.list("v1", "ConfigMap"))


class TestPruning:
    def test_what_left_the_set_is_removed_and_then_nothing_is(self):
        cluster = FakeCluster(MESH)
        reconcile(cluster, wish(named("one"), named("two"), prune=SCOPE))
        result = reconcile(cluster, wish(named("two"), prune=SCOPE))
        assert actions(result) == ["unchanged", "deleted"]
        assert ours(cluster) == ["two"]
        assert not reconcile(cluster, wish(named("two"), prune=SCOPE))["changed"]

    def test_an_empty_set_removes_all_of_it(self):
        cluster = FakeCluster(MESH)
        reconcile(cluster, wish(named("one"), named("two"), prune=SCOPE))
        assert actions(reconcile(cluster, wish(prune=SCOPE))) == ["deleted", "deleted"]

    def test_nothing_beyond_the_set_is_removed(self):
        """Objects without the set's label, with another one, or in a namespace that prune does not name stay."""
        mark = "meshops.lifecycle/set"
        strangers = [named("unmarked"), named("other", **{mark: "others"}), named("away", "elsewhere", **{mark: "routes"})]
        cluster = FakeCluster(MESH, namespace("elsewhere"), *strangers)
        reconcile(cluster, wish(named("one"), prune=SCOPE))
        assert not [write for write in cluster.writes if write.startswith("DELETE")]
        assert ours(cluster) == ["away", "one", "other", "unmarked"]

    def test_a_secret_of_the_same_set_stays_where_its_kind_is_not_named(self):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept", "namespace": "mesh", "labels": {"meshops.lifecycle/set": "routes"}}}
        cluster = FakeCluster(MESH, secret)
        reconcile(cluster, wish(prune=SCOPE))
        assert cluster.list("v1", "Secret", "mesh")

    def test_check_mode_says_what_would_go_and_removes_nothing(self):
        cluster = FakeCluster(MESH)
        reconcile(cluster, wish(named("one"), prune=SCOPE))
        assert actions(reconcile(cluster.checking(), wish(prune=SCOPE))) == ["deleted"]
        assert ours(cluster) == ["one"]

    @pytest.mark.parametrize("manifest", [named("one", "elsewhere"), MESH], ids=["another namespace", "another kind"])
    def test_a_manifest_outside_of_the_scope_is_refused_before_the_first_write(self, manifest):
        cluster = FakeCluster(MESH, namespace("elsewhere"))
        with pytest.raises(Refused, match="lies outside of the set routes"):
            reconcile(cluster, wish(named("two"), manifest, prune=SCOPE))
        assert cluster.writes == []

    def test_a_name_that_is_no_label_is_refused(self):
        with pytest.raises(Refused, match="east: the name of the set 'a b' cannot be a label's value"):
            reconcile(FakeCluster(MESH), wish(prune={**SCOPE, "set": "a b"}))
