# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A datacenter of Consul that joins a federation: its own tokens and intentions go only after a snapshot of them was saved."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.backup.snapshot import SnapshotFile
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.defaults import Defaults
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.inventory_wish import wished
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.backup import shelf
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import stage_orders, stage_refusals
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.test_joining import Datacenter, holding, running

DAY, NOW = timedelta(days=1), SystemClock().now()
WISH = {"cluster": "west", "mesh": "shop", "provider": "consul", "network": "aws", "namespace": "mesh", "version": "1.22.3", "role": "remote",
        "primary": "east", "primary_address": "192.0.2.10:8443", "values": {"connect": {"gives_up": "west"}}}  # fmt: skip
LOSES = "It gives up 2 intentions of its own as a secondary of east, and only a snapshot keeps that, but "
WAY = "Save a snapshot with meshops.lifecycle.backup, and run this again within a day."


@pytest.fixture
def west() -> Datacenter:
    cluster = running("peer", **holding(intentions=[{}, {}]))
    cluster.name = "west"
    return cluster


def said(cluster: Datacenter, **more: Any) -> list[str]:
    """What preflight says, and what the stage says, which has to be the same."""
    wish = {**WISH, **more}
    (told,) = stage_refusals.refusals(cluster, wish) or [""]
    params = {"wish": wish, "part": "control_plane", "stage": "namespace", "state": "present", "wait_timeout": 5}
    if not told:
        stage_orders.reconcile(cluster, params)
        return []
    with pytest.raises(Refused) as refused:
        stage_orders.reconcile(cluster, params)
    assert str(refused.value) == f"west: {told}"
    return [told]


def saved(directory: Path, ago: timedelta, cluster: str = "west") -> str:
    shelf.store(str(directory), SnapshotFile.at("shop", cluster, NOW - ago).name, b"sealed")
    return str(directory)


def test_without_a_directory_of_snapshots_it_is_refused(west: Datacenter) -> None:
    assert said(west) == [f"{LOSES}mesh_backup.directory names no directory with snapshots. {WAY}"]


def test_without_a_snapshot_of_this_datacenter_it_is_refused(west: Datacenter, tmp_path: Path) -> None:
    saved(tmp_path, timedelta(), "east")
    assert said(west, backups=str(tmp_path)) == [f"{LOSES}there is no snapshot of it in {tmp_path}. {WAY}"]


def test_with_an_old_snapshot_it_is_refused(west: Datacenter, tmp_path: Path) -> None:
    (told,) = said(west, backups=saved(tmp_path, 3 * DAY))
    assert told.startswith(f"{LOSES}its last snapshot was taken at ")
    assert told.endswith(f"Z, 3 d ago. {WAY}")


def test_with_a_snapshot_of_a_clock_that_was_wrong_it_is_refused(west: Datacenter, tmp_path: Path) -> None:
    (told,) = said(west, backups=saved(tmp_path, -3 * DAY))
    assert told.startswith(f"{LOSES}its last snapshot has the time ")
    assert told.endswith(f"Z, which is still to come by the clock of this machine. {WAY}")


def test_with_a_snapshot_of_the_last_day_it_joins(west: Datacenter, tmp_path: Path) -> None:
    assert said(west, backups=saved(tmp_path, DAY / 2)) == []


def test_a_datacenter_that_loses_nothing_needs_none() -> None:
    cluster = running("peer", **holding())
    assert said(cluster) == []


def test_a_loss_that_nobody_confirmed_is_refused_as_before(west: Datacenter, tmp_path: Path) -> None:
    (told,) = said(west, backups=saved(tmp_path, DAY / 2), values={})
    assert "then set mesh_values.connect.gives_up to west" in told


@pytest.mark.parametrize(("given", "wanted"), [({"directory": "~/snapshots", "keep": 3}, "~/snapshots"), ({}, None), ("text", None), (None, None)])
def test_the_inventory_names_the_directory(given: Any, wanted: str | None) -> None:
    assert wished("west", {"mesh_name": "shop", "mesh_backup": given}, Defaults(namespace="consul")).get("backups") == wanted
