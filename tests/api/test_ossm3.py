# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenShift Service Mesh 3 on a real API server, where the test plays the Sail operator: support/sail_operator.py says what it follows.

No operator runs here, and no istiod. What is shown: what a run writes, that the operator's own CRDs take it strictly where they lie beside the checkout,
that a second run writes nothing, and that a run goes on where another one was killed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import ambient, control_plane, gateways, values
from ansible_collections.meshops.lifecycle.tests.unit.support.sail import SPACE
from ansible_collections.meshops.lifecycle.tests.unit.support.sail_operator import definitions
from ansible_collections.meshops.lifecycle.tests.unit.support.sail_stories import BASED, WISH, SailStories
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

from .istio_crds import istio_crds

ORIGINALS = Path(os.environ.get("MESHOPS_CRDS") or CHECKOUT.parent / "shared" / "crds") / "sail"
FULL = {
    "istiod": {"env": {"A": "1"}, "resources": {"requests": {"cpu": "500m"}}, "autoscaleMin": 2, "meshConfig": {"accessLogFile": "/dev/stdout"}},
    "cni": {"excludeNamespaces": ["kube-system"]},
    "gateway": {"replicaCount": 2, "service": {"type": "NodePort"}, "podDisruptionBudget": {"minAvailable": 1}, "autoscaling": {"enabled": True}},
}
WISHES: dict[str, ControlPlane] = {
    "primary": WISH,
    "revision based": replace(BASED, serves_remotes=True),
    "remote": replace(WISH, cluster="edge", role="remote", primary="east", primary_address="192.0.2.10", tags=()),
    "values": replace(WISH, platform="", values=FULL, mirror={"images": "registry.example"}),
    "ambient": replace(WISH, platform="openshift", values={"ztunnel": {"logLevel": "debug", "global": {"logAsJson": True}}}),
    "no version": replace(WISH, version=""),
}


@pytest.fixture(scope="module")
def server(api_server: Any) -> Cluster:
    """A cluster of the server's own administrator with Istio's CRDs and the namespaces of a mesh."""
    cluster = connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "east"}, environ={})
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (SPACE, "istio-cni")]
    cluster.apply([*istio_crds().values(), *spaces], force=True)
    return cluster


def served(cluster: Cluster, crds: list[dict[str, Any]]) -> Iterator[Cluster]:
    """Serve these CRDs, and none of them afterwards."""
    cluster.apply(crds)
    yield cluster
    cluster.delete([Ref.of(one) for one in crds], wait=30)


@pytest.fixture(scope="class")
def free(server: Cluster) -> Iterator[Cluster]:
    """With CRDs of ours, which take every field."""
    yield from served(server, definitions())


class TestOnARealServer(SailStories):
    @pytest.fixture
    def admin(self, free: Cluster) -> Cluster:
        return free


def originals() -> list[dict[str, Any]]:
    """The operator's own CRDs where they lie beside the checkout, else ours, which take every field."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(ORIGINALS.glob("*.json"))]
    return found or definitions()


@pytest.fixture(scope="class")
def strict(server: Cluster) -> Iterator[Cluster]:
    yield from served(server, originals())


class TestAgainstTheOriginals:
    @pytest.mark.parametrize("name", WISHES)
    def test_what_a_run_writes_is_taken_strictly_and_once(self, strict: Cluster, name: str) -> None:
        wish = WISHES[name]
        made = [*control_plane.spaces(wish), control_plane.istio(wish), control_plane.cni(wish), *control_plane.tags(wish)]
        made += [gateways.service(wish, ""), *gateways.manifests(wish), *([ambient.manifest(wish)] if ambient.wanted(wish) else [])]
        gone = [Ref.of(one) for one in made if one["kind"] != "Namespace"]
        strict.delete(gone)
        try:
            first, second = strict.apply(made, force=True), strict.apply(made, force=True)
        finally:
            strict.delete(gone)
        assert {change.action for change in first} <= {"created", "updated", "unchanged"}
        assert {change.action for change in second} == {"unchanged"}

    def test_the_values_that_are_known_are_those_of_the_operator(self) -> None:
        """Against CRDs of ours this proves nothing: they take every field."""
        known = {one["spec"]["names"]["kind"]: _values(one) for one in originals()}
        if known["Istio"]:
            assert known["Istio"].keys() == values._TOP
            assert known["Istio"]["pilot"]["properties"].keys() - {"istiodRemote"} == values._PILOT
            assert known["IstioCNI"].keys() == values._CNI_TOP
            assert known["IstioCNI"]["cni"]["properties"].keys() == values._CNI
            assert known["ZTunnel"].keys() == ambient._TOP
            assert known["ZTunnel"]["ztunnel"]["properties"].keys() == ambient._ZTUNNEL | ambient._OWN


def _values(crd: dict[str, Any]) -> dict[str, Any]:
    (version,) = [one for one in crd["spec"]["versions"] if one["name"] == "v1"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    found: dict[str, Any] = (spec.get("properties") or {}).get("values", {}).get("properties", {})
    return found
