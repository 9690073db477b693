# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm's records compared with the wish, on a cluster in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube import helm
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import read_record
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import releases as releasing
from ansible_collections.meshops.lifecycle.plugins.modules import releases
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.helm_records import record
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

BASE = {"name": "istio-base", "namespace": "istio-system", "chart": "base", "repository": None, "version": "1.29.0", "values": {"defaultRevision": "stable"}}
CNI = {"name": "istio-cni", "namespace": "kube-system", "chart": "cni", "repository": None, "version": "1.29.0", "values": {}}
ISTIOD = {"name": "istiod", "namespace": "istio-system", "chart": "istiod", "repository": None, "version": "1.29.0", "values": {"pilot": {"replicas": 2}}}
WISH = [BASE, CNI, ISTIOD]
BASE_RECORD = record("istio-base", values=BASE["values"])
CNI_RECORD = record("istio-cni", namespace="kube-system")


def istiod(revision: int = 1, status: str = "deployed", **change: Any) -> dict[str, Any]:
    return record("istiod", revision, status, **{"values": ISTIOD["values"], **change})


def ask(cluster: FakeCluster, state: str = "present", wish: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return releases.reconcile(cluster, {"releases": WISH if wish is None else wish, "state": state, "pending_grace": 30})


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return {release["name"]: release["reason"] for release in result["due"]}


def stored(cluster: FakeCluster, name: str) -> dict[str, Any] | None:
    return cluster.get(Ref("v1", "Secret", f"sh.helm.release.v1.{name}", "istio-system"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(releasing, "SystemClock", lambda: ticking)
    return ticking


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which Helm is looked for."""
    monkeypatch.setattr(helm, "location", lambda: str(tmp_path / "helm") if (tmp_path / "helm").exists() else "")
    return tmp_path


class TestHelm:
    @staticmethod
    def of_version(folder: Path, version: str) -> None:
        (folder / "helm").write_text(f"#!/bin/sh\ntouch {folder}/started\necho {version}\n")
        (folder / "helm").chmod(0o755)

    @pytest.mark.parametrize(("version", "told"), [("v3.22.0", ""), ("v4.3.1", "false")])
    def test_both_are_told_to_apply_alike(self, programs: Path, version: str, told: str) -> None:
        self.of_version(programs, version)
        assert ask(FakeCluster())["server_side"] == told

    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_it_is_not_started_where_it_has_nothing_to_install(self, programs: Path, state: str) -> None:
        self.of_version(programs, "v4.3.1")
        wished = FakeCluster(BASE_RECORD, CNI_RECORD, istiod()) if state == "present" else FakeCluster(istiod())
        assert ask(wished, state)["server_side"] == ""
        assert not (programs / "started").exists()


@pytest.mark.usefixtures("clock")
class TestPresent:
    def test_nothing_is_due_where_helm_did_all_that_is_wished(self) -> None:
        cluster = FakeCluster(BASE_RECORD, CNI_RECORD, istiod(1, "superseded", version="1.28.0"), istiod(2))
        assert ask(cluster) == {"changed": False, "due": [], "settled": [], "server_side": ""}
        assert cluster.writes == []

    def test_everything_is_due_in_an_empty_cluster_in_the_order_of_the_wish(self) -> None:
        result = ask(FakeCluster())
        assert reasons(result) == {"istio-base": "not installed", "istio-cni": "not installed", "istiod": "not installed"}
        assert result["due"][2] == {**ISTIOD, "reason": "not installed"}
        assert result["changed"] is False

    @pytest.mark.parametrize(("found", "reason"), [
        pytest.param(istiod(version="1.28.1"), "chart 1.28.1 -> 1.29.0", id="another version"),
        pytest.param(istiod(values={"pilot": {"replicas": 1}, "token": "s3cret"}), "pilot.replicas 1 -> 2; token (hidden) -> (unset)", id="other values"),
        pytest.param(istiod(status="failed"), "its last operation ended as failed", id="a failed install"),
    ])
    def test_what_differs_is_due_with_its_reason(self, found: dict[str, Any], reason: str) -> None:
        assert reasons(ask(FakeCluster(BASE_RECORD, CNI_RECORD, found))) == {"istiod": reason}

    def test_releases_of_others_are_not_looked_at(self) -> None:
        broken = {**record("theirs"), "data": {"release": "!"}}
        same_label = {**istiod(9, "failed"), "type": "Opaque"}
        elsewhere = record("istiod", 9, "failed", namespace="elsewhere")
        assert reasons(ask(FakeCluster(BASE_RECORD, CNI_RECORD, istiod(), broken, same_label, elsewhere))) == {}

    def test_a_record_that_cannot_be_read_is_named(self) -> None:
        with pytest.raises(MeshError, match=r"Secret sh\.helm\.release\.v1\.istiod\.v1 cannot be decoded"):
            ask(FakeCluster({**istiod(), "data": {"release": "!"}}))

    def test_no_wish_asks_nothing(self) -> None:
        cluster = FakeCluster(istiod())
        assert ask(cluster, wish=[])["due"] == []
        assert cluster.transport.requests == []


class TestKilled:
    """A killed operation of Helm leaves its release pending."""

    @pytest.mark.parametrize("status", ["pending-upgrade", "pending-rollback", "uninstalling"])
    def test_its_record_is_removed_once_it_stood_still(self, clock: Ticking, status: str) -> None:
        cluster = FakeCluster(BASE_RECORD, CNI_RECORD, istiod(1, version="1.28.0"), istiod(2, status))
        result = ask(cluster)
        assert result["settled"] == ["sh.helm.release.v1.istiod.v2"]
        assert (result["changed"], reasons(result)) == (True, {"istiod": "chart 1.28.0 -> 1.29.0"})
        assert clock.passed >= 30
        assert stored(cluster, "istiod.v2") is None
        assert stored(cluster, "istiod.v1") is not None

    @pytest.mark.usefixtures("clock")
    def test_the_first_install_starts_anew(self) -> None:
        cluster = FakeCluster(BASE_RECORD, CNI_RECORD, istiod(1, "pending-install"))
        assert reasons(ask(cluster)) == {"istiod": "not installed"}
        assert ask(cluster) == {"changed": False, "due": [{**ISTIOD, "reason": "not installed"}], "settled": [], "server_side": ""}

    def test_one_that_ends_in_time_was_alive(self, clock: Ticking) -> None:
        cluster = FakeCluster(BASE_RECORD, CNI_RECORD, istiod(1, "pending-install"))
        clock.meanwhile = lambda passed: passed == 5 and cluster.backend.seed(istiod())
        assert ask(cluster) == {"changed": False, "due": [], "settled": [], "server_side": ""}
        assert clock.passed < 30
        assert stored(cluster, "istiod.v1") is not None

    def test_one_that_was_superseded_is_not_waited_for(self, clock: Ticking) -> None:
        ask(FakeCluster(BASE_RECORD, CNI_RECORD, istiod(1, "pending-upgrade"), istiod(2)))
        assert clock.passed == 0

    def test_check_mode_says_so_and_neither_waits_nor_removes(self, clock: Ticking) -> None:
        cluster = FakeCluster(BASE_RECORD, CNI_RECORD, istiod(1), istiod(2, "pending-upgrade"))
        result = ask(cluster.checking())
        assert (result["changed"], result["settled"], result["due"]) == (True, ["sh.helm.release.v1.istiod.v2"], [])
        assert clock.passed == 0
        assert stored(cluster, "istiod.v2") is not None


class TestAbsent:
    @pytest.mark.usefixtures("clock")
    def test_what_is_there_goes_in_the_order_opposite_to_the_wish(self) -> None:
        cluster = FakeCluster(BASE_RECORD, istiod(1, "superseded"), istiod(2))
        result = ask(cluster, "absent")
        assert [release["name"] for release in result["due"]] == ["istiod", "istio-base"]
        assert (result["changed"], cluster.writes) == (False, [])

    @pytest.mark.usefixtures("clock")
    def test_nothing_is_due_in_an_empty_cluster(self) -> None:
        assert ask(FakeCluster(), "absent") == {"changed": False, "due": [], "settled": [], "server_side": ""}

    @pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
    def test_the_record_of_a_killed_install_stays_for_it_tells_what_to_remove(self, clock: Ticking, status: str) -> None:
        cluster = FakeCluster(istiod(1, status))
        result = ask(cluster, "absent")
        assert (result["settled"], list(reasons(result))) == ([], ["istiod"])
        assert stored(cluster, "istiod.v1") is not None
        assert clock.passed == 0

    def test_a_killed_uninstall_can_be_done_again(self, clock: Ticking) -> None:
        """kubernetes.core.helm ignores a release whose status is uninstalling."""
        cluster = FakeCluster(istiod(3, "uninstalling"))
        result = ask(cluster, "absent")
        assert (result["changed"], result["settled"], list(reasons(result))) == (True, ["sh.helm.release.v1.istiod.v3"], ["istiod"])
        assert clock.passed >= 30
        left = stored(cluster, "istiod.v3")
        assert left
        assert (read_record(left).status, left["metadata"]["labels"]["status"], left["metadata"]["labels"]["owner"]) == ("failed", "failed", "helm")
        assert ask(cluster, "absent")["changed"] is False

    def test_an_uninstall_that_ends_in_time_was_alive(self, clock: Ticking) -> None:
        cluster = FakeCluster(istiod(3, "uninstalling"))
        clock.meanwhile = lambda _passed: cluster.backend.objects.pop(("v1", "secrets", "istio-system", "sh.helm.release.v1.istiod.v3"), None)
        assert ask(cluster, "absent") == {"changed": False, "due": [], "settled": [], "server_side": ""}

    @pytest.mark.usefixtures("clock")
    def test_check_mode_leaves_it_as_it_is(self) -> None:
        cluster = FakeCluster(istiod(3, "uninstalling"))
        assert ask(cluster.checking(), "absent")["changed"] is True
        assert read_record(stored(cluster, "istiod.v3") or {}).status == "uninstalling"
