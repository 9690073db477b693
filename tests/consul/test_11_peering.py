# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two datacenters of Consul on empty clusters, each its own primary, peered with each other: from preflight to teardown, and again."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.tests.consul.lab import SPACE, Datacenters
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS

WORKLOADS = ["consul-server", "consul-client", "consul-mesh-gateway"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Datacenters]:
    made = Datacenters("peering")
    made.clear()
    yield made
    made.clear()


def fingerprints(pem: str) -> list[str]:
    return [one.fingerprint for one in x509.bundle(pem.encode())]


def root(lab: Datacenters) -> str:
    held = lab.get("east", "secret", "stock-root-ca", "-n", "meshops-system")["data"]["root-cert.pem"]
    return fingerprints(base64.b64decode(held).decode())[0]


def test_preflight_and_a_check_of_the_first_install_write_nothing(lab: Datacenters) -> None:
    before = {cluster: lab.names(cluster, "namespaces") for cluster in CLUSTERS}
    lab.play("preflight").succeeded()
    run = lab.play("site", "--check", "--diff").succeeded()
    assert all(changed > 0 for changed in run.changed.values()), run.output
    assert {cluster: lab.names(cluster, "namespaces") for cluster in CLUSTERS} == before


def test_site_makes_two_datacenters_whose_requests_cross(lab: Datacenters) -> None:
    run = lab.play("site", verify_traffic=True).succeeded()
    print(f"site on empty clusters: {run.seconds:.1f} s")
    for cluster in CLUSTERS:
        assert lab.workloads(cluster) == WORKLOADS
        assert lab.voters(cluster) == 3
        assert [(one["Name"], one["State"]) for one in lab.ask(cluster, "/v1/peerings")] == [("west" if cluster == "east" else "east", "ACTIVE")]
        assert lab.ask(cluster, "/v1/catalog/service/mesh-gateway")


def test_their_workloads_have_certificates_under_the_root_of_the_mesh(lab: Datacenters) -> None:
    assert {fingerprints(lab.active_root(cluster))[-1] for cluster in CLUSTERS} == {root(lab)}
    assert fingerprints(lab.active_root("east"))[0] != fingerprints(lab.active_root("west"))[0]


def test_a_second_run_changes_nothing(lab: Datacenters) -> None:
    again = lab.play("site", verify_traffic=True).succeeded()
    print(f"second run: {again.seconds:.1f} s")
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_status_finds_nothing_wrong(lab: Datacenters) -> None:
    status = lab.play("status").succeeded()
    for cluster in CLUSTERS:
        assert status.lines(cluster, "1.22.3"), status.output


def test_the_root_is_rotated_twice_without_a_restart(lab: Datacenters) -> None:
    """Consul still lists the root before the former one when the second rotation begins. Another run within the least age changes nothing."""
    def pods() -> dict[str, list[str]]:
        return {cluster: lab.names(cluster, "pods", "-n", SPACE) for cluster in CLUSTERS}

    there, roots = pods(), [root(lab)]
    for _turn in range(2):
        run = lab.play("rotate", rotate="root", rotate_min_age=0).succeeded()
        print(f"rotation of the root: {run.seconds:.1f} s")
        roots.append(root(lab))
        assert {fingerprints(lab.active_root(cluster))[-1] for cluster in CLUSTERS} == {roots[-1]}
    assert len(set(roots)) == 3
    assert pods() == there
    assert lab.play("rotate", rotate="root").succeeded().changed == {"east": 0, "west": 0}
    assert lab.play("site", verify_traffic=True).succeeded().changed == {"east": 0, "west": 0}


def servers(lab: Datacenters, cluster: str) -> list[str]:
    """The identifiers of the servers, which each of them keeps in its data."""
    return sorted(str(one["ID"]) for one in lab.ask(cluster, "/v1/operator/raft/configuration")["Servers"])


def test_a_teardown_keeps_the_data_and_the_next_installation_takes_them_up(lab: Datacenters) -> None:
    before, kept = {cluster: servers(lab, cluster) for cluster in CLUSTERS}, root(lab)
    refused = lab.play("teardown", teardown_confirm="stock", teardown_root=True)
    assert refused.rc != 0 and refused.lines("teardown_data=true"), refused.output
    lab.play("teardown", teardown_confirm="stock").succeeded()
    assert {cluster: lab.workloads(cluster) for cluster in CLUSTERS} == {"east": [], "west": []}
    again = lab.play("teardown", teardown_confirm="stock").succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output
    lab.play("site", verify_traffic=True).succeeded()
    assert {cluster: servers(lab, cluster) for cluster in CLUSTERS} == before
    for cluster in CLUSTERS:
        assert [one["State"] for one in lab.ask(cluster, "/v1/peerings")] == ["ACTIVE"]
        assert fingerprints(lab.active_root(cluster))[-1] == root(lab) == kept
