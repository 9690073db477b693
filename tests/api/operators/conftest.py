# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-ins of tests/lab/operators as a program beside a real API server of their own, and what a watch sees there.

MESHOPS_ORIGINALS names the kubeconfig of another server instead, on which the originals run, OLM with the catalogue `demo` in the namespace `market`: then
test_as_the_original.py and test_sail.py ask them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import EXTENSIONS, GROUPS, SUBSCRIPTIONS
from ansible_collections.meshops.lifecycle.tests.lab.operators.played import playing
from ansible_collections.meshops.lifecycle.tests.unit.support import rbac
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran, ran
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT
from meshlab import apionly

ORIGINALS = Path(os.environ.get("MESHOPS_CRDS") or CHECKOUT.parent / "shared" / "crds")
SPACE, MARKET, PACKAGE, HOME = "operators", "market", "demo-operator", "olmv1-system"
V1, V2, V3 = (f"{PACKAGE}.v{version}" for version in ("1.0.0", "1.1.0", "1.2.0"))
WIDGET = {"group": "demo.example.com", "version": "v1", "kind": "Widget", "plural": "widgets"}
CRD = "widgets.demo.example.com"
WISH = {"name": PACKAGE, "namespace": SPACE, "channel": "stable", "source": "demo", "source_namespace": MARKET}
PATIENCE = 120.0
OTHERS = "MESHOPS_ORIGINALS"
SAIL = ("v1.31.0-beta.1", "v1.30.3")
Run = Callable[..., Ran]


@dataclass
class Market:
    """A cluster where OLM, or who plays it, runs. `context` is that of an administrator; the content of catalogues is ours only if OLM is played."""

    cluster: Cluster
    kubeconfig: str
    context: str
    played: bool = True

    def offer(self, **more: Any) -> None:
        """Say what the catalogue has."""
        told = {PACKAGE: {"channels": {"stable": [V1, V2, V3]}, "kinds": [WIDGET], "image": "demo:1", **more.pop("own", {})}, **more}
        data = {"catalog": yaml.safe_dump(told)}
        places = [MARKET, HOME] if self.played else []
        content = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "demo", "namespace": place}, "data": data} for place in places]
        self.cluster.apply(content, force=True)

    def withdraw(self) -> None:
        self.cluster.delete([Ref("v1", "ConfigMap", "demo", MARKET)])

    def list(self, kind: str, api: str = SUBSCRIPTIONS) -> list[dict[str, Any]]:
        return self.cluster.list(api, kind, SPACE)

    def states(self) -> list[str]:
        """What OLM last saw of each catalogue."""
        sources = self.cluster.list(SUBSCRIPTIONS, "CatalogSource", MARKET)
        return [((one.get("status") or {}).get("connectionState") or {}).get("lastObservedState", "") for one in sources]

    def phases(self) -> dict[str, str]:
        return {one["metadata"]["name"]: (one.get("status") or {}).get("phase", "") for one in self.list("ClusterServiceVersion")}

    def unapproved(self) -> list[list[str]]:
        return [one["spec"]["clusterServiceVersionNames"] for one in self.list("InstallPlan") if not one["spec"]["approved"]]

    def approved(self) -> list[list[str]]:
        plans = sorted(self.list("InstallPlan"), key=lambda one: one["spec"]["generation"])
        return [one["spec"]["clusterServiceVersionNames"] for one in plans if one["spec"]["approved"]]

    def subscribe(self, approval: str = "Manual", package: str = PACKAGE, name: str = "demo", **more: Any) -> None:
        spec = {"name": package, "channel": "stable", "source": "demo", "sourceNamespace": MARKET, "installPlanApproval": approval, **more}
        self.cluster.apply([{"apiVersion": SUBSCRIPTIONS, "kind": "Subscription", "metadata": {"name": name, "namespace": SPACE}, "spec": spec}])

    def group(self, name: str = "global") -> None:
        self.cluster.apply([{"apiVersion": GROUPS, "kind": "OperatorGroup", "metadata": {"name": name, "namespace": SPACE}, "spec": {}}])

    def approve(self) -> list[str]:
        """Approve the InstallPlan that waits, and return what it installs."""
        plan = self.until(lambda: next((one for one in self.list("InstallPlan") if not one["spec"]["approved"] and one.get("status")), None))
        self.cluster.amend(plan, {"spec": {"approved": True}})
        return list(plan["spec"]["clusterServiceVersionNames"])

    def until(self, seen: Callable[[], Any], what: str = "") -> Any:
        end = time.monotonic() + PATIENCE
        while not (found := seen()):
            assert time.monotonic() < end, f"{what or seen} did not come: {self.phases()}"
            time.sleep(0.05)
        return found

    def succeeded(self, csv: str) -> None:
        self.until(lambda: self.phases().get(csv) == "Succeeded", f"{csv} Succeeded")

    def sweep(self) -> None:
        """Take everything of OLM out of the namespace, and what the operator brought."""
        self.cluster.delete([Ref.of(one) for one in self.cluster.list(EXTENSIONS, "ClusterExtension")], wait=30)
        for kind, api in (("Subscription", SUBSCRIPTIONS), ("InstallPlan", SUBSCRIPTIONS), ("ClusterServiceVersion", SUBSCRIPTIONS), ("OperatorGroup", GROUPS)):
            self.cluster.delete([Ref.of(one) for one in self.list(kind, api)], wait=10)
        if self.cluster.serves("demo.example.com/v1", "Widget"):
            self.cluster.delete([Ref.of(one) for one in self.cluster.list("demo.example.com/v1", "Widget")], wait=10)
        self.cluster.delete([Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", CRD)], wait=10)
        self.until(lambda: not self.cluster.list("apps/v1", "Deployment", SPACE), "the end of the Deployment")


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A server of its own: with an OperatorGroup for all namespaces, the copies of a version would lie in each namespace of other tests."""
    if others := os.environ.get(OTHERS):
        yield Market(connect({"kubeconfig": others, "cluster": "east"}, environ={}), others, "", played=False)
        return
    with apionly.running("olm") as server:
        cluster = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": "east"}, environ={})
        cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (SPACE, MARKET, HOME)])
        here = Market(cluster, str(server.kubeconfig), server.context)
        plays = ("v0", "v1", "sail", "rollouts", "--retry", "0", "--versions", *SAIL)
        with playing(server.kubeconfig, tmp_path_factory.mktemp("standins") / "log", *plays, crds=ORIGINALS):
            last = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ztunnels.sailoperator.io")
            here.until(lambda: established(cluster.get(last)), "the kinds of the originals")
            here.cluster = cluster = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": "east"}, environ={})
            here.offer()
            source = {"sourceType": "grpc", "address": "demo:50051"}
            image = {"source": {"type": "Image", "image": {"ref": "registry.example.com/demo:1"}}}
            cluster.apply([{"apiVersion": SUBSCRIPTIONS, "kind": "CatalogSource", "metadata": {"name": "demo", "namespace": MARKET}, "spec": source},
                           {"apiVersion": EXTENSIONS, "kind": "ClusterCatalog", "metadata": {"name": "demo"}, "spec": image}])
            yield here


def established(crd: dict[str, Any] | None) -> bool:
    return any(one["type"] == "Established" and one["status"] == "True" for one in ((crd or {}).get("status") or {}).get("conditions") or ())


@pytest.fixture
def empty(market: Market) -> Market:
    """The market without a Subscription, with a catalogue that answers."""
    market.sweep()
    market.offer()
    market.until(lambda: set(market.states()) == {"READY"}, "a catalogue that answers")
    return market


@pytest.fixture(scope="session")
def account(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kubeconfig of an account with the ClusterRoles that docs/rbac.yml names for this job, and one for the operands of the test."""
    wanted = [role for role in rbac.roles() if role["metadata"]["name"].rpartition("lifecycle-")[2] in ("read", "operators", "operators-remove")]
    widgets = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "widgets"},
               "rules": [{"apiGroups": ["demo.example.com"], "resources": ["widgets"], "verbs": ["get", "list", "delete"]}]}  # fmt: skip
    who = {"kind": "ServiceAccount", "name": "installer", "namespace": "default"}
    bindings = [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": f"installer-{number}"}, "subjects": [who],
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"]}}
        for number, role in enumerate([*wanted, widgets])
    ]  # fmt: skip
    there = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "installer", "namespace": "default"}}
    market.cluster.apply([there, *wanted, widgets, *bindings])
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    path = "/api/v1/namespaces/default/serviceaccounts/installer/token"
    answer = market.cluster._server.transport.request("POST", path, body=request)
    assert answer.ok, answer.body
    config = yaml.safe_load(Path(market.kubeconfig).read_text("utf-8"))
    config["users"] = [{"name": one["name"], "user": {"token": answer.json()["status"]["token"]}} for one in config["users"]]
    file = tmp_path_factory.mktemp("account") / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture
def run(empty: Market, account: Path, tmp_path: Path) -> Run:
    """`run({…}, …, operator_state=…)`: the playbook with these packages, and options of the role."""

    def playbook(*packages: dict[str, Any], environ: dict[str, str] | None = None, **options: Any) -> Ran:
        inventory = tmp_path / "inventory.yml"
        kube = {"kubeconfig": str(account), **({"context": empty.context} if empty.context else {})}
        told = {"mesh_name": "shop", "mesh_kube": kube, "mesh_operators": [{**WISH, **one} for one in packages or [{"csv": V1}]]}
        inventory.write_text(yaml.safe_dump({"all": {"vars": told, "hosts": {"east": None}}}))
        return ran("operator", "-i", str(inventory), "-e", json.dumps({"operator_wait_timeout": 120, **options}), home=tmp_path, **(environ or {}))

    return playbook


def sentence(done: Ran) -> str:
    """What the run ended with."""
    assert done.code == 2, done.output
    return " ".join(done.output.split())
