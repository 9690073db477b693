# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A revision as objects of the operator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import control_plane, install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.control_plane import GRACE

WISH = ControlPlane("east", "shop", network="lan", version="1.30.3", revision="stable", tags=("default", "prod"), namespace="istio-system",
                    trust_domain="shop.example")
REMOTE = replace(WISH, cluster="edge", role="remote", primary="east", primary_address="192.0.2.10")


def test_a_primary_is_one_istio_with_what_a_rotation_needs() -> None:
    made = control_plane.istio(WISH)
    assert (made["apiVersion"], made["kind"], made["metadata"]["name"]) == ("sailoperator.io/v1", "Istio", "stable")
    assert made["spec"] == {
        "namespace": "istio-system",
        "version": "v1.30.3",
        "updateStrategy": {"type": "InPlace"},
        "values": {
            "global": {"meshID": "shop", "network": "lan", "multiCluster": {"clusterName": "east"}, "istioNamespace": "istio-system"},
            "meshConfig": {"trustDomain": "shop.example", "defaultConfig": {"proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "true"}}},
            "pilot": {"env": {"ISTIO_MULTIROOT_MESH": "true"}},
        },
    }


def test_a_revision_that_the_operator_names_is_kept_for_longer_than_its_half_minute() -> None:
    made = control_plane.istio(replace(WISH, revision="default-v1-30-3", tags=("prod",)))
    assert made["metadata"]["name"] == "default"
    assert made["spec"]["updateStrategy"] == {"type": "RevisionBased", "inactiveRevisionDeletionGracePeriodSeconds": GRACE}
    assert GRACE > 30


def test_without_a_version_the_operator_takes_its_own() -> None:
    assert "version" not in control_plane.istio(replace(WISH, version=""))["spec"]


def test_who_serves_remote_clusters_says_so() -> None:
    assert control_plane.istio(replace(WISH, serves_remotes=True))["spec"]["values"]["global"]["externalIstiod"] is True


def test_a_remote_cluster_knows_the_way_to_its_primary() -> None:
    spec = control_plane.istio(REMOTE)["spec"]
    values = spec["values"]
    assert spec["profile"] == "remote"
    assert (values["global"]["remotePilotAddress"], values["global"]["configCluster"]) == ("192.0.2.10", True)
    assert values["istiodRemote"] == {"injectionPath": "/inject/cluster/edge/net/lan"}
    assert "env" not in values["pilot"]
    assert control_plane.spaces(REMOTE)[0]["metadata"]["annotations"] == {"topology.istio.io/controlPlaneClusters": "east"}


def test_an_address_that_a_remote_cluster_cannot_use_is_refused() -> None:
    with pytest.raises(Refused, match=r"^edge: the gateway of its primary east has only the address 192\.0\.2\.1:30000, a node port"):
        control_plane.istio(replace(REMOTE, primary_address="192.0.2.1:30000"))


def test_in_a_remote_cluster_tags_are_webhooks_because_the_operator_makes_none() -> None:
    assert {one["kind"] for one in control_plane.tags(REMOTE)} == {"Service", "MutatingWebhookConfiguration"}
    (stage,) = [one for one in install.stages(REMOTE) if one.name == "tags"]
    assert list(stage.ready) == []


def test_a_tag_names_the_revision_and_not_the_istio() -> None:
    assert [(one["metadata"]["name"], one["spec"]) for one in control_plane.tags(WISH)] == [
        (name, {"targetRef": {"kind": "IstioRevision", "name": "stable"}}) for name in ("default", "prod")
    ]


def test_a_tag_with_the_name_of_an_istio_is_refused() -> None:
    with pytest.raises(Refused, match=r"^east: the tag default has the name of a revision"):
        control_plane.istio(replace(WISH, revision="default"))
    control_plane.istio(replace(WISH, revision="default-v1-30-3"))


@pytest.mark.parametrize(("change", "accounts"), [({}, 1), ({"revision": "default", "tags": ()}, 0)])
def test_the_operator_makes_the_reader_s_account_only_for_the_revision_default(change: dict[str, Any], accounts: int) -> None:
    made = [one for one in control_plane.spaces(replace(WISH, **change)) if one["kind"] == "ServiceAccount"]
    assert [one["metadata"]["name"] for one in made] == ["istio-reader-service-account"] * accounts


@pytest.mark.parametrize(("change", "there"), [({}, False), ({"platform": "openshift"}, True), ({"values": {"cni": {}}}, True)])
def test_the_network_plugin_is_always_there_on_openshift(change: dict[str, Any], there: bool) -> None:
    wish = replace(WISH, **change)
    assert ("network plugin" in [one.name for one in install.stages(wish)]) is there
    assert ("istio-cni" in [one["metadata"]["name"] for one in control_plane.spaces(wish)]) is there


def test_a_mirror_is_named_where_nodes_do_not_find_it_by_themselves() -> None:
    mirrored = replace(WISH, mirror={"images": "registry.example/"})
    assert control_plane.istio(mirrored)["spec"]["values"]["global"]["hub"] == "registry.example/istio"
    on_openshift = replace(mirrored, platform="openshift")
    assert "hub" not in control_plane.istio(on_openshift)["spec"]["values"]["global"]
    assert {one.upstream == one.taken for one in install.supplies(on_openshift)} == {True}
    assert [one.taken for one in install.supplies(mirrored)] == ["registry.example/istio/pilot:1.30.3", "registry.example/istio/proxyv2:1.30.3"]


def test_the_operator_is_judged_first_and_tags_come_last() -> None:
    names = [one.name for one in install.stages(replace(WISH, platform="openshift"))]
    assert names == ["operator", "namespaces", "network plugin", "revision", "tags", "entrance", "gateway"]
    first = install.stages(WISH)[0]
    assert first.then and not first.manifests


def test_what_uses_a_revision_is_asked_before_anything_goes() -> None:
    stages = install.teardown(replace(WISH, platform="openshift"))
    assert [one.name for one in stages] == ["users", "passage", "gateway", "tags", "revision", "network plugin", "what is left"]
    assert stages[0].then and not stages[0].manifests
    revision = next(one for one in stages if one.name == "revision")
    assert [(condition.ref.kind, condition.check) for condition in revision.ready] == [("Istio", "absent"), ("IstioRevision", "absent")]


@pytest.mark.parametrize("values", [{"cni": {"nonsense": 1}}, {"ztunnel": {"nonsense": 1}}, {"ztunnel": {"network": "other"}}], ids=str)
def test_values_of_the_agents_of_nodes_are_refused_with_the_stages(values: dict[str, Any]) -> None:
    """Preflight asks for the stages. A look that refuses later does so between two writes."""
    with pytest.raises(Refused, match=r"^east: mesh_values has (cni|ztunnel)\."):
        install.stages(replace(WISH, values=values))


def test_no_wrong_value_keeps_a_mesh_from_going() -> None:
    install.teardown(replace(WISH, values={"istiod": {"nonsense": 1}, "gateway": {"nonsense": 1}, "cni": {"nonsense": 1}, "ztunnel": {"nonsense": 1}}))


def test_the_reader_account_is_not_removed_with_the_revision_default() -> None:
    names = [one["metadata"]["name"] for stage in install.teardown(replace(WISH, revision="default", tags=())) for one in stage.manifests]
    assert "istio-reader-service-account" not in names
