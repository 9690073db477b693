# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real mesh whose root has expired: what its plan says, that every other way is refused, and that all works again without a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.modules import rotation_info
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate

# Of the root, from before the installation under it: the shortest that this machine needs.
LIVES = tuple(timedelta(seconds=seconds) for seconds in (100, 200, 400))


def given(material: Material) -> dict[str, Any]:
    return {"source": "inline", "certificate": material.certificate.decode(), "private_key": material.key.decode()}


def seen(estate: Estate, name: str) -> dict[str, Any]:
    cluster = connect({"kubeconfig": estate.kubeconfig, "context": name, "cluster": name}, environ={})
    told: dict[str, Any] = rotation_info.reconcile(cluster, {"provider": "istio", "namespace": "istio-system", "mesh": None, "limit": 50})
    return told


def started(estate: Estate) -> dict[str, str]:
    """The pods of the mesh, and how often their containers were restarted."""
    found = {}
    for name in CLUSTERS:
        for space in ("istio-system", "app"):
            for pod in estate.get(name, "pods", "-n", space)["items"]:
                counts = [one["restartCount"] for one in pod["status"].get("containerStatuses", [])]
                found[f"{name}/{space}/{pod['metadata']['name']}"] = f"{pod['metadata']['uid']} {counts}"
    return found


def answers(estate: Estate, name: str) -> str:
    words = ("fortio", "curl", "-quiet", "http://server.app:8080/debug")
    return estate.kubectl(name, "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", *words)


def installed(estate: Estate, life: timedelta) -> datetime | None:
    """Install a mesh and an application under a root that expires after `life`. Return its end, or None if the mesh was not ready before."""
    estate.play("teardown", **EVERYTHING).succeeded()
    end = datetime.now(UTC) + life
    short = issue.new_root("short root", "shop.example", "P-256", end - timedelta(days=1), 1)
    up = estate.play("site", mesh_root=given(short))
    try:
        up.succeeded()
        estate.bring_app()
        for name in CLUSTERS:
            assert "spiffe://shop.example" in answers(estate, name)
    except AssertionError:  # of what takes longer than the root lives
        if datetime.now(UTC) < end:
            raise
    return end if datetime.now(UTC) < end else None


@pytest.fixture(scope="module")
def down(estate: Estate) -> Iterator[Estate]:
    try:
        for life in LIVES:
            if end := installed(estate, life):
                break
            estate.remove_app()
        else:
            raise AssertionError(f"the mesh was not up within {LIVES[-1].total_seconds():g} s")
        time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 5)
        yield estate
    finally:
        estate.remove_app()
        estate.play("teardown", **EVERYTHING).succeeded()


def test_an_expired_root_is_left_for_another_without_a_restart(down: Estate) -> None:
    new = issue.new_root("next root", "shop.example", "P-256", datetime.now(UTC), 30)
    before = {name: seen(down, name) for name in CLUSTERS}
    for one in before.values():
        assert one["expired_count"] == one["holders"]["proxy"] >= 3
    refused = down.play("rotate", rotate="root", mesh_root=given(new))
    assert refused.rc
    assert refused.lines("expired at", "rotate_recover: true")
    pods = started(down)
    done = down.play("rotate", rotate="root", mesh_root=given(new), rotate_recover=True).succeeded()
    print(f"\nfrom the begin of the run to its end: {done.seconds:.0f} s")
    assert done.lines("down until each proxy has a certificate of the new root")
    for name in CLUSTERS:
        after = seen(down, name)
        assert (after["laggards"], after["expired_count"], after["standing"]["trusts"]) == ([], 0, [after["root"]["fingerprint"]])
        assert "spiffe://shop.example" in answers(down, name)
    assert started(down) == pods
    again = down.play("rotate", rotate="root", mesh_root=given(new), rotate_recover=True)
    assert again.rc and again.lines("no root of the mesh shop has")
