# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole rotations by the playbook, on two real API servers with a stand-in for istiod on each.

There are no pods, so this proves nothing of proxies, of what istiod serves, or of lost requests: drills in the lab do. It proves what is
written where and when, what is refused, and that a run that was killed at any write can be repeated.
"""

from __future__ import annotations

from .two import Two, settled


def test_a_root_from_begin_to_end(two: Two) -> None:
    two.rotate().succeeded()
    assert two.state() == settled()
    again = two.rotate().succeeded()
    assert again.changed == 0
    assert "kept until it is 60 minutes old (rotate_min_age)" in again.said
    assert two.state() == settled()
    assert [one.ignored for one in two.stand_ins.values()] == [[], []]


def test_check_mode_shows_the_plan(two: Two) -> None:
    shown = two.rotate("--check").succeeded()
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
    assert "rotate_exclude leaves west out: its workloads will be cut off from the mesh when the old root is retired" in refused.said
    assert two.state() == settled("old", before=False)
