# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import control_plane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import crds

EAST = ControlPlane("east", "shop", network="on-prem", version="1.29.0", revision="stable", tags=["default", "prod"], namespace="istio-system")
EDGE = replace(EAST, cluster="edge", role="remote", primary="east", primary_address="192.0.2.10")


def values(wish: ControlPlane, chart: str) -> dict[str, Any]:
    return next(dict(release.values) for release in control_plane.releases(wish) if release.chart == chart)


def of_kind(manifests: list[dict[str, Any]], kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in manifests if each["kind"] == kind]


def test_what_is_shared_comes_before_the_control_plane() -> None:
    assert [release.name for release in control_plane.releases(EAST)] == ["istio-base", "istiod-stable"]


def test_on_openshift_the_network_plugin_comes_between_in_the_namespace_it_must_have() -> None:
    made = control_plane.releases(replace(EAST, platform="openshift"))
    assert [(release.namespace, release.name) for release in made] == [
        ("istio-system", "istio-base"), ("kube-system", "istio-cni"), ("istio-system", "istiod-stable"),
    ]


def test_a_primary_can_take_a_second_root_from_the_first_install() -> None:
    told = values(EAST, "istiod")
    assert told["env"] == {"ISTIO_MULTIROOT_MESH": "true"}
    assert told["meshConfig"]["defaultConfig"]["proxyMetadata"] == {"PROXY_CONFIG_XDS_AGENT": "true"}


@pytest.mark.parametrize(("serves", "told"), [(True, True), (False, None)])
def test_a_primary_that_serves_remotes_says_so(serves: bool, told: bool | None) -> None:
    assert values(replace(EAST, serves_remotes=serves), "istiod")["global"].get("externalIstiod") is told


def test_a_remote_is_led_to_its_primary() -> None:
    told = values(EDGE, "istiod")
    assert (told["profile"], told["global"]["remotePilotAddress"]) == ("remote", "192.0.2.10")
    assert told["istiodRemote"]["injectionPath"] == "/inject/cluster/edge/net/on-prem"
    assert told["configMap"] is True and told["meshConfig"]["trustDomain"] == EDGE.trust_domain, "the primary would expect cluster.local there"


@pytest.mark.parametrize("address", ["192.0.2.10", "gateway.example", "2001:db8::10"])
def test_a_remote_takes_an_address_of_its_primary_of_any_kind(address: str) -> None:
    assert values(replace(EDGE, primary_address=address, primary_given=True), "istiod")["global"]["remotePilotAddress"] == address


def test_a_remote_of_a_primary_with_a_host_name_only_is_refused_unless_the_inventory_names_it() -> None:
    told = r"^edge: the gateway of its primary east has only the address gw\.example, a host name.*or set mesh_primary_address"
    with pytest.raises(Refused, match=told):
        control_plane.releases(replace(EDGE, primary_address="gw.example"))


def test_a_remote_of_a_primary_behind_a_node_port_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=r"^edge: the gateway of its primary east has only the address 192\.0\.2\.10:31443, a node port"):
        control_plane.releases(replace(EDGE, primary_address="192.0.2.10:31443"))


def test_crds_that_belong_to_others_are_neither_installed_nor_removed() -> None:
    external = replace(EAST, crds="external")
    assert values(external, "base")["base"] == {"excludedCRDs": list(crds.CRDS)}
    assert "base" not in values(EAST, "base")
    assert of_kind(control_plane.leftovers(external), "CustomResourceDefinition") == []
    assert of_kind(control_plane.leftovers(EAST), "CustomResourceDefinition") == list(crds.CRDS)


def test_the_namespace_says_its_network_before_istiod_reads_it() -> None:
    space = control_plane.manifests(EAST)[0]
    assert space["metadata"] == {"name": "istio-system", "labels": {"topology.istio.io/network": "on-prem"}}


def test_the_namespace_of_a_remote_says_who_controls_it() -> None:
    assert control_plane.manifests(EDGE)[0]["metadata"]["annotations"] == {"topology.istio.io/controlPlaneClusters": "east"}


class TestTags:
    @staticmethod
    def tags(wish: ControlPlane) -> list[dict[str, Any]]:
        return [each for each in control_plane.manifests(wish) if each["kind"] == "MutatingWebhookConfiguration"]

    def test_each_is_a_webhook_that_istiod_knows_as_its_own(self) -> None:
        assert [(tag["metadata"]["name"], tag["metadata"]["labels"]["istio.io/rev"], tag["metadata"]["labels"]["istio.io/tag"]) for tag in self.tags(EAST)] == [
            ("istio-revision-tag-default", "stable", "default"), ("istio-revision-tag-prod", "stable", "prod"),
        ]

    def test_only_the_default_tag_answers_to_istio_injection(self) -> None:
        default, prod = self.tags(EAST)
        assert [hook["name"].split(".sidecar")[0] for hook in default["webhooks"]] == ["rev.namespace", "rev.object", "namespace", "object"]
        assert [hook["name"].split(".sidecar")[0] for hook in prod["webhooks"]] == ["rev.namespace", "rev.object"]

    @pytest.mark.parametrize(("wish", "service", "path"), [
        pytest.param(EAST, "istiod-stable", "/inject", id="a primary"),
        pytest.param(EDGE, "istiod-stable", "/inject/cluster/edge/net/on-prem", id="a remote"),
        pytest.param(replace(EAST, revision="default", tags=["prod"]), "istiod", "/inject", id="the default revision"),
    ])
    def test_the_revision_injects(self, wish: ControlPlane, service: str, path: str) -> None:
        told = {(hook["clientConfig"]["service"]["name"], hook["clientConfig"]["service"]["path"]) for tag in self.tags(wish) for hook in tag["webhooks"]}
        assert told == {(service, path)}

    def test_no_ca_is_written_so_that_istiods_stays(self) -> None:
        assert all("caBundle" not in hook["clientConfig"] for tag in self.tags(EAST) for hook in tag["webhooks"])

    @pytest.mark.parametrize("version", ["1.28.0", "1.28", "v1.31.3", "1.32.0-lab", "2.0.0", "", "latest", "dev"])
    def test_from_1_28_each_is_a_service_too_and_that_comes_first(self, version: str) -> None:
        made = [(each["kind"], each["metadata"]["labels"]["istio.io/tag"]) for each in control_plane.manifests(replace(EAST, version=version))[1:]]
        hook = "MutatingWebhookConfiguration"
        assert made == [("Service", "default"), ("Service", "prod"), (hook, "default"), (hook, "prod")]

    @pytest.mark.parametrize("version", ["1.27.9", "1.27", "v1.9.0"])
    def test_before_1_28_nobody_reads_such_a_service(self, version: str) -> None:
        assert of_kind(control_plane.manifests(replace(EAST, version=version)), "Service") == []

    @pytest.mark.parametrize(("revision", "selector"), [
        ("1-30", {"app": "istiod", "istio.io/rev": "1-30"}), ("default", {"app": "istiod", "istio": "pilot"}),
    ])
    def test_its_service_leads_to_the_revisions_pods_as_istioctl_makes_it(self, revision: str, selector: dict[str, str]) -> None:
        service = control_plane.manifests(replace(EAST, revision=revision, tags=["prod"]))[1]
        assert (service["metadata"]["name"], service["metadata"]["namespace"]) == ("istiod-revision-tag-prod", "istio-system")
        assert service["metadata"]["labels"]["istio.io/rev"] == revision
        assert service["spec"]["selector"] == selector
        assert [(port["port"], port.get("targetPort", port["port"])) for port in service["spec"]["ports"]] == [
            (15010, 15010), (15012, 15012), (443, 15017), (15014, 15014),
        ]

    def test_two_meshes_in_one_cluster_have_their_own(self) -> None:
        assert self.tags(replace(EAST, namespace="mesh"))[0]["metadata"]["name"] == "istio-revision-tag-default-mesh"


def test_what_is_left_over_holds_the_ca_and_the_token() -> None:
    left = control_plane.leftovers(EAST)
    assert set(of_kind(left, "Secret")) == {"cacerts", "istio-ca-secret", "istio-reader-service-account-istio-remote-secret-token"}
    assert "istio-ca-root-cert" not in of_kind(left, "ConfigMap"), "another revision may use it: see handed_out"
    assert of_kind(left, "MutatingWebhookConfiguration") == ["istio-revision-tag-default", "istio-revision-tag-prod"]


@pytest.mark.parametrize("version", ["1.27.0", "1.31.3"])
def test_both_halves_of_a_tag_go_whatever_version_made_them(version: str) -> None:
    left = control_plane.leftovers(replace(EAST, version=version))
    assert of_kind(left, "Service") == ["istiod-revision-tag-default", "istiod-revision-tag-prod"]


class TestValidation:
    """One of the revisions validates what users write."""

    def test_the_revision_is_only_proposed(self) -> None:
        base = control_plane.releases(EAST)[0]
        assert (base.values["defaultRevision"], base.shared) == ("stable", True)
        assert base.kept and (base.kept.value, str(base.kept.ref), base.kept.label) == (
            "defaultRevision", "ValidatingWebhookConfiguration istiod-default-validator", "istio.io/rev",
        )

    @pytest.mark.parametrize(("wish", "revision"), [
        pytest.param(replace(EAST, default_revision="1-29"), "1-29", id="mesh_default_revision"),
        pytest.param(replace(EAST, values={"base": {"defaultRevision": ""}}), "", id="the chart's own value"),
    ])
    def test_a_word_of_the_inventory_decides(self, wish: ControlPlane, revision: str) -> None:
        base = control_plane.releases(wish)[0]
        assert (base.values["defaultRevision"], base.kept) == (revision, None)

    def test_the_network_plugin_is_shared_too_and_istiod_is_not(self) -> None:
        made = control_plane.releases(replace(EAST, platform="openshift"))
        assert [release.shared for release in made] == [True, True, False]

    def test_a_name_that_is_none_is_refused(self) -> None:
        with pytest.raises(Refused, match="default revision"):
            ControlPlane.of({"cluster": "east", "mesh": "shop", "default_revision": "1.29"})
