# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control planes of the target that were there before the target was in the other cluster are restarted, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import CutoverWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.prepare import let_know
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.step_request import CutoverRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover.write import CutoverWork
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SYSTEM, REV = "istio-system", "istio.io/rev"


def istiod(revision: str) -> list[dict[str, Any]]:
    labels = {"app": "istiod", REV: revision}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"istiod-{revision}-1", "namespace": SYSTEM, "labels": labels},
           "status": {"phase": "Running", "containerStatuses": [{"ready": True}]}}  # fmt: skip
    meta = {"name": f"istiod-{revision}", "namespace": SYSTEM, "labels": labels}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "discovery", "image": "pilot"}]}}
    return [pod, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1, "template": template}}]


class Estate:
    """East, whose istiod of green began too early, and knows better so many looks after it was restarted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, looks: int = 2, dry_run: bool = False, early: bool = True) -> None:
        self.cluster, self.clock = FakeCluster(*istiod("blue"), *istiod("green"), dry_run=dry_run), Ticking()
        self.looks, self.early = looks, early
        monkeypatch.setattr(self.cluster, "ask", self.ask)
        request = CutoverRequest("istio", SYSTEM, "prepare", Aim("green", "blue"), CutoverWish(), 0, (), (), timeout=300)
        self.work = CutoverWork(self.cluster, PROVIDERS["istio"].cutover, request, None, self.clock)  # type: ignore[arg-type]

    @property
    def restarted(self) -> list[str]:
        return [write for write in self.cluster.writes if "Deployment" in write or "deployments" in write]

    def ask(self, _namespace: str, pod: str, _port: int, path: str, *_rest: Any, **_how: Any) -> Answer:
        assert path == "/debug/endpointShardz"
        domain = "shop.example"
        if self.early and pod == "istiod-green-1":
            if self.restarted:
                self.looks -= 1
            domain = "cluster.local" if self.looks >= 0 else domain
        shards = {"Kubernetes/west": [{"ServiceAccount": f"spiffe://{domain}/ns/shop/sa/orders"}]}
        return Answer(200, json.dumps({"orders.shop.svc": {"shop": {"Shards": shards}}}).encode())


def test_an_istiod_that_began_too_early_is_restarted_once_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch)
    let_know(estate.work)
    assert (len(estate.restarted), [str(change.ref) for change in estate.work.changes]) == (1, ["Deployment istio-system/istiod-green"])
    assert (estate.work.notices, estate.looks) == ([], -1) and estate.clock.passed > 0
    let_know(estate.work)
    assert len(estate.restarted) == 1, "the second time nothing is left to do"


def test_one_that_knows_the_same_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch, early=False)
    let_know(estate.work)
    assert (estate.restarted, estate.work.notices, estate.clock.passed) == ([], [], 0)


def test_one_that_stays_mistaken_is_told_and_check_mode_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "control planes of green do not know other clusters as those of blue do: it expects workloads of west in the trust domain cluster.local, and the"
    for estate, restarts, seconds in ((Estate(monkeypatch, looks=1000), 1, 60), (Estate(monkeypatch, dry_run=True), 0, 0)):
        let_know(estate.work)
        assert estate.work.notices == [f"{said} former revision in shop.example"]
        assert len(estate.restarted) == restarts and seconds <= estate.clock.passed < seconds + 5


def test_who_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch)

    def silent(*_asked: Any, **_how: Any) -> Answer:
        raise Unreachable("no port-forward.")

    monkeypatch.setattr(estate.cluster, "ask", silent)
    let_know(estate.work)
    assert (estate.restarted, estate.work.notices) == ([], [])
