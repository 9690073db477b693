# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value of a connection that is not known to be harmless is neither shown nor returned."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._ansible.masking import masked, secrets_of
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plugin(**parts):
    return {"kubeconfig": {"users": [{"name": "u", "user": {"exec": {"command": "aws", "apiVersion": "v1", **parts}}}]}}


# A connection, and what of it nobody may see.
CONNECTIONS = {
    "a token": ({"api_key": "t0ken-of-west"}, ["t0ken-of-west"]),
    "a password": ({"username": "admin", "password": "p4ssw0rd"}, ["p4ssw0rd"]),
    "a plugin's environment": (plugin(env=[{"name": "AWS_SECRET_ACCESS_KEY", "value": "wJalrXUtnFEMI"}]), ["wJalrXUtnFEMI"]),
    "a plugin's argument": (plugin(args=["get-token", "--client-secret=argum3nt"]), ["argum3nt"]),
    "a plugin's argument in two words": (plugin(args=["get-token", "--client-secret", "argum3nt"]), ["argum3nt"]),
    "headers for the proxy": ({"proxy_headers": {"proxy_basic_auth": "ana:pr0xy-p4ss"}}, ["pr0xy-p4ss", coded("ana:pr0xy-p4ss")]),
    "headers for the server": ({"proxy_headers": {"basic_auth": "user:pr0xy-b4sic"}}, ["pr0xy-b4sic"]),
    "a proxy with a password": ({"proxy": "http://ana:pr0xy%2Dp4ss@proxy.example:3128"}, ["pr0xy%2Dp4ss", "pr0xy-p4ss", coded("ana:pr0xy-p4ss")]),
    "a host with a password": ({"host": "https://ana:p4ssw0rd@west.example"}, ["p4ssw0rd"]),
    "a kubeconfig's proxy": ({"kubeconfig": {"clusters": [{"name": "c", "cluster": {"proxy-url": "http://ana:pr0xy-p4ss@p:1"}}]}}, ["pr0xy-p4ss"]),
    "a kubeconfig's provider": ({"kubeconfig": {"users": [{"user": {"auth-provider": {"config": {"id-token": "1d-t0ken"}}}}]}}, ["1d-t0ken"]),
    "a kubeconfig as text": ({"kubeconfig": "users:\n- name: u\n  user: {}\n  token: t0ken-of-west\n"}, ["  token: t0ken-of-west\n"]),
    "a key in place of its path": ({"client_key": KEY}, [KEY]),
    "the base64 of a key in place of its path": ({"client_key": coded(KEY)}, [coded(KEY), KEY]),
}


@pytest.mark.parametrize("place", ["itself", "root", "links", "primary"])
@pytest.mark.parametrize(("kube", "values"), CONNECTIONS.values(), ids=CONNECTIONS)
def test_a_connection_shows_nothing_of_it_wherever_it_stands(kube, values, place):
    params = {"itself": kube, "root": {"root": {"kube": kube}}, "links": {"links": [{"name": "west", "kube": kube}]}, "primary": {"primary_kube": kube}}[place]
    text = json.dumps(masked(params))
    hidden = set(secrets_of(params))
    for value in values:
        assert json.dumps(value)[1:-1] not in text
        assert any(value in secret for secret in hidden), (value, hidden)


@pytest.mark.parametrize(("words", "shown", "hidden"), [
    (["sign", "--token", "s1gn-t0ken", "--ca", "prod"], ["sign", "--token", HIDDEN, "--ca", "prod"], ["s1gn-t0ken"]),
    (["gpg", "--passphrase=0pen-sesame", "--decrypt"], ["gpg", f"--passphrase={HIDDEN}", "--decrypt"], ["0pen-sesame"]),
    (["openssl", "enc", "-pass", "pass:0pen-sesame"], ["openssl", "enc", "-pass", HIDDEN], ["pass:0pen-sesame"]),
    (["gpg", "--passphrase-file", "/etc/phrase"], ["gpg", "--passphrase-file", "/etc/phrase"], []),
], ids=["two words", "one word", "openssl", "a path"])  # fmt: skip
@pytest.mark.parametrize("option", ["encrypt", "decrypt", "command"])
def test_a_command_of_the_user_shows_no_secret_among_its_words(words, shown, hidden, option):
    params = {"root": {"source": "command", option: words}} if option == "command" else {option: words}
    told = masked(params)
    assert told.get("root", told)[option] == shown
    assert sorted(secrets_of(params)) == hidden


def test_of_a_second_cluster_only_what_is_known_to_be_harmless_is_shown():
    kube = {"context": "west", "cluster": "west", "host": "https://ana:p4ssw0rd@west.example", "kubeconfig": "/home/ana/.kube/config", "read_timeout": 3.0}
    assert masked({"lease": {"kube": {**kube, "validate_certs": True, "api_key": None, "of_tomorrow": "n3w"}}}) == {
        "lease": {
            "kube": {
                "context": "west", "cluster": "west", "host": "https://west.example", "kubeconfig": HIDDEN, "read_timeout": 3.0,
                "validate_certs": True, "api_key": None, "of_tomorrow": HIDDEN,
            }
        }
    }  # fmt: skip


def test_of_the_primary_of_a_cluster_no_more_is_shown():
    assert masked({"primary_kube": {"context": "west", "of_tomorrow": "n3w"}}) == {"primary_kube": {"context": "west", "of_tomorrow": HIDDEN}}


def test_of_the_first_cluster_paths_are_shown():
    paths = {"kubeconfig": "/home/ana/.kube/config", "ca_cert": "/etc/ca.crt", "client_key": "/etc/c.key", "context": "east"}
    assert masked(paths) == paths
    assert set(secrets_of(paths)) == set()
    assert masked({"kubeconfig": {"users": []}, "proxy": "http://ana:pw@proxy.example:1"}) == {"kubeconfig": HIDDEN, "proxy": "http://proxy.example:1"}


def test_what_names_a_place_or_a_person_blots_nothing_out():
    """Names of clusters, regions and profiles occur in many messages and facts."""
    env = [{"name": name, "value": "production"} for name in ("AWS_PROFILE", "AWS_REGION", "TELEPORT_CLUSTER", "AZURE_TENANT_ID", "HTTPS_PROXY_HOST")]
    kube = plugin(env=env, args=["eks", "get-token", "--cluster-name", "production"])
    assert set(secrets_of(kube | {"context": "production", "cluster": "production"})) == set()


@pytest.mark.parametrize("held", [
    pytest.param({"password": {"inner": "s3cr3t-v4lue"}}, id="a mapping"),
    pytest.param([{"key": "password", "value": "s3cr3t-v4lue"}], id="a list of keys and values"),
    pytest.param({"a": [["s3cr3t-v4lue"]]}, id="lists in lists"),
    pytest.param("s3cr3t-v4lue", id="text"),
])  # fmt: skip
@pytest.mark.parametrize("part", ["data", "stringData"])
def test_every_leaf_of_a_secret_is_hidden(part, held):
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, part: held}
    assert "s3cr3t-v4lue" in set(secrets_of({"manifests": [manifest]}))
    assert "s3cr3t-v4lue" not in json.dumps(masked({"manifests": [manifest], "manifest": manifest}))


@pytest.mark.parametrize(("said", "shown"), [
    ("the proxy socks5://user:s3cr3t-pw@proxy.example:1080 is not an http:// address.", "the proxy socks5://proxy.example:1080 is not an http:// address."),
    ("https://user@east.example:6443 and http://a:b@c:1/path@x", "https://east.example:6443 and http://c:1/path@x"),
    ("spiffe://shop.example/ns/a/sa/b@c and team@shop.example", "spiffe://shop.example/ns/a/sa/b@c and team@shop.example"),
])  # fmt: skip
@pytest.mark.parametrize("kind", [MeshError, Refused])
def test_no_sentence_holds_what_stands_before_a_host(kind, said, shown):
    assert str(kind(said)) == shown


def test_headers_of_a_gate_are_hidden_in_all_forms_and_their_names_are_shown():
    headers = {"Authorization": "Basic " + coded("mesh:a-long-password"), "X-Key": "key-of-a-gate"}
    gates = {"gates": [{"name": "errors", "prometheus": {"url": "https://prometheus.example", "headers": headers}}]}
    assert {headers["Authorization"], coded("mesh:a-long-password"), "mesh:a-long-password", "key-of-a-gate"} <= set(secrets_of(gates))
    assert "errors" not in set(secrets_of(gates))
    shown = masked(gates)["gates"][0]["prometheus"]
    assert shown == {"url": "https://prometheus.example", "headers": dict.fromkeys(headers, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")}
