# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""West has no control plane: that of east serves it, through the gateway."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate, inventory_with
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import traces
from ansible_collections.meshops.lifecycle.tests.e2e.under_load import under_load


@pytest.fixture(scope="module")
def one_primary(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    estate.remove_app()
    estate.play("teardown", **EVERYTHING).succeeded()
    yield inventory_with(estate, tmp_path_factory.mktemp("inventory"), {"mesh_role": "remote", "mesh_primary": "east"})
    estate.remove_app()


def test_the_remote_cluster_is_served_by_the_primary(one_primary: Estate) -> None:
    one_primary.play("site", verify_traffic=True).succeeded()
    assert one_primary.names("west", "deployments", "-n", "istio-system") == ["istio-eastwestgateway"]
    assert one_primary.names("east", "deployments", "-n", "istio-system") == ["istio-eastwestgateway", "istiod-stable"]
    status = one_primary.play("status").succeeded()
    assert status.lines("west ", "by east"), status.output


def test_a_second_run_changes_nothing(one_primary: Estate) -> None:
    again = one_primary.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


@pytest.fixture
def crossing(one_primary: Estate) -> None:
    """Only west has a server, so every request of east goes from a proxy of the primary to one of the remote cluster."""
    one_primary.bring_app()
    one_primary.kubectl("east", "-n", "app", "scale", "deployment/server", "--replicas=0")
    one_primary.kubectl("east", "-n", "app", "wait", "--for=delete", "pod", "-l", "app=server", "--timeout=60s")


def roots(estate: Estate, cluster: str) -> dict[str, frozenset[str]]:
    """The roots in the CA, and in the bundle with which proxies of the cluster start."""
    held = estate.get(cluster, "secret", "cacerts", "-n", "istio-system")["data"]["root-cert.pem"]
    given = estate.get(cluster, "configmap", "istio-ca-root-cert", "-n", "app")["data"]["root-cert.pem"]
    pems = {"CA": base64.b64decode(held), "given": given.encode()}
    return {name: frozenset(one.fingerprint for one in x509.bundle(pem)) for name, pem in pems.items()}


def of_one_root(estate: Estate) -> str:
    """The single root that everything in both clusters has."""
    (found,) = {held for cluster in CLUSTERS for held in roots(estate, cluster).values()}
    (root,) = found
    return root


def test_its_root_is_rotated_and_turned_back_and_no_request_is_lost(one_primary: Estate, crossing: None) -> None:
    first, begin = of_one_root(one_primary), time.monotonic()
    with under_load(one_primary, "-qps", "30", "-c", "2", "http://server.app:8080/debug", stretch=24) as codes:
        there = one_primary.play("rotate", rotate="root", rotate_min_age=0).succeeded()
        second = of_one_root(one_primary)
        one_primary.play_until("rotate", "Soak before the old roots are retired", rotate="root", rotate_min_age=0, rotate_soak=900, rotate_lease_duration=5)
        assert all(len(held) == 3 for cluster in CLUSTERS for held in roots(one_primary, cluster).values())  # old, new, mark
        back = one_primary.play("rotate", rotate="root", rotate_rollback=True, rotate_lease_duration=5).succeeded()
        time.sleep(max(0.0, 75 - (time.monotonic() - begin)))
    print(f"there {there.seconds:.1f} s, back {back.seconds:.1f} s; {codes.total()} requests, {dict(codes)}")
    assert first != second == of_one_root(one_primary)
    assert list(codes) == ["200"]
    assert codes.total() >= 5000
    assert one_primary.play("rotate", rotate="root").succeeded().changed == {"east": 0, "west": 0}
    assert one_primary.play("site").succeeded().changed == {"east": 0, "west": 0}


def test_everything_but_the_root_is_removed_and_again_is_nothing(one_primary: Estate) -> None:
    one_primary.remove_app()
    one_primary.play("teardown", teardown_confirm="shop").succeeded()
    assert {cluster: traces(one_primary, cluster) for cluster in CLUSTERS} == {"east": [], "west": []}
    assert one_primary.names("east", "secrets", "-n", "meshops-system") == ["meshops-root-ca"]
    again = one_primary.play("teardown", teardown_confirm="shop").succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_the_kept_root_is_the_root_of_the_next_installation(one_primary: Estate) -> None:
    root = one_primary.get("east", "secret", "meshops-root-ca", "-n", "meshops-system")["data"]["root-cert.pem"]
    one_primary.play("trust").succeeded()
    for cluster in CLUSTERS:
        assert one_primary.get(cluster, "secret", "cacerts", "-n", "istio-system")["data"]["root-cert.pem"] == root
