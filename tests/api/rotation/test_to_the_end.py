# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole rotations by the playbook, on two real API servers with a stand-in for istiod on each.

There are no pods, so this proves nothing of proxies, of what istiod serves, or of lost requests: drills in the lab do. It proves what is
written where and when, what is refused, and that a run that was killed at any write can be repeated.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import LeaseWish, take
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ARTIFACTS_SHOWN, artifacts

from .play import Stopped
from .two import LEASE, Two, fingerprints, root, settled


def test_a_root_from_begin_to_end(two: Two) -> None:
    done = two.rotate(environ=ARTIFACTS_SHOWN).succeeded()
    assert two.state() == settled()
    left = artifacts(done.output)["mesh_rotation"]
    assert (left["verdict"], left["meshes"]["shop"]["clusters"], set(left["meshes"]["shop"]["seconds"])) == ("done", 2, {"introduce", "reissue", "retire"})
    again = two.rotate(environ=ARTIFACTS_SHOWN).succeeded()
    assert again.changed == 0
    assert artifacts(again.output)["mesh_rotation"]["says"] == "√ shop: nothing was to be done"
    assert "stays until it is 60 minutes old (rotate_min_age)" in again.said
    assert two.state() == settled()
    assert [one.ignored for one in two.stand_ins.values()] == [[], []]


def test_check_mode_shows_the_plan(two: Two, tmp_path: Path) -> None:
    shown = two.rotate("--check", environ=ARTIFACTS_SHOWN, rotate_report_dir=str(tmp_path / "reports")).succeeded()
    left = artifacts(shown.output)
    assert (set(left), left["mesh_rotation_plan"]["verdict"]) == ({"mesh_rotation_plan"}, "go")
    assert left["mesh_rotation_plan"]["meshes"]["shop"]["due"][0].startswith("introduce in east, west: trust a new root beside root")
    assert set(json.loads((tmp_path / "reports" / "rotation-plan-shop.json").read_text())["phases"]) == {"east", "west"}
    assert "\n  1. introduce in east, west" in shown.output, "the table stands on the screen without quotes"
    assert "1. introduce in east, west: trust a new root beside root" in shown.said
    assert shown.changed == 0
    assert two.state() == settled("old", before=False)


def test_a_part_of_the_mesh_is_refused(two: Two) -> None:
    refused = two.rotate("--limit", "east")
    assert refused.rc
    assert "west cannot be judged: it is not part of this run, and a rotation takes all clusters of the mesh; run it without --limit" in refused.said
    assert two.state() == settled("old", before=False)


def test_leaving_a_cluster_out_has_to_be_meant(two: Two) -> None:
    refused = two.rotate(rotate_exclude=["west"])
    assert refused.rc
    assert "rotate_exclude leaves out west. The workloads there will be cut off from the mesh when the old root is retired" in refused.said
    assert two.state() == settled("old", before=False)


OLD = {"signs": "old", "trusts": ["old"], "handed out": ["old"], "kept": False, "fenced": False}


def test_a_cluster_that_is_gone_is_left_out_knowingly_and_comes_back(two: Two) -> None:
    two.variables["west"]["mesh_kube"] = {"host": "https://127.0.0.1:9", "api_key": "nobody"}
    done = two.rotate(rotate_exclude=["west"], rotate_exclude_acknowledged=True).succeeded()
    assert done.recap["west"] == (0, 0)
    assert two.state() == {**settled(), "west": OLD}
    # It is not let in as if nothing had been: while it was away, its root was retired.
    (old,) = fingerprints(root().certificate)
    with pytest.raises(Stopped, match=rf"west signs under root .* Was .* rebuilt.*rotate_accept_roots: \[{old}\]"):
        two.play().run()
    two.play(accepted=[old]).run()
    assert two.state() == settled()


def test_one_cluster_that_fails_in_a_step_stops_the_others_and_the_next_run_ends_it(two: Two) -> None:
    two.stand_ins["west"].stale.add("shop")
    stopped = two.rotate(rotate_timeout=4)
    assert stopped.rc
    assert {name: failed for name, (_changed, failed) in stopped.recap.items()} == {"east": 1, "west": 1}
    assert "The rotation of the mesh shop stops after introduce: west cannot be judged: west: these did not follow within" in stopped.said
    assert "trust bundle shop/istio-ca-root-cert trusts" in stopped.said
    held = two.state()
    assert [held[name]["signs"] for name in ("east", "west")] == ["old", "old"]
    assert held["east"]["trusts"] == held["west"]["trusts"] == ["old", "root 2"]
    assert held["holder"] == "", "the Lease is given back by whoever fails too"
    two.stand_ins["west"].stale.clear()
    two.rotate().succeeded()
    assert two.state() == settled()


def test_a_lease_that_a_dead_run_left_is_told_and_given_back_by_name(two: Two) -> None:
    """A run that has nothing to do does not take the Lease over."""
    take(two.clusters["east"], LEASE, LeaseWish("ci@runner/1", 30))
    planned = two.rotate(rotate_plan=True, rotate_min_age=86400, rotate_break_lease="ci@runner/1").succeeded()
    assert "east: the Lease of mesh shop is held by ci@runner/1 in epoch 1, until " in planned.said
    assert (planned.changed, two.state()["holder"]) == (0, "ci@runner/1")
    broken = two.rotate(rotate_min_age=86400, rotate_break_lease="ci@runner/1").succeeded()
    assert (broken.changed, two.state()["holder"]) == (1, "")
    assert "is held by" not in broken.said
