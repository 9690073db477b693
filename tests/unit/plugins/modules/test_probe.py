# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module probe on a cluster in memory, whose pod answers as the test says."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import provider
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.health import probe as work
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

NAMESPACE, POD = "meshops-probe", "echo-east-5c8f"


def pod(name: str = POD, phase: str = "Running", **metadata: Any) -> dict[str, Any]:
    labels = {"app": "echo-east"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels, **metadata}, "status": {"phase": phase}}


def page(target: str) -> bytes:
    identity = "spiffe://cluster.local/ns/meshops-probe/sa/probe"
    return (
        f"Φορτίο version 1.66.0 echo debug server up for 1s on echo-{target} - request from 127.0.0.6:1\n\nGET /debug HTTP/1.1\n\nheaders:\n\n"
        f'X-Forwarded-Client-Cert: By={identity};Hash=00;Subject="";URI={identity}\n'
    ).encode()


def answers(**by_target: bytes | Answer | MeshError) -> dict[tuple[str, str, int, str], Any]:
    return {(NAMESPACE, POD, 8080, f"/fortio/fetch/echo-{target}.{NAMESPACE}:8080/debug"): answer for target, answer in by_target.items()}


WELL = answers(west=page("west"), north=page("north"))


def ask(cluster: FakeCluster, **params: Any) -> dict[str, Any]:
    known = {"provider": "istio", "targets": ["west", "north"], "requests": 3, "namespace": NAMESPACE, "trust_domain": "cluster.local", "wait_timeout": 60}
    return probe.reconcile(cluster, {**known, **params})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(work, "SystemClock", lambda: ticking)
    return ticking


def test_every_target_gives_its_answers_in_a_row(clock: Ticking) -> None:
    cluster = FakeCluster(pod(), answers=WELL)
    assert ask(cluster) == {"changed": False, "answers": {"west": 3, "north": 3}}
    assert (clock.passed, cluster.writes) == (0, [])


def test_some_clusters_are_asked_by_what_all_of_them_are(clock: Ticking) -> None:
    """A mesh may give each cluster a port by its place among all of them."""
    known: list[ProbeWish] = []
    real = provider("istio").health.probe
    cluster = FakeCluster(pod(), answers=WELL)
    with patch.object(provider("istio").stories.health, "probe", lambda wish: known.append(wish) or real(wish)):
        assert ask(cluster, targets=["west"], clusters=["east", "west", "north"])["answers"] == {"west": 3}
    assert [wish.targets for wish in known] == [("east", "west", "north")]


def test_a_fault_starts_the_count_of_its_target_anew(clock: Ticking) -> None:
    """Three good answers in a row are needed. Here a bad one comes after two good ones."""
    cluster = FakeCluster(pod(), answers=WELL)
    given = iter([page("west"), page("west"), Answer(503, b"reset"), *[page("west")] * 9])
    asked: list[str] = []
    plain = cluster.ask

    def flaky(namespace: str, name: str, port: int, path: str, *_rest: Any, **_how: Any) -> Answer:
        asked.append(path)
        if "echo-west" in path:
            cluster.answers.update(answers(west=next(given)))
        return plain(namespace, name, port, path)

    cluster.ask = flaky  # type: ignore[method-assign]
    assert ask(cluster)["answers"] == {"west": 3, "north": 3}
    assert (sum("echo-west" in path for path in asked), sum("echo-north" in path for path in asked)) == (6, 3)
    assert clock.passed > 0


def test_what_was_seen_instead_is_told_of_each_target_that_does_not_answer(clock: Ticking) -> None:
    cluster = FakeCluster(pod(), answers={**answers(west=page("east"), north=Unreachable("no port-forward.")), **answers(south=page("south"))})
    with pytest.raises(NotReady) as failed:
        ask(cluster, targets=["west", "north", "south"])
    assert str(failed.value) == (
        "east: these clusters did not answer over mTLS within 60 s: north: no port-forward.; west: the answer did not come from echo-west."
    )
    assert failed.value.facts["answers"] == {"west": 0, "north": 0, "south": 3}
    assert clock.passed >= 60


@pytest.mark.parametrize("pods", [
    pytest.param([], id="none"),
    pytest.param([pod(phase="Pending")], id="one that waits"),
    pytest.param([pod(deletionTimestamp="2026-08-27T12:00:00Z")], id="one that goes"),
])
def test_without_a_pod_that_runs_nobody_is_asked(pods: list[dict[str, Any]]) -> None:
    with pytest.raises(NotReady, match="s: north: the probe pod of east is not running; west: the probe pod of east is not running"):
        ask(FakeCluster(*pods, answers=WELL))


def test_a_pod_that_comes_later_is_asked(clock: Ticking) -> None:
    cluster = FakeCluster(answers=WELL)
    clock.meanwhile = lambda passed: passed == 5 and cluster.backend.seed(pod())
    assert ask(cluster)["answers"] == {"west": 3, "north": 3}


def test_of_several_pods_the_one_that_runs_is_asked() -> None:
    gone = pod("echo-east-0", deletionTimestamp="2026-08-27T12:00:00Z")
    assert ask(FakeCluster(gone, pod("echo-east-1", "Failed"), pod(), answers=WELL))["answers"] == {"west": 3, "north": 3}


def test_the_trust_domain_is_the_meshs() -> None:
    with pytest.raises(NotReady, match="another identity than spiffe://shop.example/"):
        ask(FakeCluster(pod(), answers=WELL), trust_domain="shop.example")


def test_check_mode_asks_nobody() -> None:
    cluster = FakeCluster(dry_run=True)
    assert ask(cluster) == {"changed": False, "answers": {"west": 0, "north": 0}}
    assert cluster.transport.requests == []
