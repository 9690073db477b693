# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of the Sail operator as a program on a real API server, in the order in which the operator after 1.30.3 was watched.

Istiod is a Deployment that nobody runs here; tests/lab/operators/on_the_lab has the real one. Where the CRDs of the original lie beside the checkout, each
status passes their schemas, and an unknown version is refused by their enumeration as it is by the original's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

from .conftest import ORIGINALS, Market
from .watching import watching

API = "sailoperator.io/v1"
PLURALS = {"Istio": "istios", "IstioRevision": "istiorevisions", "IstioRevisionTag": "istiorevisiontags"}
OLD, NEW = "default-v1-30-3", "default-v1-31-0-beta-1"
WELL = "Reconciled=True/Reconciled Ready=True/Ready DependenciesHealthy=True/DependenciesHealthy"


@pytest.fixture
def mesh(market: Market) -> Iterator[Market]:
    """The server where the operator is played, without anything of it before and after."""
    _swept(market)
    yield market
    _swept(market)


def _swept(market: Market) -> None:
    for kind in ("IstioRevisionTag", "Istio"):
        market.cluster.delete([Ref.of(one) for one in market.cluster.list(API, kind)], wait=20)
    market.until(lambda: market.cluster.list(API, "IstioRevision") == [], "the end of all revisions")


def put(cluster: Cluster, kind: str, spec: dict[str, Any], name: str = "default") -> None:
    cluster.apply([{"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}], force=True)


def space(cluster: Cluster, name: str, **labels: str) -> None:
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}], force=True)


def told(said: Any) -> str:
    """What counts in a status, in one line."""
    on = {one["type"]: f"{one['type']}={one['status']}" + (f"/{one['reason']}" if one.get("reason") else "") for one in said.get("conditions") or ()}
    kinds = [on[kind] for kind in ("Reconciled", "Ready", "DependenciesHealthy") if kind in on]
    return " ".join([said.get("state") or "-", said.get("activeRevisionName") or said.get("istioRevision") or "-", *kinds])


def test_install_move_collect_and_delete(mesh: Market) -> None:
    cluster, place = mesh.cluster, "api-sail"
    wish = {"version": "v1.30.3", "namespace": place, "updateStrategy": {"type": "RevisionBased", "inactiveRevisionDeletionGracePeriodSeconds": 1}}
    space(cluster, place)
    with watching(mesh.kubeconfig, mesh.context, API, PLURALS) as seen:

        def said(kind: str, name: str = "default") -> list[str]:
            return seen.lines(kind, name, told) or [""]

        put(cluster, "Istio", wish)
        mesh.until(lambda: said("Istio")[-1] == f"Healthy {OLD} {WELL}", "the first revision")
        put(cluster, "IstioRevisionTag", {"targetRef": {"kind": "Istio", "name": "default"}})
        space(cluster, "api-sail-shop", **{"istio.io/rev": "default"})
        mesh.until(lambda: said("IstioRevisionTag")[-1] == f"Healthy {OLD} Reconciled=True/Reconciled", "the tag in use")
        before = len(said("Istio"))
        put(cluster, "Istio", {**wish, "version": "v1.31.0-beta.1"})
        mesh.until(lambda: said("Istio")[-1] == f"Healthy {NEW} {WELL}", "the second revision")
        moved = said("Istio")[before:]
        assert moved[0] == f"- {NEW} Reconciled=Unknown Ready=Unknown DependenciesHealthy=Unknown", "neither generation nor state alone says ready"
        assert moved[1].startswith(f"IstiodNotReady {NEW}")
        mesh.until(lambda: said("IstioRevision", OLD)[-1] == "gone", "the end of the revision that nobody uses")
        assert said("IstioRevisionTag")[-1] == f"Healthy {NEW} Reconciled=True/Reconciled"
        _refusals(mesh, wish)
        cluster.delete([Ref(API, "Istio", "default")])
        mesh.until(lambda: said("IstioRevision", NEW)[-1] == "gone", "the end of a revision in use")
        mesh.until(lambda: said("IstioRevisionTag")[-1].startswith("RefNotFound"), "a tag that leads nowhere")
    assert cluster.list("apps/v1", "Deployment", place) == []


def _refusals(mesh: Market, wish: dict[str, Any]) -> None:
    """A version that nobody knows, one past its end of life, and the way back."""
    unknown = {**wish, "version": "v9.9.9"}
    if (ORIGINALS / "sail").is_dir():
        with pytest.raises(MeshError, match="v9.9.9"):  # the CRD of the original enumerates the versions
            put(mesh.cluster, "Istio", unknown)
    else:
        put(mesh.cluster, "Istio", unknown)

    def live() -> dict[str, Any]:
        return (mesh.cluster.get(Ref(API, "Istio", "default")) or {})["status"]

    def reconciled() -> str:
        return next(str(one.get("message")) for one in live()["conditions"] if one["type"] == "Reconciled")

    put(mesh.cluster, "Istio", {**wish, "version": "v1.27.0"})
    mesh.until(lambda: 'version "v1.27.0" is end-of-life' in reconciled(), "the refusal of an ended version")
    assert live()["state"] == "ReconcileError"
    assert live()["activeRevisionName"] == NEW
    put(mesh.cluster, "Istio", {**wish, "version": "v1.31.0-beta.1"})
    mesh.until(lambda: live().get("state") == "Healthy")


def test_a_namespace_that_is_missing_and_a_tag_named_like_a_revision(mesh: Market) -> None:
    put(mesh.cluster, "Istio", {"version": "v1.30.3", "namespace": "not-there"}, "nons")

    def condition(kind: str, name: str) -> dict[str, Any]:
        conditions = ((mesh.cluster.get(Ref(API, kind, name)) or {}).get("status") or {}).get("conditions") or ()
        return next((one for one in conditions if one["type"] == "Reconciled"), {})

    mesh.until(lambda: "namespace \"not-there\" doesn't exist" in condition("Istio", "nons").get("message", ""))
    _second_passed(mesh, Ref(API, "IstioRevision", "nons"))
    put(mesh.cluster, "IstioRevisionTag", {"targetRef": {"kind": "Istio", "name": "nothere"}}, "nons")
    mesh.until(lambda: condition("IstioRevisionTag", "nons").get("reason") == "NameAlreadyExists")


def _second_passed(mesh: Market, ref: Ref) -> None:
    """Of two objects with one name the older has it, and the time of creation has whole seconds: within one second, the uid decides by chance."""
    made = datetime.fromisoformat((mesh.cluster.get(ref) or {})["metadata"]["creationTimestamp"])
    mesh.until(lambda: (datetime.now(UTC) - made).total_seconds() > 1, "another second")
