# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest
from meshbench.contestants import OURS, STATUS, TASKS
from meshbench.errors import BenchError
from meshbench.figures import Requests, Run
from meshbench.measure import AuditLog
from meshbench.sites import Site, Size, inventory, names, settled
from meshbench.stubs import mesh, network

RECAP = """\
PLAY RECAP *********************************************************************
c0001                      : ok=30   changed=0    unreachable=0    failed=0    skipped=15   rescued=0    ignored=0
c0002                      : ok=26   changed=0    unreachable=0    failed=0    skipped=12   rescued=0    ignored=0
"""


def test_two_neighbours_are_a_mesh() -> None:
    assert names(3) == ["c0001", "c0002", "c0003"]
    assert [mesh(name) for name in names(4)] == ["mesh-0001", "mesh-0001", "mesh-0002", "mesh-0002"]


def test_an_inventory_says_once_what_is_common_and_of_each_cluster_its_own(tmp_path: Path) -> None:
    written = json.loads(inventory(tmp_path, names(4)).read_text())["all"]
    assert written["hosts"]["c0003"] == {"mesh_network": network("c0003"), "mesh_site": "dc1", "mesh_api_server": "https://c0003.example:6443"}
    assert {name: sorted(group["hosts"]) for name, group in written["children"].items()} == {"mesh_0001": ["c0001", "c0002"], "mesh_0002": ["c0003", "c0004"]}
    assert written["children"]["mesh_0002"]["vars"] == {"mesh_name": "mesh-0002", "mesh_trust_cluster": "c0003"}
    assert written["vars"]["mesh_kube"]["kubeconfig"] == f"{tmp_path}/kube/{{{{ inventory_hostname }}}}"


def test_inventories_of_several_sizes_lie_beside_each_other(tmp_path: Path) -> None:
    assert inventory(tmp_path, names(2)) != inventory(tmp_path, names(4))


def test_the_tasks_of_a_run_are_those_of_a_cluster_that_does_nothing_for_all() -> None:
    assert settled(RECAP, 2) == 38


@pytest.mark.parametrize("wrong", [
    pytest.param(RECAP.replace("changed=0    unreachable=0    failed=0    skipped=12", "changed=1    unreachable=0    failed=0    skipped=12"), id="a change"),
    pytest.param(RECAP.replace("failed=0    skipped=15", "failed=1    skipped=15"), id="a failure"),
    pytest.param(RECAP.replace("unreachable=0", "unreachable=1"), id="a cluster that is out of reach"),
    pytest.param(RECAP.rpartition("c0002")[0], id="a cluster that is missing"),
    pytest.param("", id="nothing"),
])
def test_a_run_that_was_to_find_nothing_to_do_and_did_is_no_figure(wrong: str) -> None:
    with pytest.raises(BenchError, match="^Something changed or failed on stub clusters where nothing was to change"):
        settled(wrong, 2)


def test_the_floor_has_as_many_tasks_as_site_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def timed(commands: list[list[str]], home: Path, counts: object) -> Run:
        ran.append(commands[0][1])
        (home / "out").write_text(RECAP)
        return Run(1.0, 1.0, 0, 0)

    monkeypatch.setattr("meshbench.sites.timed", timed)
    size = Size(Site(tmp_path, 1, names(2)), 2)
    for name in (OURS, STATUS, TASKS):
        size.attempt(name, 1)
    assert ran == ["meshops.lifecycle.site", "meshops.lifecycle.status", "tasks.json"]
    assert len(json.loads((tmp_path / "tasks.json").read_text())[0]["tasks"]) == 38


def test_status_does_not_decide_how_many_tasks_the_floor_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshbench.sites.timed", lambda _commands, home, _counts: (home / "out").write_text(RECAP) and Run(1.0, 1.0, 0, 0))
    size = Size(Site(tmp_path, 1, names(2)), 2)
    size.attempt(STATUS, 1)
    size.commands(TASKS)
    assert len(json.loads((tmp_path / "tasks.json").read_text())[0]["tasks"]) == 1


def test_the_stubs_count_what_they_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    site = Site(tmp_path, 1, names(2))
    monkeypatch.setattr(site, "tell", lambda what: asked.append(what) or {"requests": 7, "writes": 2})
    site.mark()
    assert site.since() == Requests(7, 2)
    assert asked == ["counts", "counts"]
    assert AuditLog().since() == Requests(0, 0)
