# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for objects of a real API server; the tests play the controllers."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, namespace

from .conftest import Play, Step

_NUMBERS = itertools.count(1)


@pytest.fixture
def cluster(admin):
    return connect(admin, environ={})


@pytest.fixture
def place(cluster):
    name = f"waiting-{next(_NUMBERS)}"
    cluster.apply([namespace(name)])
    return name


def deployment(place: str, image: str = "web:1") -> dict[str, Any]:
    labels = {"app": "web"}
    spec: dict[str, Any] = {"selector": {"matchLabels": labels}}
    spec["template"] = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": place}, "spec": spec}


def report(cluster: Any, place: str, available: str, observed: int) -> None:
    """Report a status as the controller of a Deployment would."""
    told = {"type": "Available", "status": available, "reason": "Counted", "message": f"seen {observed}"}
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    status = {"observedGeneration": observed, "conditions": [told], **(counts if available == "True" else {})}
    path = f"/apis/apps/v1/namespaces/{place}/deployments/web/status"
    answer = cluster._server.transport.request("PATCH", path, body={"status": status}, content_type="application/merge-patch+json")
    assert answer.ok, answer.body


def warn(cluster: Any, ref: Ref, message: str) -> None:
    about = {"apiVersion": ref.api_version, "kind": ref.kind, "name": ref.name, "namespace": ref.namespace}
    place = ref.namespace or "default"
    meta = {"name": f"{ref.name}.{next(_NUMBERS)}", "namespace": place}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": about, "type": "Warning", "reason": "Sync", "message": message}
    assert cluster.create({**event, "lastTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})


def test_an_earlier_generation_does_not_count(cluster, place):
    cluster.apply([deployment(place)])
    report(cluster, place, "True", 1)
    ref = Ref.of(deployment(place))
    asked = [
        Condition(ref, "condition", "Available"),
        Condition(ref, "rollout"),
        Condition(ref, "field", path="status.conditions[type=Available].status", value="True"),
    ]
    cluster.settle(asked, 0)
    cluster.apply([deployment(place, "web:2")])
    for one in asked:
        with pytest.raises(NotReady, match="an earlier generation|has not seen the change"):
            cluster.settle([one], 0)
    threading.Timer(0.5, report, (cluster, place, "True", 2)).start()
    cluster.settle(asked, 10)


def test_many_at_once_end_when_the_last_is_there(cluster, place):
    wishes = [config_map(place, f"c{number}", a="1") for number in range(30)]
    cluster.apply(wishes[:-1])
    threading.Timer(0.5, cluster.apply, ([wishes[-1]],)).start()
    start = time.monotonic()
    cluster.settle([Condition(Ref.of(wish), "field", path="data.a", value="1") for wish in wishes], 10)
    assert 0.4 < time.monotonic() - start < 5


def entry(wish: dict[str, Any], **asked: Any) -> dict[str, Any]:
    ref = Ref.of(wish)
    return {"api_version": ref.api_version, "kind": ref.kind, "name": ref.name, "namespace": ref.namespace, **asked}


def waits(*manifests: dict[str, Any], check: bool = False, **options: Any) -> Step:
    return Step("mesh_config", {"manifests": list(manifests), "wait_timeout": 1, **options}, check)


def test_the_option(play: Play, cluster, place):
    """The message has the last condition and the warnings of each object that is not ready, cluster-scoped ones too."""
    web, held, settings = deployment(place), config_map(place, "held"), config_map(place, a="1")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    cluster.apply([web, held])
    cluster.delete([Ref.of(held)])
    report(cluster, place, "False", 1)
    warn(cluster, Ref.of(web), "quota exceeded")
    warn(cluster, Ref("v1", "Namespace", place), "no room")
    late = [
        entry(web, field={"path": "status.readyReplicas"}),
        entry(web, condition={"type": "Available"}),
        entry(held, absent=True),
        entry({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}}, field={"path": "metadata.labels.ready"}),
    ]
    met = [
        entry(settings, field={"path": "data.a", "value": 1}),
        entry(settings, field={"path": "metadata.finalizers", "absent": True}),
        entry(web, condition={"type": "Available", "status": "False", "reason": "Counted"}),
        entry(config_map(place, "nothing"), absent=True),
        entry(settings),
    ]
    done, failed, checked, unwaited, wrong = play(
        waits(settings, wait_for=met),
        waits(settings, wait_for=[*met, *late]),
        waits(settings, wait_for=late, check=True),
        waits(settings, wait_for=late, wait=False),
        waits(settings, wait_for=[entry(settings, rollout=True)]),
    ).results
    assert done["changed"]
    assert not checked.get("failed")
    assert not unwaited.get("failed")
    assert wrong["failed"] and "wait_for supports a rollout of" in wrong["msg"]
    assert failed["msg"] == (
        f"east: not ready after 1 s: Deployment {place}/web: status.readyReplicas is not set (Available is False (Counted: seen 1); "
        f"last warning: Sync: quota exceeded); Deployment {place}/web: Available is False (Counted: seen 1) (last warning: Sync: quota exceeded); "
        f"ConfigMap {place}/held: its deletion waits for example.com/hold; Namespace {place}: metadata.labels.ready is not set "
        "(last warning: Sync: no room)."
    )
