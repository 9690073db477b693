# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An install of OpenShift Service Mesh 3 against the stand-in of the Sail operator that moves by itself, from another process, under the run's hands.

tests/api/test_ossm3.py tells the same story with the stand-in that takes its turns inside of the test. Here, too, the stages are carried out as the roles
do it, without Ansible, so a run may be killed after each of its writes. No istiod runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.api.changes import version
from ansible_collections.meshops.lifecycle.tests.ossm3.alone.conftest import Meshes
from ansible_collections.meshops.lifecycle.tests.unit.support import sail
from ansible_collections.meshops.lifecycle.tests.unit.support.operator_stories import Counted, Killed
from ansible_collections.meshops.lifecycle.tests.unit.support.sail_stories import BASED, WISH, run, standing

IN_PLACE = replace(WISH, version="v1.30.3")
VERSIONED = replace(BASED, version="v1.30.3", revision="main-v1-30-3")
SPACES = (sail.SPACE, "istio-cni")


class Playing:
    """The program as the stories know a stand-in. A turn is over when it has written something and then nothing for a moment, or had nothing to write."""

    quiet, longest = 0.15, 1.0

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def turn(self, _passed: float = 0.0) -> None:
        end, seen, since = time.monotonic() + self.longest, version(self.cluster), time.monotonic()
        while time.monotonic() < min(end, since + self.quiet):
            time.sleep(0.03)
            if (now := version(self.cluster)) != seen:
                seen, since = now, time.monotonic()


@pytest.fixture
def empty_mesh(meshes: Meshes) -> Iterator[Cluster]:
    """East with the namespaces of a mesh and nothing in them. Nothing stays."""
    admin = meshes.worlds["east"].cluster
    gone(admin)
    yield admin
    gone(admin)
    admin.delete([Ref("v1", "Namespace", name) for name in SPACES], wait=30)


def gone(admin: Cluster) -> None:
    for kind in ("IstioRevisionTag", "Istio", "IstioCNI"):
        admin.delete([Ref.of(one) for one in admin.list(sail.API, kind)], wait=20)
    for _try in range(200):
        if not admin.list(sail.API, "IstioRevision"):
            break
        time.sleep(0.05)
    kinds = ("ServiceAccount", "Service")
    admin.delete([Ref("v1", kind, name, sail.SPACE) for kind in kinds for name in ("istio-eastwestgateway", "istio-reader-service-account")])
    admin.delete([Ref.of(one) for one in admin.list("apps/v1", "Deployment", sail.SPACE)])


def acted(cluster: Cluster, wish: ControlPlane, absent: bool = False) -> None:
    run(cluster, cast("Any", Playing(cluster)), wish, absent)


def settled(admin: Cluster) -> dict[str, Any]:
    Playing(admin).turn()
    return standing(admin)


@pytest.mark.parametrize("wish", [IN_PLACE, VERSIONED], ids=["in place", "revision based"])
def test_from_nothing_to_a_mesh_again_and_to_nothing(empty_mesh: Cluster, wish: ControlPlane) -> None:
    acted(empty_mesh, wish)
    there = settled(empty_mesh)
    istio = "stable" if wish is IN_PLACE else "main"
    assert sorted(there) == [f"Istio {istio}", "IstioCNI default", f"IstioRevision {wish.revision}", "IstioRevisionTag default"]
    assert (empty_mesh.get(Ref(sail.API, "Istio", istio)) or {})["status"]["state"] == "Healthy"
    again = Counted.of(empty_mesh)
    acted(again, wish)
    assert again.writes == []
    acted(empty_mesh, wish, absent=True)
    assert settled(empty_mesh) == {}
    over = Counted.of(empty_mesh)
    acted(over, wish, absent=True)
    assert over.writes == []


def test_killed_after_each_write_the_next_run_goes_on(empty_mesh: Cluster) -> None:
    kills = 0
    for absent in (False, True):
        while True:
            cluster = Counted.of(empty_mesh)
            cluster.kill = (0, True)
            try:
                acted(cluster, VERSIONED, absent)
                break
            except Killed:
                kills += 1
            assert kills < 40, "a run that is killed again and again does not get on"
        assert (settled(empty_mesh) == {}) is absent
    assert kills >= 4
