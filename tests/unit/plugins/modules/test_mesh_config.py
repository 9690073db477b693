# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mesh_config on a cluster in memory."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.modules.mesh_config import reconcile
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

MESH = namespace("mesh")


def deployment():
    meta = {"name": "istiod", "namespace": "mesh"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1}}


def wish(*manifests, **changed):
    defaults = {"state": "present", "force": False, "wait": True, "wait_timeout": 0}
    return {"manifests": list(manifests), **defaults, **changed}


def actions(result):
    return [change["action"] for change in result["changes"]]


def test_a_set_is_made_and_then_left_alone():
    cluster = FakeCluster()
    objects = [MESH, config_map("mesh", a="1"), deployment()]
    assert actions(reconcile(cluster, wish(*objects))) == ["created"] * 3
    again = reconcile(cluster, wish(*objects))
    assert (again["changed"], again["diff"], actions(again)) == (False, [], ["unchanged"] * 3)


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
