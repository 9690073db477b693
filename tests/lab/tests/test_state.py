# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from meshlab import lab, paths, processes, state
from meshlab.errors import LabError
from meshlab.state import Member, Record


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "RECORD", tmp_path / "run")
    monkeypatch.setenv("MESHOPS_LAB_STATE", str(tmp_path / "state"))


def record() -> Record:
    return Record("/checkout", str(paths.state()), clusters={"east": Member(1, "r", 5, 6, flat=["west"])}, sysctls={"kernel.panic": "0"})


def test_a_record_comes_back_as_it_was() -> None:
    record().save()
    loaded = state.load()
    assert loaded and loaded.clusters == record().clusters and loaded.sysctls == {"kernel.panic": "0"}


def test_the_second_copy_serves_when_the_first_is_gone() -> None:
    record().save()
    (paths.RECORD / state.NAME).unlink()
    loaded = state.load()
    assert loaded and loaded.sysctls == {"kernel.panic": "0"}


def test_after_a_restart_of_the_machine_only_files_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    record().save()
    monkeypatch.setattr(state, "boot", lambda: "another")
    loaded = state.load()
    assert loaded and loaded.clusters == {} and loaded.sysctls == {} and loaded.state == str(paths.state())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"owner": "x"}', '{"clusters": {"east": {"what": 1}}}', '{"clusters": {"east": 3}}', "null"])
def test_half_a_record_is_none(text: str) -> None:
    assert state.parse(text) is None


def test_a_broken_record_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    paths.RECORD.mkdir()
    (paths.RECORD / state.NAME).write_text("{")
    assert state.load() is None
    assert "cannot be read" in capsys.readouterr().err


def test_the_lock_leaves_no_file() -> None:
    with state.exclusive():
        assert paths.RECORD.with_suffix(".lock").exists()
    assert not paths.RECORD.with_suffix(".lock").exists()


def test_a_process_is_known_by_its_start_too() -> None:
    began = processes.started(os.getpid())
    assert processes.alive(os.getpid(), began)
    assert not processes.alive(os.getpid(), began + 1)
    assert not processes.alive(0, 0)
    assert processes.started(2**22 + 1) == 0


def test_files_that_are_not_the_labs_are_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.cgroups, "names", set)
    monkeypatch.setattr(lab.host, "remove_network", lambda record: None)
    paths.state().mkdir()
    (paths.state() / "precious").touch()
    with pytest.raises(LabError, match="holds files that are not the lab's"):
        lab._remove_everything(None)
    assert (paths.state() / "precious").exists()
