# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters as playbooks call them, over dictionaries that stand in for hostvars."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import crds
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS, PUBLIC, call
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT


def host(mesh: str, network: str, **variables: Any) -> dict[str, Any]:
    return {"mesh_name": mesh, "mesh_network": network, "mesh_kube": {"context": f"{network}-context"}, **variables}


HOSTVARS: dict[str, dict[str, Any]] = {
    "east": host("shop", "on-prem", mesh_api_server="https://api.east.example:6443", mesh_cluster_uid="uid-of-east"),
    "west": host("shop", "aws", mesh_tls_server_name="api.west"),
    "edge": host("shop", "aws", mesh_role="remote", mesh_primary="west"),
    "bank-1": host("bank", "aws"),
    "bank-2": host("bank", "aws"),
    "bastion": {"ansible_host": "192.0.2.1"},
    "planned": {"mesh_name": "shop", "mesh_network": "gcp"},
}
HOSTS = list(HOSTVARS)
KNOWN = ", ".join(sorted(PROVIDERS))
WISH = {"cluster": "east", "mesh": "shop", "network": "on-prem", "revision": "stable", "tags": ["default"], "namespace": "istio-system"}


class TestEstate:
    def test_each_cluster_is_linked_with_all_others_of_its_mesh(self) -> None:
        same = {"kube": {"context": "aws-context"}, "unread": "", "cluster_uid": None, "server": "", "ca": "", "required": True}
        assert call("mesh_links", HOSTS, HOSTVARS, "east") == [
            {"name": "west", **same, "tls_server_name": "api.west"}, {"name": "edge", **same, "tls_server_name": ""},
        ]  # fmt: skip

    def test_a_link_carries_where_the_pin_and_the_address_of_the_other_stand(self) -> None:
        link = call("mesh_links", HOSTS, HOSTVARS, "west")[0]
        assert (link["name"], link["cluster_uid"], link["server"]) == ("east", "uid-of-east", "https://api.east.example:6443")

    def test_clusters_that_were_lost_on_the_way_need_not_be_reached(self) -> None:
        assert {link["name"]: link["required"] for link in call("mesh_links", HOSTS, HOSTVARS, "east", optional=["edge", "bastion"])} == {
            "west": True, "edge": False,
        }

    def test_a_remote_links_with_nobody(self) -> None:
        assert call("mesh_links", HOSTS, HOSTVARS, "edge") == []

    @pytest.mark.parametrize(("cluster", "without", "expected"), [
        ("east", [], {"role": "primary", "network": "on-prem", "gateway": True, "remotes": {"west": "aws", "edge": "aws"}}),
        ("east", ["west"], {"role": "primary", "network": "on-prem", "gateway": True, "remotes": {"edge": "aws"}}),
        ("edge", [], {"role": "remote", "network": "aws", "gateway": True, "remotes": {}}),
        ("bank-1", [], {"role": "primary", "network": "aws", "gateway": False, "remotes": {"bank-2": "aws"}}),
    ])
    def test_what_is_expected_of_a_cluster(self, cluster: str, without: list[str], expected: dict[str, Any]) -> None:
        assert call("mesh_expected", HOSTS, HOSTVARS, cluster, without=without) == expected

    @pytest.mark.parametrize(("cluster", "topology"), [
        ("west", {"clusters": ["east", "west", "edge"], "serves_remotes": True, "primary": "", "gateway": True}),
        ("edge", {"clusters": ["east", "west", "edge"], "serves_remotes": False, "primary": "west", "gateway": True}),
        ("east", {"clusters": ["east", "west", "edge"], "serves_remotes": False, "primary": "", "gateway": True}),
        ("bank-1", {"clusters": ["bank-1", "bank-2"], "serves_remotes": False, "primary": "", "gateway": False}),
    ])
    def test_what_a_mesh_looks_like_from_a_cluster(self, cluster: str, topology: dict[str, Any]) -> None:
        assert call("_topology", HOSTS, HOSTVARS, cluster) == topology

    def test_one_network_needs_a_gateway_where_remotes_must_reach_istiod(self) -> None:
        hostvars = {"a": host("one", "lan"), "b": host("one", "lan", mesh_role="remote", mesh_primary="a")}
        assert call("_topology", hostvars, hostvars, "a")["gateway"] is True
        assert call("_topology", hostvars, hostvars, "b")["gateway"] is False

    def test_how_another_cluster_is_reached(self) -> None:
        assert call("mesh_connection", HOSTS, HOSTVARS, "east") == {"context": "on-prem-context", "cluster": "east", "cluster_uid": "uid-of-east"}
        assert call("mesh_connection", HOSTS, HOSTVARS, "west")["cluster_uid"] is None

    def test_limits_go_wherever_the_connection_goes(self) -> None:
        hostvars = {name: {**HOSTVARS[name], "mesh_limits": {"write_rate": number}} for number, name in enumerate(("east", "west"), 1)}
        assert call("mesh_connection", hostvars, hostvars, "east")["write_rate"] == 1
        assert [peer["kube"]["write_rate"] for peer in call("mesh_links", hostvars, hostvars, "east")] == [2]
        assert call("mesh_root", hostvars, hostvars, {"source": "generated"}, "east")["kube"]["write_rate"] == 1

    def test_the_environment_of_another_cluster_is_silenced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"HOST": "https://hub", "API_KEY": "k", "VERIFY_SSL": "False", "SSL_CA_CERT": "/ca", "KUBECONFIG": "/k"}.items():
            monkeypatch.setenv(f"K8S_AUTH_{name}", value)
        silenced = {"K8S_AUTH_HOST": "", "K8S_AUTH_API_KEY": "", "K8S_AUTH_VERIFY_SSL": "true", "K8S_AUTH_SSL_CA_CERT": ""}
        for kube in ({"kubeconfig": "f", "context": "c"}, {"context": "c"}, '{"context": "c"}'):
            assert call("mesh_environment", ["east"], {"east": {**HOSTVARS["east"], "mesh_kube": kube}}, "east") == silenced
        other = {**silenced, "K8S_AUTH_KUBECONFIG": ""}
        assert call("mesh_environment", ["east"], {"east": {**HOSTVARS["east"], "mesh_kube": {"host": "https://api"}}}, "east") == other
        hub = call("mesh_environment", ["east"], {"east": {**HOSTVARS["east"], "mesh_kube": {"host": "https://hub"}}}, "east")
        assert set(hub) == {"K8S_AUTH_HOST", "K8S_AUTH_KUBECONFIG"}

    def test_helm_is_told_the_same_cluster(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/ops")
        for name in ("K8S_AUTH_CONTEXT", "K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
            monkeypatch.delenv(name, raising=False)
        kube = {"kubeconfig": "~/one:$HOME/two:three", "context": "c"}
        assert call("mesh_helm", ["east"], {"east": {**HOSTVARS["east"], "mesh_kube": kube, "inventory_dir": "/inventory"}}, "east") == {
            "options": {"kubeconfig": "", "validate_certs": True},
            "environment": {"KUBECONFIG": "/home/ops/one:/home/ops/two:/inventory/three", "HELM_KUBECONTEXT": "c"},
        }
        with pytest.raises(AnsibleFilterError, match=r"^east: mesh_kube\.username: Helm has no way to be told it; put it into the kubeconfig"):
            call("mesh_helm", ["east"], {"east": {**HOSTVARS["east"], "mesh_kube": {"host": "https://h", "username": "u"}}}, "east")

    @pytest.mark.parametrize("name", ["mesh_links", "mesh_environment", "mesh_helm", "mesh_expected", "_topology", "mesh_connection"])
    @pytest.mark.parametrize("cluster", ["bastion", "planned", "nowhere"])
    def test_a_host_that_is_no_cluster_is_refused_by_name(self, name: str, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("K8S_AUTH_HOST", "https://elsewhere.example")
        with pytest.raises(AnsibleFilterError, match=f"{cluster}: the inventory has no cluster of this name with a mesh_name and a mesh_kube"):
            call(name, HOSTS, HOSTVARS, cluster)


class TestRoot:
    @pytest.mark.parametrize("root", [{"source": "generated"}, {"source": "secret", "name": "my-root"}, {}])
    def test_a_root_that_lives_in_a_cluster_is_led_there(self, root: dict[str, Any]) -> None:
        assert call("mesh_root", HOSTS, HOSTVARS, root, "east") == {
            **root, "kube": {"context": "on-prem-context", "cluster": "east", "cluster_uid": "uid-of-east"},
        }

    @pytest.mark.parametrize("root", [{"source": "inline", "certificate": "x"}, {"source": "generated", "kube": {"context": "elsewhere"}}])
    def test_any_other_root_stays_as_it_is(self, root: dict[str, Any]) -> None:
        assert call("mesh_root", HOSTS, HOSTVARS, root, "") == root

    def test_where_the_lease_is_is_known_of_any_root(self) -> None:
        assert call("mesh_root", HOSTS, HOSTVARS, {"source": "inline", "certificate": "x"}, "east")["kube"]["cluster"] == "east"

    def test_a_root_without_a_cluster_to_live_in_is_refused(self) -> None:
        with pytest.raises(AnsibleFilterError, match=r"^mesh_trust_cluster is not set\. Name the cluster"):
            call("mesh_root", HOSTS, HOSTVARS, {"source": "generated"}, "")

    def test_a_trust_cluster_that_is_not_there_is_refused_by_name(self) -> None:
        with pytest.raises(AnsibleFilterError, match="^nowhere: the inventory has no cluster"):
            call("mesh_root", HOSTS, HOSTVARS, {}, "nowhere")


def test_who_signs_below_the_root_in_a_secret() -> None:
    """Of whatever mesh. Where nobody can read which root it is, it may be this one."""
    secret = {"namespace": "meshops-system", "name": "meshops-root-ca"}
    roots = {
        "east": {}, "west": {"mesh_root": {"source": "secret", **secret}}, "south": {"mesh_name": "bank"}, "files": {"mesh_root": {"source": "files"}},
        "own": {"mesh_root": {"name": "own"}}, "north": {"mesh_trust_cluster": "north"}, "misread": {"mesh_root": "generated"},
    }  # fmt: skip
    hosts = {name: {**host("shop", "lan", mesh_trust_cluster="east"), **more} for name, more in roots.items()} | {"bastion": {"mesh_trust_cluster": "east"}}
    assert call("_root_users", list(hosts), hosts, "east", secret) == ["east", "west", "south", "misread"]
    assert call("_root_users", list(hosts), hosts, "east", secret, without=["east", "south"]) == ["west", "misread"]
    assert call("_root_users", list(hosts), hosts, "east", {**secret, "name": "own"}) == ["own", "misread"]


def wished(hostvars: dict[str, Any], cluster: str, given: dict[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    """As role control_plane asks for it."""
    variables = {"inventory_hostname": cluster, "hostvars": hostvars, "groups": {"all": list(hostvars)}, **inputs}
    return dict(call("_wish", variables, "control_plane", **(given or {})))


def stages(wish: dict[str, Any], part: str, state: str = "present") -> list[dict[str, Any]]:
    planned = call("_plan", wish, part, state)
    assert planned["refusals"] == []
    return list(planned["stages"])


class TestWish:
    def test_is_made_of_the_inventory_with_the_defaults_of_the_mesh_below(self) -> None:
        wish = wished(HOSTVARS, "east")
        assert {key: wish[key] for key in ("cluster", "mesh", "network", "role", "serves_remotes", "namespace", "revision", "tags")} == {
            "cluster": "east", "mesh": "shop", "network": "on-prem", "role": "primary", "serves_remotes": False,
            "namespace": "istio-system", "revision": "stable", "tags": ["default"],
        }  # fmt: skip
        assert wished(HOSTVARS, "west")["serves_remotes"]
        assert stages(wish, "control_plane")

    def test_the_inputs_of_a_role_stand_above_it(self) -> None:
        hostvars = {"east": host("shop", "lan", mesh_revision="1-30", mesh_values={"istiod": {"a": 1}}, mesh_revision_tags="prod, test", mesh_version=1.31)}
        wish = wished(hostvars, "east", control_plane_revision="1-31", gateways_revision="1-32", given={"primary_address": "192.0.2.1"})
        assert (wish["revision"], wish["primary_address"], wish["tags"], wish["values"], wish["version"]) == (
            "1-31", "192.0.2.1", ["prod", "test"], {"istiod": {"a": 1}}, "1.31",
        )  # fmt: skip
        assert wished(hostvars, "east", control_plane_values={}, given={"tags": []})["values"] == {}

    @pytest.mark.parametrize(("what", "value"), [("namespace", "istio-system"), ("revision", "stable"), ("tags", ["default"]), ("shares_root", True)])
    def test_a_mesh_has_defaults(self, what: str, value: Any) -> None:
        assert call("_default", "istio", what) == value

    def test_a_mesh_that_is_not_known_has_none_and_is_refused_elsewhere(self) -> None:
        assert call("_default", "konsul", "namespace") == ""
        hostvars = {"east": host("shop", "lan", mesh_provider="konsul")}
        assert FILTERS["_refusals"](hostvars, hostvars, "east") == [f"mesh_provider is 'konsul', but the known providers are {KNOWN}. Correct mesh_provider."]

    def test_a_default_that_no_mesh_has_is_refused(self) -> None:
        with pytest.raises(AnsibleFilterError, match="^No mesh has a default called 'colour'; there are gateways, key_type"):
            call("_default", "istio", "colour")


@pytest.mark.parametrize(("path", "folder", "meant"), [
    pytest.param("report", "/srv/meshes", "/srv/meshes/report", id="relative"),
    pytest.param("/srv/report", "/srv/meshes", "/srv/report", id="absolute"),
    pytest.param("~/report", "/srv/meshes", "~/report", id="home"),
    pytest.param("report", None, "report", id="hosts of a command line have no folder"),
    pytest.param("", "/srv/meshes", "", id="none is wanted"),
    pytest.param(None, "/srv/meshes", "", id="null"),
])  # fmt: skip
def test_a_directory_of_the_inventory_begins_there(path: str | None, folder: str | None, meant: str) -> None:
    assert call("_beside", path, folder) == meant


@pytest.mark.parametrize("role", sorted(path.parent.parent.name for path in CHECKOUT.glob("roles/*/defaults/main.yml")))
def test_a_role_takes_no_directory_of_the_inventory_as_it_is(role: str) -> None:
    """Relative ones would begin in the installed collection."""
    text = (CHECKOUT / f"roles/{role}/defaults/main.yml").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.search(r"\bmesh_report_dir\b|mesh_backup \| default\(\{\}\)\)\.directory", line)]
    assert [line for line in lines if "meshops.lifecycle._beside(inventory_dir" not in line] == []


class TestStages:
    def test_releases_are_what_helm_takes(self) -> None:
        charts, tags = stages(WISH, "control_plane")
        found = charts["releases"]
        assert [(release["name"], release["chart"]) for release in found] == [("istio-base", "base"), ("istiod-stable", "istiod")]
        assert set(found[0]) == {"name", "namespace", "chart", "repository", "version", "values", "shared", "kept"}
        assert set(found[1]) == {"name", "namespace", "chart", "repository", "version", "values"}
        assert (charts["healthy"], tags["healthy"]) == (True, False)
        gateway, passage = stages(WISH, "gateways")
        assert [release["name"] for release in gateway["releases"]] == ["istio-eastwestgateway"]
        assert (gateway["healthy"], passage["healthy"]) == (False, True), "the gateway is waited for when something passes through it"

    def test_a_remote_does_not_wait_for_a_control_plane_that_runs_elsewhere(self) -> None:
        remote = {**WISH, "role": "remote", "primary": "west"}
        assert [step["healthy"] for step in stages(remote, "control_plane")] == [False, False]

    def test_objects_are_whole(self) -> None:
        for state in ("present", "absent"):
            for part in ("control_plane", "gateways"):
                objects = [each for step in stages(WISH, part, state) for each in step.get("manifests", [])]
                assert objects
                assert all({"apiVersion", "kind", "metadata"} <= set(each) for each in objects)

    def test_on_the_way_back_what_passes_goes_before_the_gateway_and_charts_before_their_crds(self) -> None:
        assert [bool(step["releases"]) for step in stages(WISH, "gateways", "absent")] == [False, True]
        assert [(step["kind"], bool(step["releases"])) for step in stages(WISH, "control_plane", "absent")] == [
            ("orders", False), ("releases", True), ("manifests", False),
        ]  # fmt: skip

    def test_the_probe_is_of_a_cluster_and_its_targets(self) -> None:
        found = call("_probe", {"cluster": "east", "revision": "stable", "targets": ["east", "west"]}, "istio")
        assert [each["metadata"]["name"] for each in found if each["kind"] == "Service"] == ["echo-east", "echo-west"]

    @pytest.mark.parametrize("state", ["present", "absent"])
    @pytest.mark.parametrize(("change", "part", "told"), [
        ({"verson": "1"}, "control_plane", "^east: .*unknown keys verson"),
        ({"provider": "konsul"}, "control_plane", f"^mesh_provider is 'konsul', but the known providers are {KNOWN}"),
    ])
    def test_a_wish_that_cannot_be_is_refused(self, state: str, change: dict[str, Any], part: str, told: str) -> None:
        planned = call("_plan", {**WISH, **change}, part, state)
        assert planned["stages"] == []
        assert len(planned["refusals"]) == 1
        assert re.match(told, planned["refusals"][0])

    def test_a_part_that_no_mesh_has_is_refused(self) -> None:
        with pytest.raises(AnsibleFilterError, match="^A mesh has no part 'teleport'; its parts are control_plane and gateways"):
            call("_plan", WISH, "teleport")

    def test_a_plan_says_what_the_gateway_is_waited_for_with(self) -> None:
        assert {key: call("_plan", WISH, "gateways")[key] for key in ("role", "network")} == {"role": "primary", "network": "on-prem"}


class TestRequirements:
    def test_the_groups_are_those_of_the_mesh(self) -> None:
        assert call("_preflight_questions", "istio", "mesh")["crds"] == [*crds.GROUPS, "gateway.networking.k8s.io"]

    def test_the_permissions_are_for_the_namespace(self) -> None:
        assert call("_preflight_questions", "istio", "mesh")["permissions"] == install.permissions("mesh")
        assert call("_preflight_questions", "istio", "mesh", "openshift", "echo")["permissions"] == install.permissions("mesh", "openshift", "echo")

    @pytest.mark.parametrize(("root", "wanted"), [
        ({"source": "generated"}, {("get", "meshops-root-ca"), ("patch", "meshops-root-ca"), ("create", "")}),
        ({"source": "secret", "name": "company", "namespace": "pki"}, {("get", "company")}),
        ({"source": "secret", "name": "company", "kube": {"context": "elsewhere"}}, set()),
        ({"source": "file", "certificate_file": "root.pem"}, set()),
        ({}, set()),
        ("generated", set()),
    ])
    def test_the_cluster_that_keeps_the_root_needs_the_rights_to_it(self, root: Any, wanted: set[tuple[str, str]]) -> None:
        more = [right for right in call("_preflight_questions", "istio", "mesh", root=root)["permissions"] if right not in install.permissions("mesh")]
        assert {(right["verb"], right.get("name", "")) for right in more if right["resource"] == "secrets"} == wanted
        assert {right["namespace"] for right in more} == ({root.get("namespace", "meshops-system")} if wanted else set())

    def test_of_a_mesh_that_is_not_known_nothing_is_asked(self) -> None:
        """The findings name the unknown kind of mesh."""
        assert call("_preflight_questions", "konsul", "mesh") == {"permissions": [], "crds": []}


class TestReport:
    @staticmethod
    def hostvars() -> dict[str, Any]:
        soon = (datetime.now(UTC) + timedelta(hours=10)).isoformat()
        read = {"planes": [{"revision": "stable", "version": "1.29.0", "ready": 1, "desired": 1}], "trust": {"root": {"fingerprint": "ab", "not_after": soon}}}
        refused = {"failed": True, "msg": "west: refused."}
        west = {"__status": refused, "mesh_site": "dublin"}
        return {"east": {"__status": read, "mesh_site": "frankfurt"}, "west": west, "north": {}, "south": {"__status": None}}

    def test_the_table_has_a_row_for_each_cluster_read_or_not(self) -> None:
        told = call("_status_table", self.hostvars(), self.hostvars(), "__status")
        assert [line.split()[:4] for line in told[2:6]] == [
            ["north", "-", "×", "UNREACHED"], ["south", "-", "×", "UNREACHED"], ["west", "dublin", "×", "UNREACHED"], ["east", "frankfurt", "√", "ok"],
        ]
        assert told[7:] == ["× north, south: this run read nothing from the cluster.", "× west: refused."]

    def test_what_the_inventory_forbids_was_not_tried_and_stands_in_the_table(self) -> None:
        """A task that was skipped has no message."""
        here = {"mesh_kube": {"context": "east"}, "mesh_name": "shop", "mesh_network": "east", "mesh_provider": "unheard", "__status": {"skipped": True}}
        (said,) = call("_status_table", {"east": here}, {"east": here}, "__status")[4:]
        assert said.startswith("× east: ") and "unheard" in said

    def test_a_line_sums_it_up(self) -> None:
        assert call("_status_summary", self.hostvars(), self.hostvars(), "__status") == "× 4 clusters: 1 ok, 3 unreached (north, south, west)"

    def test_who_reaches_whom(self) -> None:
        hostvars = {
            "east": {"__asked": {"answers": {"east": 5, "west": 5}}}, "north": {},
            "west": {"__asked": {"failed": True, "msg": "west: these did not answer: east.", "answers": {"east": 0, "west": 5}}},
        }
        told = call("_traffic", hostvars, hostvars, "__asked", "5")
        assert told["lines"][2:] == ["1 east   √  ·  √", "2 north  ·  ·  ·", "3 west   ×  ·  √", "× north: this run did not come to its probe."]
        assert told["summary"] == "× 3 of 4 paths between 3 clusters answer over mTLS; not west to east; north asked nobody"

    def test_the_table_is_of_this_moment(self) -> None:
        assert " ab 10 h " in call("_status_table", ["east"], self.hostvars(), "__status")[2]

    def test_the_report_is_the_same_as_data(self) -> None:
        told = call("_status_report", self.hostvars(), self.hostvars(), "__status")
        assert told["east"]["planes"][0]["version"] == "1.29.0"
        assert told["west"] == {"unreached": "west: refused."}

    def test_what_ansible_adds_to_a_result_is_no_fact(self) -> None:
        hostvars = {"east": {"__status": {"planes": [], "findings": [], "changed": False, "invocation": {"module_args": {}}, "warnings": []}}}
        assert call("_status_report", ["east"], hostvars, "__status") == {"east": {"site": "", "planes": [], "findings": []}}


def test_every_public_filter_is_documented_beside_its_code(checkout: Path) -> None:
    assert sorted(path.stem for path in (checkout / "plugins" / "filter").glob("*.yml")) == PUBLIC


def test_the_variables_of_the_inventory_stay_as_they_were() -> None:
    before = copy.deepcopy(HOSTVARS)
    links = call("mesh_links", HOSTS, HOSTVARS, "east")
    links[0]["kube"]["context"] = "scribbled"
    call("mesh_connection", HOSTS, HOSTVARS, "east")["context"] = "scribbled"
    assert before == HOSTVARS
