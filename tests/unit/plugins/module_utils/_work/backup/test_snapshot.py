# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots are saved sealed and restored under guard. A stand-in plays Consul; nothing here was run against a real one."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.backup import snapshot, snapshot_info
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.health import mesh_info
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.backup.archives import archive
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, OTHER_ROOT, ROOT
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TURN = [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(each ^ 90 for each in sys.stdin.buffer.read()))"]
TOKEN = b"token-of-a-user"


class Keeping(FakeCluster):
    """Consul, which keeps a state. `restored` are the snapshots that it took; `answer` is what it says to them."""

    state = TOKEN + EAST.pem
    ca = EAST.pem + ROOT.pem
    answer: Any = Answer(200, b"")

    def __init__(self, **more: Any) -> None:
        objects = [{"apiVersion": "v1", "kind": kind, **one} for kind, one in (("Pod", server()), ("Secret", tokens()))]
        super().__init__(namespace("mesh"), *objects, **more)
        self.restored: list[bytes] = []

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        return [self.said(one) for one in questions]

    def said(self, question: PodRequest) -> Answer | MeshError:
        assert dict(question.headers)["X-Consul-Token"] == MANAGEMENT
        if question.path == "/v1/connect/ca/roots":
            return Answer(200, json.dumps({"Roots": [{"Active": True, "RootCert": self.ca.decode()}]}).encode())
        assert (question.path, question.timeout) == ("/v1/snapshot", 60)
        if question.method == "PUT":
            self.restored.append(question.body or b"")
            return self.answer  # type: ignore[no-any-return]
        return Answer(200, archive(self.state))


def run(cluster: FakeCluster, module: Any = snapshot, at: datetime = NOW, **options: Any) -> dict[str, Any]:
    known = ArgumentSpecValidator(module.TASK["argument_spec"]).validate({"provider": "consul", "namespace": "mesh", "mesh": "shop", "timeout": 60, **options})
    assert not known.error_messages, known.error_messages
    done: dict[str, Any] = module.reconcile(cluster, module.TASK["prepare"](known.validated_parameters), clock=Ticking(start=at))
    return done


def saved(folder: Path, at: datetime = NOW, **options: Any) -> dict[str, Any]:
    return run(Keeping(), at=at, **{"directory": str(folder), "encrypt": TURN, **options})


def restore(cluster: Keeping, file: str, **options: Any) -> dict[str, Any]:
    return run(cluster, **{"state": "restored", "file": file, "decrypt": TURN, "confirm": "shop", **options})


def test_a_snapshot_lies_sealed_under_a_name_that_says_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    done = saved(folder)
    (file,) = folder.iterdir()
    assert (done["changed"], done["file"], done["index"]) == (True, str(file), 42)
    assert file.name == "east@shop.20261127T120000Z.snapshot"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert TOKEN not in file.read_bytes()
    assert TOKEN.decode() not in str(done)


def test_nothing_plain_is_ever_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(snapshot.shelf, "store", lambda _directory, _name, content: written.append(content))
    saved(tmp_path)
    plain = archive(Keeping.state)
    assert len(written) == 1
    assert plain[:16] not in written[0]
    assert list(tmp_path.iterdir()) == []


def test_older_ones_go_and_those_of_others_stay(tmp_path: Path) -> None:
    others = ["west@shop.20200101T000000Z.snapshot", "notes.txt"]
    for name in others:
        (tmp_path / name).write_text("x")
    for day in range(4):
        done = saved(tmp_path, NOW + timedelta(days=day), keep=2)
    assert done["removed"] == ["east@shop.20261128T120000Z.snapshot"]
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "east@shop.20261129T120000Z.snapshot", "east@shop.20261130T120000Z.snapshot"])


def test_a_young_one_is_enough(tmp_path: Path) -> None:
    first = saved(tmp_path, younger_than=3600)
    again = saved(tmp_path, NOW + timedelta(minutes=59), younger_than=3600)
    assert (again["changed"], again["file"]) == (False, first["file"])
    assert saved(tmp_path, NOW + timedelta(minutes=60), younger_than=3600)["changed"]


@pytest.mark.parametrize("younger_than", [0, 3600])
def test_one_of_a_clock_that_was_wrong_keeps_nobody_from_saving(tmp_path: Path, younger_than: int) -> None:
    (tmp_path / "east@shop.20310101T000000Z.snapshot").write_bytes(b"sealed")
    assert saved(tmp_path, younger_than=younger_than)["changed"]
    assert (tmp_path / "east@shop.20261127T120000Z.snapshot").exists()


def test_no_number_removes_all_older_ones(tmp_path: Path) -> None:
    older = tmp_path / "east@shop.20260101T000000Z.snapshot"
    older.write_bytes(b"sealed")
    with pytest.raises(Refused, match=r"^east: keep is -1, which would remove all older snapshots\. Give how many to keep, or 0 to keep all\.$"):
        saved(tmp_path, keep=-1)
    assert list(tmp_path.iterdir()) == [older]


def test_check_mode_tries_all_and_stores_nothing(tmp_path: Path) -> None:
    options: dict[str, Any] = {"directory": str(tmp_path / "new"), "encrypt": TURN}
    assert run(Keeping(dry_run=True), **options)["changed"]
    with pytest.raises(Refused, match="encrypt is empty"):
        run(Keeping(dry_run=True), **{**options, "encrypt": []})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encrypt", [[], [sys.executable, "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"]], ids=["none", "cat"])
def test_nothing_is_stored_plain(tmp_path: Path, encrypt: list[str]) -> None:
    with pytest.raises(Refused):
        saved(tmp_path, encrypt=encrypt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_run_that_is_killed_leaves_no_half_snapshot_under_a_name(tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*((os, "fsync", killed) if step == "write" else (Path, "replace", killed)))
        with pytest.raises(KeyboardInterrupt):
            saved(tmp_path)
    assert not [one for one in tmp_path.iterdir() if one.suffix == ".snapshot"]
    saved(tmp_path)
    assert [one.suffix for one in tmp_path.iterdir()] == [".snapshot"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be (written|read)"):
        saved(tmp_path / "file" / "below")


class TestRestore:
    def test_the_same_bytes_come_back(self, tmp_path: Path) -> None:
        file, cluster = saved(tmp_path)["file"], Keeping()
        done = restore(cluster, file)
        assert (done["changed"], done["index"]) == (True, 42)
        assert cluster.restored == [archive(Keeping.state)]

    def test_check_mode_judges_it_and_sends_nothing(self, tmp_path: Path) -> None:
        file, cluster = saved(tmp_path)["file"], Keeping(dry_run=True)
        assert restore(cluster, file)["changed"]
        with pytest.raises(Refused):
            restore(cluster, file, confirm="")
        assert cluster.restored == []

    @pytest.mark.parametrize(("cluster", "options", "says"), [
        pytest.param({}, {"confirm": "yes"}, "^east: .*give the name of the mesh .shop. as confirmation", id="no confirmation"),
        pytest.param({"name": "west"}, {}, "^west: The snapshot east@shop.* is of the cluster east", id="another cluster"),
        pytest.param({}, {"mesh": "other", "confirm": "other"}, "is of the cluster east in the mesh shop", id="another mesh"),
        pytest.param({}, {"decrypt": []}, "decrypt is empty", id="no program"),
        pytest.param({}, {"decrypt": [sys.executable, "-c", "print('x')"]}, "no snapshot of Consul, or it is not whole", id="the wrong key"),
        pytest.param({}, {"file": "/nowhere"}, "cannot be read: No such file", id="no file"),
    ])
    def test_what_stands_against_it_is_said_before_anything_is_sent(self, tmp_path: Path, cluster: Any, options: dict[str, Any], says: str) -> None:
        file, into = saved(tmp_path)["file"], Keeping(**cluster)
        with pytest.raises(Refused, match=says):
            restore(into, options.pop("file", file), **options)
        assert into.restored == []

    def test_a_snapshot_with_another_ca_needs_a_word_more(self, tmp_path: Path) -> None:
        file, cluster = saved(tmp_path)["file"], Keeping()
        cluster.ca = OTHER_ROOT.pem
        with pytest.raises(Refused, match="does not hold the CA that is in use"):
            restore(cluster, file)
        assert cluster.restored == []
        restore(cluster, file, other_ca=True)
        assert len(cluster.restored) == 1

    @pytest.mark.parametrize(("answer", "says"), [
        pytest.param(Answer(500, b"Raft is  busy"), "^east: the restore was answered with HTTP 500: Raft is busy", id="refused"),
        pytest.param(Unreachable("east: Pod mesh/a hung up."), "hung up. Whether the snapshot was restored is not known. Run again", id="cut off"),
    ])
    def test_a_restore_that_fails_says_what_is_known(self, tmp_path: Path, answer: Any, says: str) -> None:
        file, cluster = saved(tmp_path)["file"], Keeping()
        cluster.answer = answer
        with pytest.raises(NotReady, match=says):
            restore(cluster, file)


class TestInfo:
    def test_it_lists_them_and_says_how_old_the_last_one_is(self, tmp_path: Path) -> None:
        for hour in (0, 5):
            saved(tmp_path, NOW + timedelta(hours=hour))
        done = run(FakeCluster(), snapshot_info, NOW + timedelta(hours=6), directory=str(tmp_path))
        assert [one["taken"] for one in done["snapshots"]] == ["2026-11-27T17:00:00Z", "2026-11-27T12:00:00Z"]
        assert done["says"] == "its last snapshot was taken at 2026-11-27T17:00:00Z, 1 h ago"
        assert "content" not in done

    def test_it_looks_into_one_and_shows_certificates_only(self, tmp_path: Path) -> None:
        file = saved(tmp_path)["file"]
        content = run(FakeCluster(), snapshot_info, directory=str(tmp_path), file=file, decrypt=TURN)["content"]
        assert (content["index"], [one["fingerprint"] for one in content["certificates"]]) == (42, [EAST.fingerprint])
        assert TOKEN.decode() not in str(content)

    def test_a_mesh_without_a_store_is_refused_by_name(self, tmp_path: Path) -> None:
        for module in (snapshot, snapshot_info):
            with pytest.raises(Refused, match="The provider istio has no backup"):
                run(FakeCluster(), module, provider="istio", directory=str(tmp_path))

    def test_the_status_says_it_too(self, tmp_path: Path) -> None:
        saved(tmp_path)
        request = mesh_info.Request.of({"provider": "consul", "namespace": "mesh", "expected": None, "config": False, "leftovers_of": None,
                                        "wait": False, "wait_timeout": 1, "snapshots": str(tmp_path), "mesh": "shop"})  # fmt: skip
        said = mesh_info._snapshot(FakeCluster(), request, NOW + timedelta(hours=2))
        assert said == "east: its last snapshot was taken at 2026-11-27T12:00:00Z, 2 h ago."
