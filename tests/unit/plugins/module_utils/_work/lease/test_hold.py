# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task uses the Lease that its play has taken."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import LeaseWish, take
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.lease.hold import LeaseShare, hold_of
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster


@pytest.mark.parametrize("root", [None, {"namespace": "meshops-system"}, {"namespace": "elsewhere"}], ids=["none", "beside it", "elsewhere"])
def test_wherever_the_root_lies(root: dict[str, Any] | None) -> None:
    cluster = FakeCluster()
    taken = take(cluster, ref("shop", "meshops-system"), LeaseWish("run-1", 30))
    hold = hold_of(cluster, LeaseShare.of({"mesh": "shop", "root": root, "lease": {"holder": taken.holder, "epoch": taken.epoch}}), connect_to)
    assert hold
    hold.guard()


def test_there_is_none_without_a_lease_and_in_a_dry_run() -> None:
    assert hold_of(FakeCluster(), LeaseShare.of({"mesh": "shop", "lease": None}), connect_to) is None
    assert hold_of(FakeCluster(dry_run=True), LeaseShare("shop", "run-1", 1), connect_to) is None
