# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from meshbench.contestants import OURS, TASKS
from meshbench.errors import BenchError
from meshbench.estates import FORKS, GREEN, STATUS, Estate, lead_away, nobody, shown, unreached
from meshbench.figures import Run
from meshbench.sites import LOOPBACK, Site, names

GONE = ["c0020", "c0040"]
TABLE = """\
CLUSTER  SITE  VERDICT
c0020    -     × UNREACHED  -
c0040    -     × UNREACHED  -
c0001    dc1   √ ok
"""
RECAP = "".join(f"{name} : ok=3    changed=0    unreachable=0    failed=0    skipped=3    rescued=0    ignored=0\n" for name in names(40))


def test_one_in_twenty_is_out_of_reach() -> None:
    assert unreached(names(40)) == GONE
    assert len(unreached(names(1000))) == 50


def test_nobody_refuses_at_one_port_and_lets_wait_at_the_other() -> None:
    with nobody() as (refusing, waiting):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, refusing), 5)
        with pytest.raises(TimeoutError):
            socket.create_connection((LOOPBACK, waiting), 0.2)


def test_only_the_clusters_out_of_reach_are_led_away_to_each_port_in_turn(tmp_path: Path) -> None:
    site = Site(tmp_path, 6443, names(40))
    (tmp_path / "kube").mkdir()
    for name in names(40):
        (tmp_path / "kube" / name).write_text(f"server: {site.url}/{name}\n")
    lead_away(site, GONE, (1, 2))
    written = {name: (tmp_path / "kube" / name).read_text() for name in names(40)}
    assert written["c0020"] == f"server: https://{LOOPBACK}:1/c0020\n"
    assert written["c0040"] == f"server: https://{LOOPBACK}:2/c0040\n"
    assert {written[name] for name in names(40) if name not in GONE} == {f"server: {site.url}/{name}\n" for name in names(40) if name not in GONE}


def test_the_table_has_to_name_exactly_those_that_are_out_of_reach() -> None:
    shown(TABLE, GONE)


@pytest.mark.parametrize(("text", "first"), [
    pytest.param(TABLE.replace("c0040    -     × UNREACHED", "c0040    dc0   √ ok"), "c0040", id="one is missing"),
    pytest.param(TABLE + "c0003    -     × UNREACHED\n", "c0003", id="one too many"),
    pytest.param("", "c0020", id="no table"),
])
def test_a_table_that_names_others_is_no_figure(text: str, first: str) -> None:
    with pytest.raises(BenchError, match=f"the difference begins with {first}"):
        shown(text, GONE)


def test_the_floor_has_as_many_tasks_as_status_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def timed(commands: list[list[str]], home: Path, counts: object) -> Run:
        ran.extend(commands)
        (home / "out").write_text(TABLE + RECAP)
        return Run(1.0, 1.0, 0, 0)

    monkeypatch.setattr("meshbench.estates.timed", timed)
    estate = Estate(Site(tmp_path, 1, names(40)), 40, GONE)
    for name in (OURS, TASKS):
        estate.attempt(name, 1)
    assert [command[1] for command in ran] == [STATUS, "tasks.json"]
    assert all(f"--forks={FORKS}" in command for command in ran) and GREEN in ran[0]
    assert len(json.loads((tmp_path / "tasks.json").read_text())[0]["tasks"]) == 6
