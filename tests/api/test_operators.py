# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module operators and its playbook on a real API server, where the test plays OLM: support/olm.py says what each behaviour follows.

No OLM runs here, no catalogue is asked and no image is pulled. What is shown: what the run writes, what the API server takes of it, and that a run
goes on where another one was killed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators import extension
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import Package
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.seen import OperatorsSeen
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import SUBSCRIPTIONS
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.subscribed import decide
from ansible_collections.meshops.lifecycle.tests.unit.support.olm import MARKET, PACKAGE, SPACE, WIDGETS, Olm, definitions, manifest, plan, source
from ansible_collections.meshops.lifecycle.tests.unit.support.operator_stories import V1, WISH, OperatorStories, seeded
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ran
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

ORIGINALS = Path(os.environ.get("MESHOPS_CRDS") or CHECKOUT.parent / "shared" / "crds") / "olm"
DEMO = CHECKOUT / "inventories" / "ossm-demo" / "hosts.yml"
DEMO_SPACE, DEMO_MARKET = "openshift-operators", "openshift-marketplace"
PACKAGES = ("elasticsearch-operator", "jaeger-product", "kiali-ossm", "servicemeshoperator")


@pytest.fixture(scope="module")
def served(api_server: Any) -> Iterator[Cluster]:
    """A cluster of the server's own administrator that serves the kinds of OLM, and none of them afterwards."""
    cluster = connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "east"}, environ={})
    cluster.apply(definitions())
    yield cluster
    cluster.delete([*(Ref.of(one) for one in definitions()), Ref.of(WIDGETS)], wait=30)


class TestOnARealServer(OperatorStories):
    @pytest.fixture
    def admin(self, served: Cluster) -> Cluster:
        return served


def originals() -> list[dict[str, Any]]:
    """The CRDs of OLM itself where they lie beside the checkout, and for what does not our own, which take every field."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(ORIGINALS.glob("*.json"))]
    return list({one["metadata"]["name"]: one for one in (*definitions(), *found)}.values())


def test_what_a_run_writes_passes_the_originals_strictly(served: Cluster, admin: dict[str, Any]) -> None:
    OperatorStories.swept(served)
    served.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (SPACE, MARKET)])
    for one in originals():
        served.delete([Ref.of(one)], wait=30)
    served.apply(originals())
    fresh = connect(admin, environ={})
    try:
        package = Package.of({**WISH, "csv": V1, "targets": ["shop"]})
        written = [write.manifest for write in decide(package, [package], OperatorsSeen(namespaces=frozenset({SPACE}), sources=[source()])).writes]
        assert [one["kind"] for one in written] == ["OperatorGroup", "Subscription"]
        assert [change.action for change in fresh.apply(written)] == ["created", "created"]
        newer = Package.of({**WISH, "version": "1.0.0", "catalog": "operators", "service_account": "installer", "self_certified": True})
        assert [change.action for change in fresh.apply([extension.manifest(newer, None)])] == ["created"]
        seeded(fresh, plan(V1))
        live = fresh.get(Ref.of(plan(V1))) or {}
        assert (fresh.amend(live, {"spec": {"approved": True}}).after or {})["spec"]["approved"]
    finally:
        for one in originals():
            served.delete([Ref.of(one)], wait=30)
        served.apply(definitions())


def test_the_demos_subscriptions_are_installed_by_its_inventory(served: Cluster, admin: dict[str, Any], tmp_path: Path) -> None:
    cluster = connect(admin, environ={})
    OperatorStories.swept(served)
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (DEMO_SPACE, DEMO_MARKET)])
    seeded(cluster, source(name="redhat-operators", namespace=DEMO_MARKET))
    for name in PACKAGES:
        offered = manifest("1.0.0", name=name)
        offered["metadata"]["namespace"], offered["status"]["catalogSource"] = DEMO_MARKET, "redhat-operators"
        seeded(cluster, offered)
    olms, over = [Olm(cluster, package=name, space=DEMO_SPACE, versions=("1.0.0",)) for name in PACKAGES], threading.Event()

    def play() -> None:
        while not over.wait(0.05):
            for olm in olms:
                olm.turn()

    def run(*more: str) -> Any:
        kube = {"mesh_kube": {key: admin[key] for key in ("kubeconfig", "context")}}
        return ran("operator", "-i", str(DEMO), "--limit", "rosa", "-e", json.dumps(kube), *more, home=tmp_path)

    planned = run("-e", "operator_plan=true")
    assert planned.code == 0, planned.output
    assert f"apply Subscription {DEMO_SPACE}/jaeger-product" in planned.output
    assert cluster.list(SUBSCRIPTIONS, "Subscription") == []
    thread = threading.Thread(target=play)
    thread.start()
    try:
        first, second = run(), run()
    finally:
        over.set()
        thread.join()
    assert (first.code, second.code) == (0, 0), first.output + second.output
    assert (first.recap["rosa"].get("changed"), second.recap["rosa"].get("changed")) == (1, None), second.output
    specs = {one["spec"]["name"]: one["spec"] for one in cluster.list(SUBSCRIPTIONS, "Subscription", DEMO_SPACE)}
    told = {"channel": "stable", "source": "redhat-operators", "sourceNamespace": DEMO_MARKET, "installPlanApproval": "Automatic"}
    assert specs == {name: {"name": name, **told} for name in PACKAGES}
    assert "OpenShift Service Mesh 3 (servicemeshoperator3) is its successor" in first.output
    assert PACKAGE not in specs
