# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventories have all that the roles need, and the roles can plan from them without a cluster."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.inventory_wish import of_inventory
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.tests.unit.support.rendering import planned
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

EXAMPLE = CHECKOUT / "inventories/example"
VAULT = EXAMPLE / "group_vars/shop/vault.yml.example"
VARIABLE = re.compile(r"(?<![\w.])mesh_[a-z_]+")
CLUSTERS = ("aro-eu", "gke-eu", "ocp-dc1", "rosa-eu")
ALL = "groups['all'] | meshops.lifecycle"
MEMBER = "(hostvars, inventory_hostname)"
NAMES = "query('varnames', '^mesh_', '^inventory_dir$')"
EXPRESSIONS = {
    "groups": "group_names",
    "variables": f"dict({NAMES} | zip(query('vars', *{NAMES})))",
    "connection": f"{ALL}.mesh_connection{MEMBER}",
    "control_plane": "__control_plane_plan.stages | map(attribute='releases') | flatten",
    "tags": "__control_plane_plan.stages | selectattr('manifests', 'defined') | map(attribute='manifests') | flatten",
    "wish": "__control_plane_wish",
    "gateways": "__gateways_plan.stages | map(attribute='releases') | flatten",
    "passages": "__gateways_plan.stages | selectattr('manifests', 'defined') | map(attribute='manifests') | flatten",
    "links": f"{ALL}.mesh_links{MEMBER}",
    "expected": f"{ALL}.mesh_expected{MEMBER}",
    "topology": f"{ALL}._topology{MEMBER}",
    "root": f"{ALL}.mesh_root(hostvars, trust_root, trust_cluster)",
    "rights": "__preflight_questions.permissions",
}
ROLES = ["preflight", "trust", "control_plane", "gateways"]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return planned(EXAMPLE, ROLES, EXPRESSIONS, tmp_path_factory.mktemp("plan"))


def by_name(releases: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {release["name"]: release for release in releases}


def test_the_clusters_are_in_groups_for_mesh_site_revision_and_platform(estate: dict[str, Any]) -> None:
    assert {name: plan["groups"] for name, plan in estate.items()} == {
        "ocp-dc1": ["dc1", "openshift", "revision_1_30", "shop"],
        "rosa-eu": ["eu_cloud", "openshift", "revision_1_31", "shop"],
        "aro-eu": ["eu_cloud", "openshift", "revision_1_31", "shop"],
        "gke-eu": ["eu_cloud", "revision_1_31", "shop"],
    }


@pytest.mark.parametrize("cluster", CLUSTERS)
class TestEveryCluster:
    def test_is_pinned_and_without_fault(self, estate: dict[str, Any], cluster: str) -> None:
        member = Member.of(cluster, estate[cluster]["variables"])
        assert member.faults() == []
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", member.cluster_uid)

    def test_is_reached_as_its_own_variables_say(self, estate: dict[str, Any], cluster: str) -> None:
        connection = estate[cluster]["connection"]
        assert (connection["cluster"], connection["cluster_uid"]) == (cluster, estate[cluster]["variables"]["mesh_cluster_uid"])
        assert set(connection) - {"cluster", "cluster_uid"} in ({"kubeconfig", "context"}, {"host", "api_key"})

    def test_gets_charts_and_tags_of_its_revision(self, estate: dict[str, Any], cluster: str) -> None:
        revision = estate[cluster]["variables"]["mesh_revision"]
        plugin = [] if cluster == "gke-eu" else ["istio-cni"]
        assert list(by_name(estate[cluster]["control_plane"])) == ["istio-base", *plugin, f"istiod-{revision}"]
        tags = [one["metadata"]["name"] for one in estate[cluster]["tags"] if one["kind"] == "MutatingWebhookConfiguration"]
        assert tags == ["istio-revision-tag-default", "istio-revision-tag-stable"]

    def test_gets_a_gateway_for_its_network(self, estate: dict[str, Any], cluster: str) -> None:
        values = by_name(estate[cluster]["gateways"])["istio-eastwestgateway"]["values"]
        assert values["networkGateway"] == estate[cluster]["variables"]["mesh_network"]
        assert values["autoscaling"] == {"minReplicas": 2}

    def test_takes_the_root_out_of_the_vault(self, estate: dict[str, Any], cluster: str) -> None:
        assert estate[cluster]["root"] == {
            "source": "inline",
            "certificate": yaml.safe_load(VAULT.read_text("utf-8"))["vault_shop_root_certificate"],
            "private_key": yaml.safe_load(VAULT.read_text("utf-8"))["vault_shop_root_private_key"],
        }

    def test_sees_all_others_unless_it_is_a_remote(self, estate: dict[str, Any], cluster: str) -> None:
        others = [] if cluster == "gke-eu" else sorted(set(CLUSTERS) - {cluster})
        assert sorted(link["name"] for link in estate[cluster]["links"]) == others
        assert sorted(estate[cluster]["expected"]["remotes"]) == others
        assert estate[cluster]["topology"]["gateway"]

    def test_has_its_rights_asked_for(self, estate: dict[str, Any], cluster: str) -> None:
        assert {"verb", "group", "resource"} <= set(estate[cluster]["rights"][0])


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_is_looked_at_beforehand_is_what_the_roles_install(estate: dict[str, Any], cluster: str) -> None:
    """Preflight and the list for a mirror make the same wish as the roles. Only the address of a primary is not known yet."""
    plan = estate[cluster]
    beforehand, installed = of_inventory(cluster, plan["variables"], PROVIDERS["istio"].defaults), ControlPlane.of(plan["wish"])
    assert replace(beforehand, primary_address="", serves_remotes=False) == replace(installed, primary_address="", serves_remotes=False)


class TestLayers:
    """Variables of a site override those of the mesh, and variables of a cluster override both."""

    def test_of_values(self, estate: dict[str, Any]) -> None:
        istiod = by_name(estate["ocp-dc1"]["control_plane"])["istiod-1-30"]["values"]
        assert (istiod["autoscaleMin"], istiod["global"]["hub"]) == (2, "registry.dc1.example/istio")
        gateway = by_name(estate["ocp-dc1"]["gateways"])["istio-eastwestgateway"]["values"]
        assert (gateway["autoscaling"]["minReplicas"], gateway["service"]["type"]) == (2, "NodePort")

    def test_of_charts(self, estate: dict[str, Any]) -> None:
        assert by_name(estate["ocp-dc1"]["control_plane"])["istio-base"]["chart"] == "oci://registry.dc1.example/istio/charts/base"
        base = by_name(estate["rosa-eu"]["control_plane"])["istio-base"]
        assert (base["chart"], base["version"]) == ("base", "1.31.3")
        assert base["repository"].startswith("https://")

    def test_of_platforms(self, estate: dict[str, Any]) -> None:
        told = {name: plan["control_plane"][-1]["values"]["global"]["platform"] for name, plan in estate.items()}
        assert told == {"aro-eu": "openshift", "gke-eu": "gke", "ocp-dc1": "openshift", "rosa-eu": "openshift"}


def test_the_remote_is_led_to_its_primary_which_lets_it_in(estate: dict[str, Any]) -> None:
    assert (estate["gke-eu"]["wish"]["role"], estate["gke-eu"]["wish"]["primary"]) == ("remote", "aro-eu")
    opened = {name: [one["metadata"]["name"] for one in plan["passages"]] for name, plan in estate.items()}
    assert "istiod-gateway" in opened["aro-eu"]
    assert "istiod-gateway" not in opened["rosa-eu"] + opened["ocp-dc1"] + opened["gke-eu"]


def test_a_cluster_behind_a_bastion_is_linked_by_the_address_that_pods_reach(estate: dict[str, Any]) -> None:
    servers = {link["name"]: link["server"] for link in estate["rosa-eu"]["links"]}
    assert servers == {"aro-eu": "", "gke-eu": "", "ocp-dc1": "https://api.ocp.dc1.example:6443"}


# What a run leaves behind under such a name is nothing that an inventory says.
ARTIFACTS = {
    "mesh_status", "mesh_estate", "mesh_certificates", "mesh_cutover", "mesh_cutover_plan", "mesh_rotation", "mesh_rotation_plan",
    "mesh_preflight", "mesh_install", "mesh_verify", "mesh_lint",
}  # fmt: skip


class TestTexts:
    def test_the_readme_describes_every_variable_and_no_other(self) -> None:
        readers = [
            *CHECKOUT.glob("roles/*/[dtv]*/*.yml"), *CHECKOUT.glob("playbooks/*.yml"), *CHECKOUT.glob("inventories/*/**/*.yml"),
            CHECKOUT / "plugins/module_utils/_mesh/member.py", CHECKOUT / "plugins/module_utils/_mesh/connection.py",
        ]  # fmt: skip
        used = {name for path in readers for name in VARIABLE.findall(path.read_text("utf-8"))} - ARTIFACTS
        described = re.findall(r"^\| `(mesh_\w+)` \|", (EXAMPLE / "README.md").read_text("utf-8"), re.MULTILINE)
        assert sorted(described) == sorted(used)

    def test_the_vault_holds_placeholders_for_every_secret_that_is_asked_for(self) -> None:
        asked = {name for path in EXAMPLE.rglob("*.yml") for name in re.findall(r"\bvault_\w+", path.read_text("utf-8"))}
        given = yaml.safe_load(VAULT.read_text("utf-8"))
        assert set(given) == asked
        assert all(value.startswith("PLACEHOLDER") for value in given.values())


def test_the_lab_can_be_planned_too(tmp_path: Any) -> None:
    lab = planned(CHECKOUT / "inventories/lab", ["control_plane"], {"releases": EXPRESSIONS["control_plane"]}, tmp_path)
    assert {name: list(by_name(plan["releases"])) for name, plan in lab.items()} == {
        "east": ["istio-base", "istiod-stable"],
        "west": ["istio-base", "istiod-stable"],
    }


@pytest.mark.parametrize(("file", "kinds"), [("peering", {"east": "peer", "west": "peer"}), ("federation", {"east": "primary", "west": "secondary"})])
def test_the_lab_of_consul_can_be_planned_too(tmp_path: Any, file: str, kinds: dict[str, str]) -> None:
    stages = {"stages": "__control_plane_plan.stages | selectattr('manifests', 'defined') | map(attribute='manifests') | flatten"}
    lab = planned(CHECKOUT / f"inventories/lab-consul/{file}.yml", ["control_plane"], stages, tmp_path)
    servers = {name: next(one for one in plan["stages"] if one["kind"] == "StatefulSet") for name, plan in lab.items()}
    assert {name: one["metadata"]["labels"]["meshops.lifecycle/datacenter"] for name, one in servers.items()} == kinds
    images = {container["image"] for one in servers.values() for container in one["spec"]["template"]["spec"]["containers"]}
    assert images == {"docker.io/hashicorp/consul:1.22.3"}
