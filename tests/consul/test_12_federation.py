# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two datacenters of Consul as one federation: east is the primary, and west follows it through the gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.tests.consul.lab import Datacenters
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS

ALIVE, FAILED = 1, 4


@pytest.fixture(scope="module")
def lab() -> Iterator[Datacenters]:
    made = Datacenters("federation")
    made.clear()
    yield made
    made.clear()


def test_site_makes_a_federation_whose_requests_cross(lab: Datacenters) -> None:
    run = lab.play("site", verify_traffic=True).succeeded()
    print(f"site on empty clusters: {run.seconds:.1f} s")
    for cluster in CLUSTERS:
        assert lab.voters(cluster) == 3
        members = lab.ask(cluster, "/v1/agent/members?wan=1")
        assert (len(members), {one["Status"] for one in members}) == (6, {ALIVE})
    replication = lab.ask("west", "/v1/acl/replication")
    assert (replication["Enabled"], replication["Running"], replication["SourceDatacenter"]) == (True, True, "east")
    assert lab.active_root("east") == lab.active_root("west")


def test_a_second_run_changes_nothing(lab: Datacenters) -> None:
    again = lab.play("site", verify_traffic=True).succeeded()
    print(f"second run: {again.seconds:.1f} s")
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_status_names_the_primary(lab: Datacenters) -> None:
    status = lab.play("status").succeeded()
    assert status.lines("west ", "by east"), status.output


def test_the_root_of_both_is_rotated_in_the_primary(lab: Datacenters) -> None:
    first = lab.active_root("west")
    run = lab.play("rotate", rotate="root", rotate_min_age=0).succeeded()
    print(f"rotation of the root: {run.seconds:.1f} s")
    assert first != lab.active_root("west") == lab.active_root("east")
    assert lab.play("site", verify_traffic=True).succeeded().changed == {"east": 0, "west": 0}


def test_a_secondary_that_is_taken_down_leaves_the_federation(lab: Datacenters) -> None:
    lab.play("teardown", "--limit", "west", teardown_confirm="stock").succeeded()
    counted = [one["Name"] for one in lab.ask("east", "/v1/agent/members?wan=1") if one["Status"] in (ALIVE, FAILED)]
    assert counted == [f"consul-server-{number}.east" for number in range(3)]
    assert lab.play("teardown", "--limit", "west", teardown_confirm="stock").succeeded().changed == {"west": 0}


def test_a_teardown_leaves_no_workload(lab: Datacenters) -> None:
    lab.play("teardown", teardown_confirm="stock").succeeded()
    assert {cluster: lab.workloads(cluster) for cluster in CLUSTERS} == {"east": [], "west": []}
