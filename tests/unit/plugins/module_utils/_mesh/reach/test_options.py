# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One meaning for a connection: names, types, what the environment may add, and what Helm gets of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import ARGUMENTS
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.reach import helm
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.reach import options as connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.reach.content import content_kind
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.reach.job_environment import filled, foreign
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.reach.options import OPTIONS, anchored, read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.reach.spared import spared

# As the credential type of an automation platform sets them for the whole job.
AWX = {"K8S_AUTH_HOST": "https://hub:6443", "K8S_AUTH_API_KEY": "HUB", "K8S_AUTH_VERIFY_SSL": "False", "K8S_AUTH_SSL_CA_CERT": "/hub.crt"}
EVERY = {
    **AWX,
    **{f"K8S_AUTH_{name}": "x" for name in ("USERNAME", "PASSWORD", "CLIENT_CERT", "CERT_FILE", "CLIENT_KEY", "KEY_FILE", "CA_CERT", "PROXY", "NO_PROXY")},
    **{f"K8S_AUTH_{name}": "x" for name in ("PROXY_HEADERS_BASIC_AUTH", "VALIDATE_CERTS")},
}


class TestNames:
    def test_are_those_of_the_modules_with_their_aliases(self) -> None:
        assert set(ARGUMENTS) == OPTIONS
        aliases = {alias: name for name, told in ARGUMENTS.items() for alias in told.get("aliases", [])}
        assert aliases.items() <= connection._ALIASES.items()

    def test_aliases_mean_the_same_and_give_way_to_the_name(self) -> None:
        told = {"verify_ssl": False, "ssl_ca_cert": "/ca", "cert_file": "/c", "key_file": "/k", "kube_context": "east"}
        assert read(told) == {"validate_certs": False, "ca_cert": "/ca", "client_cert": "/c", "client_key": "/k", "context": "east"}
        assert read({"ca_cert": "/mine", "ssl_ca_cert": "/other"}) == read({"ssl_ca_cert": "/other", "ca_cert": "/mine"}) == {"ca_cert": "/mine"}

    def test_what_says_nothing_is_left_out(self) -> None:
        assert read({"kubeconfig": "", "context": None, "host": "https://h"}) == {"host": "https://h"}

    def test_a_dictionary_may_come_as_json(self) -> None:
        assert read(json.dumps({"context": "east", "verify_ssl": "no"})) == {"context": "east", "validate_certs": False}

    @pytest.mark.parametrize(("value", "meant"), [("no", False), ("False", False), (0, False), ("off", False), ("yes", True), (1, True), ("True", True)])
    def test_truth_may_come_as_text(self, value: Any, meant: bool) -> None:
        assert read({"validate_certs": value}) == {"validate_certs": meant}

    def test_numbers_are_text_and_groups_may_be(self) -> None:
        assert read({"context": 17, "impersonate_groups": "a, b"}) == {"context": "17", "impersonate_groups": ["a", "b"]}

    @pytest.mark.parametrize(("told", "said"), [
        ("SECRET", "mesh_kube must be a dictionary of connection options, such as {kubeconfig: …, context: …}"),
        (["SECRET"], "mesh_kube must be a dictionary of connection options, such as"),
        ({"contxt": "SECRET"}, "mesh_kube has no option contxt. There are: api_key, "),
        ({"context": False}, "mesh_kube.context is yes or no but must be text; put it in quotes"),
        ({"host": ["SECRET"]}, "mesh_kube.host is a list but must be text"),
        ({"verify_ssl": "SECRET"}, "mesh_kube.verify_ssl is neither yes nor no"),
        ({"impersonate_groups": {"SECRET": 1}}, "mesh_kube.impersonate_groups is a dictionary but must be a list"),
        ({"proxy_headers": "SECRET"}, "mesh_kube.proxy_headers is text but must be a dictionary"),
        ({"kubeconfig": ["SECRET"]}, "mesh_kube.kubeconfig is a list but must be text"),
        ({"kubeconfig": "apiVersion: v1\nusers: [{user: {token: SECRET}}]"}, ("mesh_kube.kubeconfig holds the text of a kubeconfig itself, "
         "where a path belongs: give a path, or a dictionary (| from_yaml)")),
        ({"client_key": "-----BEGIN PRIVATE KEY-----\nSECRET"}, ("mesh_kube.client_key holds a private key itself, "
         "where the path of a file belongs: give a path")),
    ])  # fmt: skip
    def test_others_are_refused_by_name_and_never_with_their_value(self, told: Any, said: str) -> None:
        with pytest.raises(Refused) as raised:
            read(told)
        assert str(raised.value).startswith(said)
        assert "SECRET" not in str(raised.value)


def test_relative_paths_begin_at_the_inventory() -> None:
    told = {"kubeconfig": "kube/east:~/other:$HOME/third:/fourth", "ca_cert": "ca.pem", "context": "a/b"}
    assert anchored(told, "/inventory") == {
        "kubeconfig": "/inventory/kube/east:~/other:$HOME/third:/fourth", "ca_cert": "/inventory/ca.pem", "context": "a/b",
    }  # fmt: skip
    assert anchored({"kubeconfig": "kube/east"}, "") == {"kubeconfig": "kube/east"}


def test_the_root_s_files_begin_there_too() -> None:
    told = {"source": "vault", "certificate_file": "ca.pem", "private_key_file": "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCg==", "chain_file": None, "name": "a"}
    told |= {"vault": {"url": "https://v", "ca_cert": "v.pem"}, "kube": {"kubeconfig": "a:~/b", "ssl_ca_cert": "c.pem", "context": "x"}}
    assert connection.anchored_root(told, "/i") == {
        **told, "certificate_file": "/i/ca.pem", "vault": {"url": "https://v", "ca_cert": "/i/v.pem"},
        "kube": {"kubeconfig": "/i/a:~/b", "ssl_ca_cert": "/i/c.pem", "context": "x"},
    }  # fmt: skip
    assert connection.anchored_root({"source": "generated"}, "") == {"source": "generated"}


@pytest.mark.parametrize(("text", "what"), [
    ("/etc/pki/tls/private/key.pem", ""), ("~/.kube/config:other", ""), ("Makefile/MIGHaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/config", ""), ("a" * 255, ""),
    ("-----BEGIN EC PRIVATE KEY-----", "a private key"), ("-----BEGIN CERTIFICATE-----\nM", "a certificate"),
    ("LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpN", "a private key"), (" LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJmRE ", "a certificate"),
    ("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg", "a key or certificate"), ("MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04f", "a key or certificate"),
    ("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU", "a key or certificate"),
    ("apiVersion: v1\nkind: Secret", "the text of an object"),
    ("apiVersion: v1\nclusters:\n", "the text of a kubeconfig"), ("YXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCg==", "the text of a kubeconfig"),
    ("kind: Config\nusers: []", "the text of a kubeconfig"), ('{"kind": "Config"}', "JSON"), ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln", "a token"),
    ("one\ntwo", "a text of several lines"), ("a\0b", "a text with characters that no path has"), ("a" * 256, "a text that is longer than any path"),
    ("a/" * 2100, "a text that is longer than any path"),
])  # fmt: skip
def test_content_in_the_place_of_a_path_is_known(text: str, what: str) -> None:
    assert content_kind(text) == what


class TestEnvironment:
    @pytest.mark.parametrize("options", [{"context": "c"}, {"kubeconfig": "/k"}, {"kubeconfig": {"users": []}}, {"host": "https://east", "api_key": "k"}])
    def test_nothing_that_is_meant_for_another_cluster_counts(self, options: dict[str, Any]) -> None:
        told = filled(options, EVERY)
        assert told == {**options, **({"kubeconfig": "~/.kube/config"} if set(options) == {"context"} else {})}
        assert filled(options, EVERY, peer=True) == told
        assert set(foreign(options, EVERY)) == set(EVERY)

    @pytest.mark.parametrize("options", [{"kubeconfig": "/k"}, {"kubeconfig": {"users": []}}, {"host": "https://east", "api_key": "k"}, {"context": "c"}])
    def test_whoever_asks_for_less_rights_gets_them(self, options: dict[str, Any]) -> None:
        told = {**AWX, "K8S_AUTH_IMPERSONATE_USER": "viewer", "K8S_AUTH_IMPERSONATE_GROUPS": "a,b"}
        for peer in (False, True):
            assert filled(options, told, peer=peer).items() >= {"impersonate_user": "viewer", "impersonate_groups": ["a", "b"]}.items()
        assert set(foreign(options, told)) == set(AWX)
        to_helm, environment = way(options, told)
        given = to_helm["kubeconfig"]["users"][0]["user"]["as"] if "host" in options else environment["HELM_KUBEASUSER"]
        assert given == "viewer"

    def test_it_completes_the_host_that_it_is_about(self) -> None:
        told = {"host": "https://hub:6443", "api_key": "HUB", "validate_certs": False, "ca_cert": "/hub.crt"}
        assert filled({"host": "https://hub:6443/"}, AWX) == {**told, "host": "https://hub:6443/"}
        assert filled({"host": "https://east"}, {"K8S_AUTH_API_KEY": "any"}, peer=True) == {"host": "https://east", "api_key": "any"}
        assert foreign({"host": "https://hub:6443"}, AWX) == ["K8S_AUTH_HOST"]
        assert filled({}, AWX) == told

    def test_where_the_kubeconfig_is_means_the_same_to_a_peer(self) -> None:
        for peer in (False, True):
            assert filled({"context": "east"}, {"KUBECONFIG": "/k"}, peer=peer) == {"context": "east", "kubeconfig": "/k"}
            assert filled({"context": "east"}, {"KUBECONFIG": "/k", "K8S_AUTH_KUBECONFIG": "/mine"}, peer=peer)["kubeconfig"] == "/mine"
            assert filled({"kubeconfig": "/k"}, {"K8S_AUTH_CONTEXT": "east"}, peer=peer) == {"context": "east", "kubeconfig": "/k"}

    def test_it_never_chooses_a_second_cluster(self) -> None:
        with pytest.raises(Refused, match="No cluster is named"):
            filled({}, {**AWX, "K8S_AUTH_KUBECONFIG": "/k"}, peer=True)

    def test_all_of_an_option_s_names_count(self) -> None:
        for told, value in (({"K8S_AUTH_VALIDATE_CERTS": "no"}, False), ({"K8S_AUTH_VERIFY_SSL": "0"}, False), ({"K8S_AUTH_VERIFY_SSL": "yes"}, True)):
            assert filled({}, told) == {"validate_certs": value}
        headers = {"K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH": "a:b", "K8S_AUTH_PROXY_HEADERS_USER_AGENT": ""}
        assert filled({}, {"K8S_AUTH_CERT_FILE": "/c", **headers}) == {"client_cert": "/c", "proxy_headers": {"proxy_basic_auth": "a:b"}}


def way(options: dict[str, Any], environ: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    found = helm.way(Connection("east", options), environ or {}, lambda path: path.replace("~", "/home/ops"))
    return dict(found.options), dict(found.environment)


def of_host_alone(cluster: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    context = {"name": "mesh", "context": {"cluster": "mesh", "user": "mesh"}}
    parts = {"clusters": [{"name": "mesh", "cluster": cluster}], "users": [{"name": "mesh", "user": user}], "contexts": [context]}
    return {"apiVersion": "v1", "kind": "Config", "current-context": "mesh", **parts}


class TestHelm:
    @pytest.mark.parametrize(("kube", "options", "environment"), [
        ({"kubeconfig": "~/one:two", "context": "c"}, {"kubeconfig": ""}, {"KUBECONFIG": "/home/ops/one:two", "HELM_KUBECONTEXT": "c"}),
        ({"context": "c"}, {"kubeconfig": ""}, {"KUBECONFIG": "/home/ops/.kube/config", "HELM_KUBECONTEXT": "c"}),
        ({"kubeconfig": {"contexts": [{"name": "only"}]}}, {"kubeconfig": {"contexts": [{"name": "only"}]}}, {"HELM_KUBECONTEXT": "only"}),
        ({"kubeconfig": "/k", "validate_certs": False, "ca_cert": "~/ca"}, {"kubeconfig": "", "validate_certs": False},
         {"KUBECONFIG": "/k", "HELM_KUBECAFILE": "/home/ops/ca"}),
        ({"kubeconfig": "/k", "host": "https://h", "api_key": "t", "impersonate_user": "u", "impersonate_groups": ["a", "b"]},
         {"kubeconfig": "", "host": "https://h", "api_key": "t"}, {"KUBECONFIG": "/k", "HELM_KUBEASUSER": "u", "HELM_KUBEASGROUPS": "a,b"}),
    ])  # fmt: skip
    def test_reads_a_kubeconfig_itself(self, kube: dict[str, Any], options: dict[str, Any], environment: dict[str, str]) -> None:
        assert way(kube) == ({"validate_certs": True, **options}, environment)

    def test_gets_a_host_with_all_that_belongs_to_it_and_no_secret_in_a_file(self) -> None:
        kube = {"host": "https://h:6443", "api_key": "t", "ca_cert": "~/ca", "proxy": "http://p:1", "impersonate_user": "u"}
        kube |= {"client_cert": "/c", "client_key": "/k"}
        expected = of_host_alone({"server": "https://h:6443", "certificate-authority": "/home/ops/ca", "proxy-url": "http://p:1"},
                                 {"client-certificate": "/c", "client-key": "/k", "as": "u"})  # fmt: skip
        assert way(kube) == ({"kubeconfig": expected, "api_key": "t", "validate_certs": True}, {})
        unsure = of_host_alone({"server": "https://h", "insecure-skip-tls-verify": True}, {})
        kube = {"host": "https://h", "api_key": "t", "validate_certs": False, "ca_cert": "/ca", "proxy": "http://p", "no_proxy": "h"}
        assert way(kube)[0]["kubeconfig"] == unsure

    def test_hears_nothing_of_an_automation_platform_s_cluster(self) -> None:
        """Helm's module gets no two empty options that it refuses together, and no empty text for a truth value."""
        silent = {"host": "", "api_key": "", "ca_cert": ""}
        assert way({"kubeconfig": "/k", "context": "c"}, AWX)[0] == {**silent, "kubeconfig": "", "validate_certs": True}
        assert way({"host": "https://h", "api_key": "t"}, AWX)[0].items() >= {**silent, "api_key": "t", "validate_certs": True}.items()
        assert way({"kubeconfig": "/k", "context": "c"}, {"K8S_AUTH_CONTEXT": "hub"}) == (
            {"kubeconfig": "", "validate_certs": True, "context": ""}, {"KUBECONFIG": "/k", "HELM_KUBECONTEXT": "c"},
        )  # fmt: skip
        assert way({"context": "c"}, {"HELM_KUBETOKEN": "x", "HELM_KUBECONTEXT": "x", "K8S_AUTH_KUBECONFIG": "/mine"})[1] == {
            "HELM_KUBETOKEN": "", "HELM_KUBECONTEXT": "c", "KUBECONFIG": "/mine",
        }  # fmt: skip

    def test_a_token_of_the_environment_stays_there(self) -> None:
        assert "api_key" not in way({"host": "https://hub:6443"}, AWX)[0]

    @pytest.mark.parametrize(("kube", "said"), [
        ({"context": "c", "client_cert": "/c", "client_key": "/k"}, ["client_cert", "client_key"]),
        ({"kubeconfig": "/k", "proxy": "http://p", "no_proxy": "h"}, ["proxy", "no_proxy"]),
        ({"host": "https://h", "username": "u", "password": "SECRET"}, ["username", "password"]),
        ({"host": "https://h", "api_key": "SECRET", "proxy_headers": {"basic_auth": "SECRET"}}, ["proxy_headers"]),
    ])  # fmt: skip
    def test_is_refused_what_it_cannot_be_given(self, kube: dict[str, Any], said: list[str]) -> None:
        told = [f"mesh_kube.{name}: Helm has no way to be told it; put it into the kubeconfig" for name in said if name]
        assert helm.faults(Connection("east", kube), {}) == told or not said
        with pytest.raises(Refused, match=f"mesh_kube.{said[0]}"):
            way(kube)

    def test_is_refused_a_proxy_s_password_and_two_variables_that_exclude_each_other(self) -> None:
        proxied = Connection("east", {"host": "https://h", "api_key": "t", "proxy": "http://u:SECRET@p"})
        assert "mesh_kube.proxy has a password in it" in helm.faults(proxied, {})[0]
        assert "sets both K8S_AUTH_SSL_CA_CERT and K8S_AUTH_CONTEXT" in helm.faults(Connection("east", {"context": "c"}), {**AWX, "K8S_AUTH_CONTEXT": "hub"})[0]


@pytest.mark.parametrize(("no_proxy", "host", "port", "expected"), [
    ("", "a", 443, False), ("*", "a", 443, True), ("a,b", "b", 443, True), ("example.com", "x.EXAMPLE.com", 443, True),
    (".example.com", "example.com", 443, True),
    ("*.example.com", "x.example.com", 443, True), ("example.com", "badexample.com", 443, False), ("10.0.0.0/8", "10.1.2.3", 443, True),
    ("10.0.0.0/8", "11.1.2.3", 443, False), ("fd00::/8", "fd00::1", 443, True), ("fd00::1", "fd00::1", 443, True), ("[fd00::1]:6443", "fd00::1", 6443, True),
    ("h:6443", "h", 6443, True), ("h:6443", "h", 443, False), ("10.0.0.0/99", "10.0.0.1", 443, False), (" , h ", "h.", 443, True),
])  # fmt: skip
def test_which_servers_are_spared_the_proxy(no_proxy: str, host: str, port: int, expected: bool) -> None:
    assert spared(no_proxy, host, port) is expected
