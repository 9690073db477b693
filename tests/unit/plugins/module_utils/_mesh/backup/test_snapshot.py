# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of snapshots, which of them go, how old the last one is, and what keeps one from being restored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.backup.snapshot import (
    RestoreWish,
    SnapshotContent,
    SnapshotFile,
    age,
    of_cluster,
    refusal,
    surplus,
)

NOW = datetime(2026, 11, 27, 12, 0, 5, 99, tzinfo=UTC)
FILE = "east@shop.20261127T120005Z.snapshot"
CONTENT = SnapshotContent(7, [b"ca", b"other"])
WISH = RestoreWish("east", "shop", "shop", other_ca=False)


def taken(*hours: int) -> list[str]:
    return [SnapshotFile.at("shop", "east", NOW - timedelta(hours=each)).name for each in hours]


def test_a_name_says_of_which_cluster_it_is_and_when_it_was_taken() -> None:
    made = SnapshotFile.at("shop", "east", NOW)
    assert made.name == FILE
    assert SnapshotFile.of(FILE) == made
    dotted = SnapshotFile.at("my.mesh", "east.example", NOW)
    assert SnapshotFile.of(dotted.name) == dotted


@pytest.mark.parametrize("name", ["notes.txt", f".{FILE}.part", "east@shop.20261399T120005Z.snapshot", "east.20261127T120005Z.snapshot"])
def test_other_files_are_no_snapshots(name: str) -> None:
    assert SnapshotFile.of(name) is None


def test_only_those_of_the_cluster_count_and_the_newest_is_first() -> None:
    others = ["west@shop.20261127T130005Z.snapshot", "east@other.20261127T130005Z.snapshot", "readme"]
    assert [file.name for file in of_cluster([*taken(5, 1, 3), *others], "shop", "east")] == taken(1, 3, 5)


@pytest.mark.parametrize(("keep", "gone"), [(2, [3, 5]), (4, []), (1, [2, 3, 5]), (0, []), (-1, [2, 3, 5])])
def test_the_newest_never_goes(keep: int, gone: list[int]) -> None:
    assert [file.name for file in surplus(of_cluster(taken(1, 2, 3, 5), "shop", "east"), keep)] == taken(*gone)


def test_the_age_of_the_last_one_is_told() -> None:
    (last,) = of_cluster([FILE], "shop", "east")
    assert age(last, "/srv", NOW + timedelta(hours=7)) == "its last snapshot was taken at 2026-11-27T12:00:05Z, 7 h ago"
    assert age(last, "/srv", NOW + timedelta(days=3)).endswith(", 3 d ago")
    assert age(None, "/srv", NOW) == "there is no snapshot of it in /srv; run meshops.lifecycle.backup"


def test_nothing_stands_against_a_snapshot_of_this_cluster_with_the_ca_in_use() -> None:
    assert refusal(WISH, FILE, CONTENT, [b"ca"]) == ""


@pytest.mark.parametrize(("wish", "file", "authority", "says"), [
    pytest.param({"confirmed": ""}, FILE, b"ca", "give the name of the mesh (shop) as confirmation", id="no confirmation"),
    pytest.param({"confirmed": "yes"}, FILE, b"ca", "give the name of the mesh (shop)", id="another word"),
    pytest.param({}, "west@shop.20261127T120005Z.snapshot", b"ca", "is of the cluster west in the mesh shop. Restore it there", id="another cluster"),
    pytest.param({}, "east@other.20261127T120005Z.snapshot", b"ca", "is of the cluster east in the mesh other", id="another mesh"),
    pytest.param({}, "copy", b"ca", "does not say of which cluster it is", id="renamed"),
    pytest.param({}, FILE, b"newer ca", "does not hold the CA that is in use", id="another CA"),
    pytest.param({}, FILE, b"", "cannot be compared, because the product names no CA", id="no CA"),
])
def test_what_stands_against_a_restore(wish: dict[str, str], file: str, authority: bytes, says: str) -> None:
    asked = RestoreWish("east", "shop", wish.get("confirmed", "shop"), other_ca=False)
    assert says in refusal(asked, file, CONTENT, [authority] if authority else [])


def test_another_ca_may_come_back_if_it_is_said() -> None:
    assert refusal(RestoreWish("east", "shop", "shop", other_ca=True), FILE, CONTENT, [b"newer ca"]) == ""
