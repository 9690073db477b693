# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a fleet file and discovered clusters to hosts and groups, and what is refused with which message."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet import file
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.contexts import Context, DiscoveredCluster, endpoint, of_contexts
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.plan import Fleet, plan
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

FILE = "/etc/fleet.yml"


def planned(*found: DiscoveredCluster, **wish: Any) -> Fleet:
    return plan(FILE, wish, found, "istio")


def refusal(*found: DiscoveredCluster, **wish: Any) -> str:
    with pytest.raises(Refused) as caught:
        planned(*found, **wish)
    told = str(caught.value)
    assert told.startswith(f"{FILE}: ") and "\n" not in told and told[-1] in ".?"
    return told.removeprefix(f"{FILE}: ")


def context(name: str, server: str = "", **variables: Any) -> DiscoveredCluster:
    where = [Context(name, server or f"https://{name}:6443")]
    return of_contexts(where, {"variables": variables}, "~/.kube/config")[0]


def managed(name: str, *leads: tuple[str, ...], **variables: Any) -> DiscoveredCluster:
    return DiscoveredCluster(name, "hub", "a managed cluster of the hub acm", {"ocm_available": True, **variables}, frozenset(leads))


class TestGroups:
    @pytest.mark.parametrize(("own", "groups"), [
        pytest.param({}, ["fleet", "provider_istio", "role_primary"], id="nothing is known"),
        pytest.param({"mesh_name": "shop"}, ["fleet", "mesh_shop", "provider_istio", "role_primary"], id="mesh"),
        pytest.param({"mesh_site": "eu-1.a"}, ["fleet", "site_eu_1_a", "provider_istio", "role_primary"], id="names are made safe"),
        pytest.param({"mesh_site": "dc1"}, ["fleet", "mesh_shop", "site_dc1", "provider_consul", "role_primary"], id="the mesh of the site"),
        pytest.param({"mesh_role": "remote", "mesh_primary": "b"}, ["fleet", "provider_istio", "role_remote"], id="role"),
        pytest.param({"mesh_name": "shop", "mesh_provider": "kuma"}, ["fleet", "mesh_shop", "provider_kuma", "role_primary"], id="its own provider"),
    ])  # fmt: skip
    def test_follow_from_what_is_known(self, own: dict[str, Any], groups: list[str]) -> None:
        sites = {"dc1": {"mesh_name": "shop", "mesh_provider": "consul"}, "eu-1.a": {}}
        (host,) = planned(clusters={"a": own}, sites=sites).hosts
        assert sorted(host.groups) == sorted(groups)

    def test_carry_the_variables_that_are_shared_and_the_nearer_wins(self) -> None:
        found = planned(defaults={"mesh_network": "x"}, meshes={"shop": {"mesh_network": "y"}}, sites={"dc1": {"mesh_network": "z", "vars": {"dns": "d"}}})
        groups = {name: (dict(group.variables), group.priority) for name, group in found.groups.items()}
        assert groups == {
            "fleet": ({"mesh_network": "x"}, 1),
            "mesh_shop": ({"mesh_name": "shop", "mesh_network": "y"}, 10),
            "site_dc1": ({"mesh_site": "dc1", "mesh_network": "z", "dns": "d"}, 20),
        }

    def test_may_be_called_as_what_they_are_groups_of(self) -> None:
        found = planned(clusters={"a": {"mesh_name": "shop", "mesh_site": "dc1"}}, prefixes={"mesh": "", "site": None, "role": "is_"}, group="estate")
        assert list(found.groups) == ["estate", "shop", "dc1", "provider_istio", "is_primary"]

    @pytest.mark.parametrize(("wish", "told"), [
        pytest.param({"sites": {"eu-1": {}, "eu_1": {}}}, "the group site_eu_1 of the site eu_1 would also be the group of the site eu-1", id="one spelling"),
        pytest.param({"sites": {"x": {}}, "meshes": {"x": {}}, "prefixes": {"site": "", "mesh": ""}}, "the group x of the site x .* the mesh x", id="kinds"),
        pytest.param({"sites": {"all": {}}, "prefixes": {"site": ""}}, "the group all of the site all", id="Ansible's own"),
        pytest.param({"clusters": {"dc1": {"mesh_site": "dc1"}}, "prefixes": {"site": ""}}, "the group dc1 of the site dc1", id="a host"),
        pytest.param({"clusters": {"a": {"mesh_name": "b"}}, "group": "mesh_b"}, "the group mesh_b of the mesh b would also be", id="the fleet's"),
    ])  # fmt: skip
    def test_that_would_be_two_things_are_refused(self, wish: dict[str, Any], told: str) -> None:
        assert re.match(told, refusal(**wish))


class TestFound:
    def test_a_cluster_is_known_from_hub_context_and_file_and_the_last_wins(self) -> None:
        hub = managed("east", mesh_site="hub", mesh_network="hub", mesh_platform="gke", mesh_kube={"host": "https://hub"})
        (host,) = planned(hub, context("east", mesh_network="context"), clusters={"east": {"mesh_site": "file"}}).hosts
        kube = {"kubeconfig": "~/.kube/config", "context": "east"}
        expected = {"mesh_site": "file", "mesh_network": "context", "mesh_platform": "gke", "mesh_kube": kube, "ocm_available": True}
        assert host.variables == expected

    def test_one_that_no_source_knows_needs_a_connection_of_its_own(self) -> None:
        assert refusal(context("east"), clusters={"wset": {}}).startswith("wset: no context or managed cluster has this name")
        assert len(planned(context("east"), clusters={"west": {"mesh_kube": {"host": "https://west"}}}).hosts) == 2
        assert len(planned(clusters={"west": {}}).hosts) == 1

    def test_two_contexts_under_one_name_are_refused(self) -> None:
        told = refusal(context("east"), context("east"))
        assert told.startswith("east is the context east of the kubeconfig ~/.kube/config and also the context east")

    def test_a_managed_cluster_without_a_way_to_it_is_told_of(self) -> None:
        assert planned(managed("a"), managed("b", mesh_kube={"host": "https://b"})).warnings == [
            f"{FILE}: nothing here says how a can be reached; set `kube` of the hub, or mesh_kube."
        ]
        assert not planned(managed("a"), defaults={"mesh_kube": {"context": "{{ inventory_hostname }}"}}).warnings


ID = "2d0c3c52-5a3e-4c0e-9d5f-6c2d5d8e1a01"


class TestTwins:
    CASES = [
        pytest.param([context("a", "https://API.x"), context("b", "https://api.x:443/")], {}, "(https://api.x:443)", id="one server"),
        pytest.param([context("a", "https://x"), managed("b", endpoint("https://x"))], {}, "(https://x:443)", id="hub and context"),
        pytest.param([managed("a", ("id", ID)), managed("b", ("id", ID))], {}, f"(its ID is {ID})", id="one ID on the hub"),
        pytest.param([managed("a", ("id", ID))], {"b": {"mesh_cluster_uid": ID, "mesh_kube": {"context": "c"}}}, f"(its ID is {ID})", id="pinned"),
        pytest.param([], {n: {"mesh_kube": {"kubeconfig": "k", "context": "c"}} for n in "ab"}, "(the context c of k)", id="one context"),
        pytest.param([], {n: {"mesh_kube": {"host": "https://x"}} for n in "ab"}, "(https://x:443)", id="one host"),
    ]  # fmt: skip

    @pytest.mark.parametrize(("found", "clusters", "why"), CASES)
    def test_are_refused_by_name(self, found: list[DiscoveredCluster], clusters: dict[str, Any], why: str) -> None:
        sentence = f"a and b lead to the same cluster {why}; leave all but one of them out."
        assert refusal(*found, clusters=clusters) == sentence
        assert f"{FILE}: {sentence}" in planned(*found, clusters=clusters, same_cluster="warn").warnings

    def test_are_not_seen_in_what_is_only_a_template(self) -> None:
        kube = {"kubeconfig": "k", "context": "{{ inventory_hostname }}", "host": "https://{{ inventory_hostname }}"}
        assert len(planned(defaults={"mesh_kube": kube, "mesh_cluster_uid": "{{ uids[inventory_hostname] }}"}, clusters={"a": {}, "b": {}}).hosts) == 2

    def test_are_not_what_a_proxy_or_a_name_tells_apart(self) -> None:
        there = [Context("a", "https://x", "a.example"), Context("b", "https://x", "b.example"), Context("c", "https://x")]
        assert len(planned(*of_contexts(there, {}, "k")).hosts) == 3


class TestRefused:
    @pytest.mark.parametrize(("wish", "told"), [
        ({"clusters": {"east": {"mesh_netwrok": "x"}}}, "the cluster east has the unknown key 'mesh_netwrok'; did you mean mesh_network[?]"),
        ({"clusters": {"east": {"zzz": 1}}}, "the cluster east has the unknown key 'zzz'; known are mesh_adopt, mesh_api_ca, mesh_api_server, .*"),
        ({"meshes": {"shop": {"mesh_name": "x"}}}, "the mesh shop has the unknown key 'mesh_name'.*"),
        ({"sites": {"dc1": {"mesh_site": "x"}}}, "the site dc1 has the unknown key 'mesh_site'.*"),
        ({"defaults": {"mesh_hosts": "x"}}, "defaults has the unknown key 'mesh_hosts'.*"),
        ({"prefixes": {"sites": ""}}, r"prefixes has the unknown key 'sites'; did you mean site\?"),
        ({"clusters": ["east"]}, "clusters is not a dictionary of names."),
        ({"clusters": {"east": "x"}}, "the cluster east is not a dictionary of mesh_.*"),
        ({"clusters": {"east": {"vars": "x"}}}, "vars of the cluster east is not a dictionary."),
        ({"clusters": {"East": {}}}, "the cluster name 'East' is not a DNS label .*; it is an entry of clusters."),
        ({"clusters": {1: {}}}, "a name in clusters is the number 1 to YAML; put it in quotes."),
        ({"sites": {False: {}}}, "a name in sites is the truth value false to YAML, which reads no, off and false so; put it in quotes."),
        ({"meshes": {True: {}}}, "a name in meshes is the truth value true to YAML, which reads yes, on and true so; put it in quotes."),
        ({"sites": {"no": {}}, "clusters": {"east": {"mesh_site": False}}}, "the cluster east: mesh_site is the truth value false to YAML.* quotes."),
        ({"sites": {"dc1": {"mesh_name": True}}}, "the site dc1: mesh_name is the truth value true to YAML.* quotes."),
        ({"meshes": {"shop": {"mesh_trust_cluster": 1}}}, "the mesh shop: mesh_trust_cluster is the number 1 to YAML; put it in quotes."),
        ({"defaults": {"mesh_revision_tags": ["stable", True]}}, "defaults: mesh_revision_tags is the truth value true to YAML.* quotes."),
        ({"clusters": {"east": {"mesh_name": "My shop"}}}, "east: the mesh_name 'My shop' is not a DNS label.*"),
        ({"clusters": {"east": {"mesh_site": "a b"}}}, "east: the mesh_site 'a b' cannot be a label's value.*"),
        ({"clusters": {"east": {"mesh_network": "a b"}}}, "east: the mesh_network 'a b' cannot.*"),
        ({"clusters": {"east": {"mesh_role": "leader"}}}, "east: the mesh_role 'leader' is neither primary nor remote."),
        ({"clusters": {"east": {"mesh_version": 1.30}}}, "the cluster east: mesh_version 1.3 is a number to YAML, which drops zeros.*quotes."),
        ({"clusters": {"east": {"mesh_kube": "east"}}}, "east: mesh_kube is not a dictionary."),
        ({"clusters": {"east": {"mesh_site": "dc2"}}, "sites": {"dc1": {}}}, "east: mesh_site is dc2, which this file does not describe; there are: dc1."),
        ({"clusters": {"east": {"mesh_name": "b"}}, "meshes": {"a": {}}}, "east: mesh_name is b, which this file does not describe; there are: a."),
    ])  # fmt: skip
    def test_in_one_sentence(self, wish: dict[str, Any], told: str) -> None:
        assert re.fullmatch(told, refusal(**wish))

    def test_a_context_whose_name_is_no_cluster_s(self) -> None:
        told = refusal(context("gke_shop"))
        assert "it is the context gke_shop of the kubeconfig ~/.kube/config; give it another name with `names`, or leave it out" in told

    @pytest.mark.parametrize(("section", "whose"), [("defaults", "defaults"), ("clusters", "the cluster x"), ("meshes", "the mesh x"), ("sites", "the site x")])
    @pytest.mark.parametrize(("entry", "key"), [
        ({"mesh_kube": {"host": "https://x", "api_key": "s3cret"}}, "api_key"),
        ({"mesh_root": {"source": "inline", "private_key": "s3cret"}}, "private_key"),
        ({"mesh_kube": {"kubeconfig": {"users": [{"user": {"token": "s3cret"}}]}}}, "token"),
        ({"vars": {"password": "s3cret"}}, "password"),
    ])  # fmt: skip
    def test_a_secret_in_plain_sight(self, section: str, whose: str, entry: dict[str, Any], key: str) -> None:
        told = refusal(**{section: entry if section == "defaults" else {"x": entry}})
        assert told == f'{key} of {whose} is in plain text; keep it in ansible-vault and refer to it, as in "{{{{ vault_{key} }}}}".'

    def test_a_reference_to_a_secret_is_let_pass(self) -> None:
        vaulted = object()  # what `!vault` is before it is used
        kubes = {"a": {"host": "https://a", "api_key": "{{ vault_a }}"}, "b": {"host": "https://b", "api_key": vaulted}}
        hosts = planned(clusters={name: {"mesh_kube": kube} for name, kube in kubes.items()}).hosts
        assert {host.name: host.variables["mesh_kube"] for host in hosts} == kubes


class TestSections:
    @pytest.mark.parametrize(("given", "told"), [
        ({"context": "x"}, "hub lacks kubeconfig."),
        ({"kubeconfig": "x"}, "hub lacks context."),
        ({"kubeconfig": "x", "context": "y", "kontext": "z"}, "hub has the unknown key 'kontext'; did you mean context?"),
        ({"kubeconfig": {"users": []}, "context": "y"}, "kubeconfig of hub is not a str."),
        ({"kubeconfig": "x", "context": "y", "unavailable": "drop"}, "unavailable of hub is 'drop', neither keep nor skip."),
        ({"kubeconfig": "x", "context": "y", "labels": {"mesh_sight": "z"}}, "labels of hub has the unknown key 'mesh_sight'; did you mean mesh_site?"),
        ({"kubeconfig": "x", "context": "y", "kube": {"ca_cert": "z"}}, "kube of hub names neither a kubeconfig nor a credential such as api_key."),
        ("hub", "hub is not a dictionary."),
    ])  # fmt: skip
    def test_a_hub_that_cannot_be(self, given: Any, told: str) -> None:
        with pytest.raises(Refused, match=f"^{FILE}: {re.escape(told)}$"):
            file.hub(FILE, given)

    @pytest.mark.parametrize(("given", "told"), [
        ({"kubeconfig": {"users": []}}, "kubeconfig of entry 1 is not a str."),
        ({"kubeconfig": "k", "include": "prod-*"}, "include of entry 1 is not a list."),
        (
            {"kubeconfig": "k", "names": {"oslo": False}},
            "a name in names of entry 1 is the truth value false to YAML, which reads no, off and false so; put it in quotes.",
        ),
        ({"kubeconfig": "k", "variables": {"mesh_nam": "x"}}, "variables of entry 1 has the unknown key 'mesh_nam'; did you mean mesh_name?"),
    ])  # fmt: skip
    def test_contexts_that_cannot_be(self, given: Any, told: str) -> None:
        with pytest.raises(Refused, match=f"^{FILE}: {re.escape(told)}$"):
            file.contexts(FILE, "entry 1", given)

    def test_the_hub_s_own_secrets_are_refused_too(self) -> None:
        with pytest.raises(Refused, match="api_key of hub is in plain text"):
            file.hub(FILE, {"kubeconfig": "x", "context": "y", "kube": {"api_key": "s3cret"}})


def test_the_variables_are_those_of_the_readme() -> None:
    """`mesh_hosts` chooses the hosts of a run, so it is no variable of a host."""
    text = (CHECKOUT / "inventories/example/README.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(mesh_\w+)` \|", text, re.MULTILINE)) == file.VARIABLES | {"mesh_hosts"}
