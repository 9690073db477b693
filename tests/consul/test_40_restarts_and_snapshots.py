# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three real servers restart in order, and what they keep is saved and restored, also into servers whose data is gone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Change, Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.restarts import Place, due
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.backup import snapshot
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 3}})
HERE = Place("consul")
TURN = [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(each ^ 90 for each in sys.stdin.buffer.read()))"]
OF_A_USER = {"AccessorID": "7a7a7a7a-0000-4000-8000-000000000001", "SecretID": "7a7a7a7a-0000-4000-8000-000000000002", "Description": "of a user"}


class StatefulSets(SystemClock):
    """The controller of StatefulSets, which works in the pauses of a run. `restarted` are the pods that it was made to replace, each with who led then."""

    def __init__(self, east: Datacenter, revision: str) -> None:
        super().__init__()
        self.east, self.revision, self.restarted = east, revision, list[tuple[str, str]]()
        servers = east.find("StatefulSet", SERVER)
        servers["status"] = {"updateRevision": revision, "observedGeneration": servers["metadata"].get("generation")}
        east.cluster.backend.seed(servers)

    def delete(self, refs: Iterable[Ref], wait: float = 0) -> list[Change]:
        changes = []
        for ref in refs:
            self.restarted.append((ref.name, leader(self.east, ref.name)))
            pod = self.east.pods[ref.name]
            pod.end()
            self.report(ref.name, ready=False)
            pod.start()
            changes.append(Change(ref, "deleted"))
        return changes

    def report(self, name: str, ready: bool) -> None:
        live = self.east.find("Pod", name)
        live["metadata"]["labels"]["controller-revision-hash"] = self.revision
        live["status"]["conditions"] = [{"type": "Ready", "status": str(ready)}]
        self.east.cluster.backend.seed(live)

    def sleep(self, seconds: float) -> None:
        for name, _leader in self.restarted:
            pod = self.east.pods[name]
            self.report(name, pod.succeeds(pod.spec["containers"][0]["readinessProbe"]))
        super().sleep(seconds)


@pytest.fixture(scope="module")
def east(make: Make) -> Datacenter:
    made = make(WISH)
    made.complete("servers")
    return made


def leader(east: Datacenter, besides: str) -> str:
    """The server that leads, as one says that does not restart."""
    (asked, *_rest) = [number for number in range(3) if not besides.endswith(str(number))]
    return next((str(one["Node"]) for one in east.get("/v1/operator/raft/configuration", server=asked)["Servers"] if one["Leader"]), "")


def run(east: Datacenter, **options: Any) -> dict[str, Any]:
    known = ArgumentSpecValidator(snapshot.TASK["argument_spec"]).validate({"provider": "consul", "mesh": "shop", **options})
    assert not known.error_messages, known.error_messages
    return snapshot.reconcile(east.cluster, snapshot.TASK["prepare"](known.validated_parameters))


def save(east: Datacenter, folder: Path) -> str:
    return str(run(east, directory=str(folder), encrypt=TURN)["file"])


def restore(east: Datacenter, file: str, **more: Any) -> bool:
    return bool(run(east, state="restored", file=file, decrypt=TURN, confirm="shop", **more)["changed"])


def known(east: Datacenter) -> bool:
    """Whether the token of a user is there."""
    return any(one["AccessorID"] == OF_A_USER["AccessorID"] for one in east.get("/v1/acl/tokens"))


def put_token(east: Datacenter) -> None:
    status, body = east.ask("PUT", "/v1/acl/token", body=OF_A_USER)
    assert status == 200, body


class TestRestarts:
    def test_the_leader_is_last_and_all_vote_at_the_end(self, east: Datacenter, monkeypatch: pytest.MonkeyPatch) -> None:
        controller = StatefulSets(east, "newer")
        monkeypatch.setattr(east.cluster, "delete", controller.delete)
        first = leader(east, "")
        complete(east.cluster, due(HERE), 120, controller)
        assert sorted(name for name, _leader in controller.restarted) == [f"{SERVER}-{number}" for number in range(3)]
        assert [name for name, _leader in controller.restarted][-1] == first
        assert {leading for _name, leading in controller.restarted[:2]} == {first}, "the lead moved only once, at the end"
        assert controller.restarted[-1][1] not in ("", first), "it handed the lead over before it restarted"
        until(lambda: [one["Voter"] for one in east.get("/v1/operator/raft/configuration")["Servers"]] == [True] * 3, lambda: "not all vote")
        assert complete(east.cluster, due(HERE), 60, SystemClock()).changed is False

    def test_a_server_that_is_down_stops_all_others(self, east: Datacenter, monkeypatch: pytest.MonkeyPatch) -> None:
        controller = StatefulSets(east, "newest")
        monkeypatch.setattr(east.cluster, "delete", controller.delete)
        east.pods[f"{SERVER}-2"].end("kill")
        controller.report(f"{SERVER}-2", ready=False)
        with pytest.raises(NotReady, match=f"no server restarts while another one is down .{SERVER}-2."):
            complete(east.cluster, due(HERE), 8, controller)
        assert controller.restarted == []
        east.pods[f"{SERVER}-2"].start()
        east.await_ready(east.pods[f"{SERVER}-2"])
        controller.report(f"{SERVER}-2", ready=True)
        complete(east.cluster, due(HERE), 120, controller)
        assert [name for name, _leader in controller.restarted if name.endswith("2")] == [], "it runs the newest template by now"


class TestSnapshots:
    def test_what_came_after_it_is_gone_and_what_was_before_is_back(self, east: Datacenter, tmp_path: Path) -> None:
        file = save(east, tmp_path)
        assert b"BEGIN" not in Path(file).read_bytes()
        put_token(east)
        assert known(east)
        assert restore(east, file)
        until(lambda: east.ask("GET", "/v1/acl/tokens")[0] == 200, lambda: "no server answers after the restore")
        assert not known(east)

    def test_it_comes_back_into_servers_whose_data_is_gone(self, east: Datacenter, tmp_path: Path) -> None:
        """New servers have the same Secrets, and so the same CA."""
        put_token(east)
        file, roots = save(east, tmp_path), east.get("/v1/connect/ca/roots")["TrustDomain"]
        for pod in east.pods.values():
            pod.end("kill")
        for pod in east.pods.values():
            shutil.rmtree(pod.node.folder / pod.name)
        for pod in east.pods.values():
            pod.start()
        for pod in east.pods.values():
            east.await_ready(pod)
        assert not known(east)
        assert restore(east, file)
        until(lambda: east.ask("GET", "/v1/acl/tokens")[0] == 200 and known(east), lambda: "the token did not come back")
        assert east.get("/v1/connect/ca/roots")["TrustDomain"] == roots
        until(lambda: len([one for one in east.get("/v1/operator/raft/configuration")["Servers"] if one["Voter"]]) == 3, lambda: "not all vote")

    def test_one_is_refused_while_nobody_knows_which_ca_is_in_use(self, east: Datacenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file, asked = save(east, tmp_path), east.cluster._asked

        def lies(question: PodRequest) -> Any:
            answer = asked(question)
            if question.path == "/v1/connect/ca/roots":
                return type(answer)(200, answer.body.replace(b"BEGIN CERTIFICATE", b"BEGIN NOTHING"))  # type: ignore[union-attr]
            return answer

        monkeypatch.setattr(east.cluster, "_asked", lies)
        with pytest.raises(Refused, match="cannot be compared, because the product names no CA"):
            restore(east, file)
