# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secondary that is torn down leaves its federation. The pool is a stand-in for what Consul's pages say; nothing here was run against a real Consul."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import departure, install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import Completed, complete
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import Servers
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY, SMALL
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

WEST = replace(SECONDARY, namespace="mesh")
ALIVE, LEAVING, LEFT, FAILED = 1, 2, 3, 4


class Primary(Servers):
    """The servers of the primary, with the pool of the servers of all datacenters: the status of each, by name."""

    def __init__(self, dry_run: bool = False, **west: int) -> None:
        super().__init__(standing="primary", dry_run=dry_run)
        self.pool = {**{f"{name}.east": ALIVE for name in self.names}, **{f"{SERVER}-{name[1:]}.west": status for name, status in west.items()}}
        self.dies, self.silent = -1, False

    def said(self, question: Any) -> Answer:
        if self.silent:
            return Answer(500, b"no leader")
        if question.method == "GET":
            assert question.path == "/v1/agent/members?wan=1"
            members = [{"Name": name, "Status": status, "Tags": {"dc": name.rpartition(".")[2]}} for name, status in self.pool.items()]
            return Answer(200, json.dumps(members).encode())
        name, _query, how = question.path.removeprefix("/v1/agent/force-leave/").partition("?")
        assert (question.method, how) == ("PUT", "wan=1&prune=1")
        self.pool[name] = LEAVING
        self.dies -= 1
        if self.dies == 0:
            raise KeyboardInterrupt
        return Answer(200, b"")

    def counts_on(self) -> list[str]:
        return sorted(name for name, status in self.pool.items() if status in (ALIVE, FAILED))


def run(cluster: FakeCluster) -> Completed:
    return complete(cluster, departure.due(WEST), 10, Ticking())


def test_servers_that_are_gone_leave_whether_the_primary_has_noticed_or_not() -> None:
    cluster = Primary(n0=FAILED, n1=ALIVE, n2=LEFT)
    assert run(cluster).ordered == [f"the departure of {SERVER}-0.west", f"the departure of {SERVER}-1.west"]
    assert cluster.counts_on() == [f"{name}.east" for name in cluster.names]
    assert not run(cluster).changed


def test_a_run_that_is_killed_between_two_of_them_is_finished_by_the_next() -> None:
    cluster = Primary(n0=FAILED, n1=FAILED)
    cluster.dies = 1
    with pytest.raises(KeyboardInterrupt):
        run(cluster)
    assert run(cluster).ordered == [f"the departure of {SERVER}-1.west"]
    assert cluster.counts_on() == [f"{name}.east" for name in cluster.names]


def test_check_mode_orders_nothing() -> None:
    cluster = Primary(dry_run=True, n0=ALIVE)
    assert run(cluster).ordered == [f"the departure of {SERVER}-0.west"]
    assert f"{SERVER}-0.west" in cluster.counts_on()


def test_a_primary_that_is_gone_as_well_counts_on_nobody() -> None:
    assert not run(FakeCluster(namespace("mesh"))).changed


def test_a_primary_that_does_not_answer_is_named() -> None:
    cluster = Primary(n0=FAILED)
    cluster.silent = True
    with pytest.raises(NotReady, match="no server of the primary east said which servers of west it still counts on"):
        run(cluster)


def test_only_a_secondary_has_somebody_to_tell_and_it_does_so_last() -> None:
    for wish in (PEER, PRIMARY, SMALL):
        assert "departure" not in [one.name for one in install.teardown(wish)]
    last = FILTERS["_plan"]({"cluster": "west", "mesh": "shop", "provider": "consul", "namespace": "consul", "role": "remote", "primary": "east"},
                            "control_plane", "absent")["stages"][-1]  # fmt: skip
    assert (last["kind"], last["name"], last["cluster"], last["wish"]["cluster"]) == ("elsewhere", "departure", "east", "west")


def test_nobody_is_told_before_the_servers_have_ended() -> None:
    """A server that still runs would tell the pool that it did not leave."""
    servers = next(one for one in install.teardown(SECONDARY) if one.name == "servers")
    assert [(one.ref.kind, one.ref.name, one.check) for one in servers.ready] == [("Pod", f"{SERVER}-{number}", "absent") for number in range(3)]
