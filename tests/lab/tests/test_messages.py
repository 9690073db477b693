# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not met ends in one sentence, exit code 1, and no traceback."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from meshlab import cgroups, cli, cluster, host, packages, paths
from meshlab.errors import LabError


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "RECORD", tmp_path / "run")
    monkeypatch.setenv("MESHOPS_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MESHOPS_CACHE", str(tmp_path / "cache"))


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cli.main(argv) == 1
    told = capsys.readouterr().err
    assert told.startswith("lab: ") and told.count("\n") == 1
    return told


@pytest.mark.parametrize("command", [["up"], ["down"], ["build"], ["status"], ["logs"], ["cut", "east"]])
def test_not_root(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "needs root" in said(capsys, *command)


def test_a_missing_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(host, "missing_commands", lambda: ["nsenter"])
    assert "Not installed: nsenter; run `make lab-packages`" in said(capsys, "up")


def test_no_namespaces(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(host, "missing_commands", list)
    monkeypatch.setattr(host, "cni_plugins", lambda: Path("/"))
    monkeypatch.setattr(host, "succeeds", lambda argv: False)
    assert "refuses new namespaces" in said(capsys, "up")


def test_addresses_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "run", lambda argv: '[{"dst": "198.18.0.0/24", "dev": "eth7"}]')
    with pytest.raises(LabError, match="already routes 198.18.0.0/24 on eth7"):
        host.check_addresses()


@pytest.mark.parametrize("stays", [False, True])
def test_a_cable_that_the_kernel_took_away_first(monkeypatch: pytest.MonkeyPatch, stays: bool) -> None:
    """It goes with the network namespace at its other end, maybe just after it was seen; one that stays is an error."""
    looks = iter([{"meshlab-7": {}}, {"meshlab-7": {}} if stays else {}])
    monkeypatch.setattr(host, "links", lambda: next(looks))

    def refuse(argv: list[str]) -> str:
        raise LabError(f"`{' '.join(argv)}` failed with code 1: what the kernel said.")

    monkeypatch.setattr(host, "run", refuse)
    with pytest.raises(LabError, match="ip link delete meshlab-7") if stays else contextlib.nullcontext():
        host.unplug("meshlab-7")
    assert next(looks, None) is None


def test_control_groups_that_lack_a_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **_: "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0")
    with pytest.raises(LabError, match="lack cpuset, memory, pids"):
        cgroups.check()


def test_a_refusal_of_the_system(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device", "/var/lib/meshlab/east")

    monkeypatch.setattr(host, "check", full)
    assert "No space left on device (/var/lib/meshlab/east)" in said(capsys, "up")


@pytest.mark.parametrize(("place", "message"), [("/run/x", "a /run of their own"), ("/var/log/lab", "a /var/log of their own"), ("/" + "x" * 100, "too long")])
def test_places_for_data_that_cannot_work(place: str, message: str) -> None:
    with pytest.raises(LabError, match=message):
        cluster.check_place(Path(place))


def test_no_kubeconfig_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert "bring the lab up with `make lab`" in said(capsys, "kubeconfig", "east")


def test_no_such_cluster(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert "There is no cluster `north` in the lab" in said(capsys, "cut", "north")


def test_a_bad_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(host, "check", lambda: None)
    assert "`East` cannot name a cluster" in said(capsys, "up", "East")


def test_no_lab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert cli.main(["status"]) == 1
    assert "no lab runs on this machine" in capsys.readouterr().out


def test_path_of_programs_not_built_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["path", "bin"]) == 0
    assert capsys.readouterr().out == ""


def test_packages_are_found_by_their_commands() -> None:
    assert packages.needed(["ctr", "containerd", "ip"], with_cni=True) == ["containerd", "containernetworking-plugins", "iproute2"]
    assert set(host.COMMANDS) <= set(packages.OWNERS)
