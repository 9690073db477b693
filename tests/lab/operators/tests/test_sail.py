# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of the Sail operator, turn by turn: what was seen of the operator after 1.30.3, and its traps."""

from __future__ import annotations

from typing import Any

import pytest
from standins.objects import Object, condition, made, name, spec, status

from .world import World, ns

PLAYS = frozenset({"sail", "rollouts"})
OLD, NEW = "default-v1-31-0", "default-v1-32-0"


def istio(version: str = "v1.31.0", called: str = "default", namespace: str = "istio-system", **strategy: Any) -> Object:
    return made("Istio", called, spec={"version": version, "namespace": namespace, "updateStrategy": {"type": "RevisionBased", **strategy}})


def tag(kind: str = "Istio", target: str = "default", called: str = "default") -> Object:
    return made("IstioRevisionTag", called, spec={"targetRef": {"kind": kind, "name": target}})


@pytest.fixture
def world() -> World:
    world = World()
    for one in (*ns("istio-system", "shop"), istio()):
        world.put(one)
    return world


def follows(world: World, revision: str = "default") -> None:
    world.put({**made("Namespace", "shop", labels={"istio.io/rev": revision})})


def said(world: World, kind: str, wanted: str, key: str) -> str:
    one = condition(world.get(kind, wanted) or {}, key)
    return f"{one.get('status')}/{one.get('reason', '')}"


def moved(world: World) -> None:
    """A mesh that a tag leads, on its way to the next version, until the target is well."""
    world.put(tag())
    follows(world)
    world.settle(plays=PLAYS)
    world.diary.clear()
    world.put(istio("v1.32.0"))
    world.settle(plays=PLAYS)


def test_from_nothing_to_a_revision_that_is_well(world: World) -> None:
    world.settle(plays=PLAYS)
    assert [line.partition(": ")[2] for line in world.said("Istio", "default")][1:] == [
        f"{OLD} Reconciled=Unknown Ready=Unknown DependenciesHealthy=Unknown",
        f"IstiodNotReady {OLD} Reconciled=True/Reconciled Ready=False/IstiodNotReady DependenciesHealthy=True/DependenciesHealthy",
        f"Healthy {OLD} Reconciled=True/Reconciled Ready=True/Ready DependenciesHealthy=True/DependenciesHealthy",
    ]
    live = world.get("Istio", "default") or {}
    assert status(live)["revisions"] == {"total": 1, "ready": 1, "inUse": 0}
    assert spec(world.get("IstioRevision", OLD) or {})["values"] == {"revision": OLD, "global": {"istioNamespace": "istio-system"}}
    assert said(world, "IstioRevision", OLD, "InUse") == "False/NotReferencedByAnything"


def test_a_passing_first_message_of_a_new_deployment(world: World) -> None:
    messages = []
    while world.turn(plays=PLAYS):
        if said_ := condition(world.get("IstioRevision", OLD) or {}, "Ready").get("message"):
            messages.append(said_)
    assert list(dict.fromkeys(messages)) == ["istiod Deployment is scaled to zero replicas", "not all istiod pods are ready"]


def test_after_a_change_of_version_neither_generation_nor_state_alone_says_ready(world: World) -> None:
    """The trap: the first status of the new generation has the new active revision, and of its conditions nothing."""
    moved(world)
    first = world.said("Istio", "default")[0]
    assert first == f"default: {NEW} Reconciled=Unknown Ready=Unknown DependenciesHealthy=Unknown"
    assert said(world, "Istio", "default", "Ready") == "True/Ready"
    assert status(world.get("IstioRevisionTag", "default") or {})["istioRevision"] == NEW


def test_a_revision_is_collected_when_its_grace_period_is_over_and_not_before(world: World) -> None:
    moved(world)
    assert sorted(name(one) for one in world.all("IstioRevision")) == [OLD, NEW]
    world.turn(seconds=28, plays=PLAYS)
    world.settle(plays=PLAYS)
    assert len(world.all("IstioRevision")) == 2
    world.turn(seconds=10, plays=PLAYS)
    world.settle(plays=PLAYS)
    assert [name(one) for one in world.all("IstioRevision")] == [NEW]
    assert [name(one) for one in world.all("Deployment")] == [f"istiod-{NEW}"]


@pytest.mark.parametrize("user", ["tag", "namespace", "pod", "injected"])
def test_what_is_used_stays_however_long(world: World, user: str) -> None:
    users = {
        "tag": tag("IstioRevision", OLD, "former"), "namespace": made("Namespace", "shop", labels={"istio.io/rev": OLD}),
        "pod": made("Pod", "one", "shop", {}, labels={"istio.io/rev": OLD}), "injected": made("Pod", "one", "shop", {}, annotations={"istio.io/rev": OLD}),
    }  # fmt: skip
    world.settle(plays=PLAYS)
    world.put(users[user])
    world.put(istio("v1.32.0"))
    world.settle(plays=PLAYS)
    world.turn(seconds=1000, plays=PLAYS)
    world.settle(plays=PLAYS)
    assert said(world, "IstioRevision", OLD, "InUse") == "True/ReferencedByWorkloads"


def test_in_place_the_revision_keeps_the_name_of_the_istio(world: World) -> None:
    world.remove("Istio", "default")
    world.put(istio(type="InPlace"))
    world.settle(plays=PLAYS)
    world.put(istio("v1.32-latest", type="InPlace"))
    world.settle(plays=PLAYS)
    (revision,) = world.all("IstioRevision")
    assert (name(revision), spec(revision)["version"], spec(revision)["values"]["revision"]) == ("default", "v1.32.0", "")
    assert [name(one) for one in world.all("Deployment")] == ["istiod"]


def test_a_value_that_is_taken_out_of_an_istio_goes_from_its_revision(world: World) -> None:
    live = istio()
    live["spec"]["values"] = {"pilot": {"replicas": 2, "env": {"A": "1"}}, "global": {"logLevel": "debug"}}
    world.put(live)
    world.settle(plays=PLAYS)
    live["spec"]["values"] = {"pilot": {"env": {"B": "2"}}}
    world.put(live)
    world.settle(plays=PLAYS)
    wanted = {"revision": OLD, "global": {"istioNamespace": "istio-system"}, "pilot": {"env": {"B": "2"}}}
    assert spec(world.get("IstioRevision", OLD) or {})["values"] == wanted


@pytest.mark.parametrize(("version", "why"), [
    ("v1.27.0", 'version "v1.27.0" is end-of-life and cannot be installed; use a supported version'),
    ("v9.9.9", 'failed to resolve Istio version for "default"'),
])  # fmt: skip
def test_a_version_that_cannot_be_installed_ends_in_an_error_and_changes_nothing(world: World, version: str, why: str) -> None:
    world.settle(plays=PLAYS)
    world.put(istio(version))
    world.settle(plays=PLAYS)
    live = world.get("Istio", "default") or {}
    assert (status(live)["state"], status(live)["activeRevisionName"]) == ("ReconcileError", OLD)
    assert why in condition(live, "Reconciled")["message"]
    assert [name(one) for one in world.all("IstioRevision")] == [OLD]


def test_a_namespace_that_is_missing_and_a_tag_named_like_a_revision(world: World) -> None:
    world.put(istio(called="nons", namespace="not-there", type="InPlace"))
    world.settle(plays=PLAYS)
    live = world.get("Istio", "nons") or {}
    assert condition(live, "Reconciled")["message"] == 'error reconciling resource: validation error: namespace "not-there" doesn\'t exist'
    assert said(world, "Istio", "nons", "Ready") == "False/IstiodNotReady"
    world.put(tag(target="nothere", called="nons"))
    world.settle(plays=PLAYS)
    assert said(world, "IstioRevisionTag", "nons", "Reconciled") == "False/NameAlreadyExists"
    assert said(world, "IstioRevisionTag", "nons", "InUse") == "Unknown/UsageCheckFailed"


def test_nobody_stops_the_deletion_of_an_istio_in_use(world: World) -> None:
    moved(world)
    world.remove("Istio", "default")
    world.settle(plays=PLAYS)
    assert world.all("IstioRevision") == []
    live = world.get("IstioRevisionTag", "default") or {}
    assert (status(live)["state"], status(live)["istioRevision"]) == ("RefNotFound", NEW)
    assert said(world, "IstioRevisionTag", "default", "InUse") == "True/ReferencedByWorkloads"


def test_a_revision_with_the_cni_plugin_waits_for_it(world: World) -> None:
    live = istio()
    live["spec"]["values"] = {"pilot": {"cni": {"enabled": True}}}
    world.put(live)
    world.put(ns("istio-cni")[0])
    world.settle(plays=PLAYS)
    assert said(world, "Istio", "default", "DependenciesHealthy") == "False/IstioCNINotFound"
    world.put(made("IstioCNI", "default", spec={"version": "v1.31.0", "namespace": "istio-cni"}))
    world.settle(plays=PLAYS)
    assert status(world.get("Istio", "default") or {})["state"] == "Healthy"


def test_ambient_mode_waits_for_ztunnel_and_openshift_for_the_cni_plugin(world: World) -> None:
    """The dependencies of a revision come from its profile and its platform, whoever sets them."""
    world.put({**istio(), "spec": {**istio()["spec"], "profile": "openshift-ambient"}})
    for one in ns("istio-cni", "ztunnel"):
        world.put(one)
    world.settle(plays=PLAYS)
    assert said(world, "Istio", "default", "DependenciesHealthy") == "False/IstioCNINotFound"
    world.put(made("IstioCNI", "default", spec={"version": "v1.31.0", "namespace": "istio-cni"}))
    world.settle(plays=PLAYS)
    assert said(world, "Istio", "default", "DependenciesHealthy") == "False/ZTunnelNotFound"
    ref = {"kind": "Istio", "name": "default"}
    world.put(made("ZTunnel", "default", spec={"version": "v1.31.0", "namespace": "ztunnel", "targetRef": ref}))
    world.settle(plays=PLAYS)
    assert status(world.get("Istio", "default") or {})["state"] == "Healthy"
    assert status(world.get("ZTunnel", "default") or {})["istioRevision"] == OLD


@pytest.mark.parametrize(("told", "why"), [
    ({"version": "v1.27.0"}, 'error reconciling resource: validation error: version "v1.27.0" is end-of-life'),
    ({"version": "v9.9.9"}, 'error reconciling resource: failed to resolve ZTunnel version: version "v9.9.9" not found'),
    ({"namespace": "not-there"}, 'error reconciling resource: validation error: namespace "not-there" doesn\'t exist'),
    ({"targetRef": {"kind": "Istio", "name": "nobody"}}, 'error reconciling resource: Istio.sailoperator.io "nobody" not found'),
    ({"targetRef": {"kind": "IstioRevision", "name": "nobody"}}, 'error reconciling resource: IstioRevision.sailoperator.io "nobody" not found'),
])  # fmt: skip
def test_what_is_wrong_with_a_ztunnel(world: World, told: dict[str, Any], why: str) -> None:
    world.put(ns("ztunnel")[0])
    world.put(made("ZTunnel", "default", spec={"version": "v1.31.0", "namespace": "ztunnel", **told}))
    world.settle(plays=PLAYS)
    assert condition(world.get("ZTunnel", "default") or {}, "Reconciled")["message"].startswith(why)
    assert (said(world, "ZTunnel", "default", "Ready"), status(world.get("ZTunnel", "default") or {})["state"]) == ("False/DaemonSetNotReady", "ReconcileError")


def test_of_two_of_one_second_with_one_name_one_has_it(world: World) -> None:
    """Times have seconds only, and a revision and a tag of one name would each give way to the other."""
    stamp = {"creationTimestamp": "2026-11-28T00:00:00Z"}
    values = {"revision": "same", "global": {"istioNamespace": "istio-system"}}
    revision = made("IstioRevision", "same", spec={"version": "v1.31.0", "namespace": "istio-system", "values": values}, **stamp)
    world.put(revision)
    world.put({**tag("IstioRevision", OLD, "same"), "metadata": {"name": "same", **stamp}})
    world.settle(plays=PLAYS)
    taken = [said(world, kind, "same", "Reconciled") for kind in ("IstioRevision", "IstioRevisionTag")]
    assert sorted(taken) == ["False/NameAlreadyExists", "True/Reconciled"]


def test_a_revision_for_everybody_is_in_use(world: World) -> None:
    world.remove("Istio", "default")
    world.put({**istio(type="InPlace"), "spec": {**istio(type="InPlace")["spec"], "values": {"sidecarInjectorWebhook": {"enableNamespacesByDefault": True}}}})
    world.settle(plays=PLAYS)
    assert said(world, "IstioRevision", "default", "InUse") == "True/ReferencedByWorkloads"
