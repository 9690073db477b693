# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From connection options to a cluster: what is accepted, what is refused, and the messages."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import sys
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube import connect as connecting
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import ARGUMENTS, connect, connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.kubeconfig import contexts
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused


def config(*names: str, **users: Any) -> dict[str, Any]:
    return {
        "current-context": names[0] if names else "",
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443/"}} for name in names],
        "users": [{"name": name, "user": users.get(name, {"token": f"token of {name}"})} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
    }


def access(environ: dict[str, str] | None = None, **params: Any) -> Access:
    return connect(params, environ=environ or {})._server.transport.access


@pytest.fixture
def kubeconfig(tmp_path):
    def write(content: Any, name: str = "config") -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return str(path)

    return write


def test_the_options_are_those_of_kubernetes_core_and_our_own():
    assert {"kubeconfig", "context", "host", "api_key", "impersonate_user"} <= set(ARGUMENTS)
    assert {"cluster", "cluster_uid", "write_rate", "request_timeout", "patience"} <= set(ARGUMENTS)


def test_a_context_of_a_file(kubeconfig):
    found = connect({"kubeconfig": kubeconfig(config("east", "west")), "context": "west"}, environ={})
    assert (found.name, found.server) == ("west", "https://west.example:6443")
    assert dict(found._server.transport.access.headers) == {"Authorization": "Bearer token of west"}


def test_the_name_in_the_inventory_comes_first(kubeconfig):
    assert connect({"kubeconfig": config("east"), "cluster": "prod-east"}, environ={}).name == "prod-east"
    assert connect({"host": "https://10.0.0.1:6443/", "api_key": "t"}, environ={}).name == "10.0.0.1"


def limits(**params: Any) -> Limits:
    return connect({"host": "https://h", "api_key": "t", **params}, environ={})._server.transport.limits


def test_limits_are_options():
    assert limits() == Limits()
    given = limits(request_timeout=5, patience="120", write_rate="2.5")
    assert (given.read, given.patience, given.write_rate, given.connect, given.attempts) == (5, 120, 2.5, 5, 20)


@pytest.mark.parametrize("name", ["request_timeout", "patience", "write_rate"])
@pytest.mark.parametrize("value", [0, -1, "soon", "inf", "nan", [1]])
def test_a_limit_is_a_positive_number(name, value):
    with pytest.raises(Refused, match=f"^east: {name} is .* but must be a number greater than 0"):
        limits(cluster="east", **{name: value})


def test_several_files_are_merged_as_kubectl_does(kubeconfig):
    both = f"{kubeconfig(config('east'), 'a')}:{kubeconfig(config('east', 'west'), 'b')}:/nowhere"
    assert access(kubeconfig=both, context="west").server == "https://west.example:6443"


def test_of_a_file_only_what_is_chosen_is_looked_into(kubeconfig):
    """YAML aliases and merged keys work. An entry that YAML cannot construct disturbs only the one who chooses it."""
    written = yaml.safe_dump(config("east", "west")).replace("token: token of west", "token: !!python/name:os.system secret-of-west")
    written = written.replace("token: token of east", "<<: &shared {token: shared}\n    as: viewer")
    assert access(kubeconfig=kubeconfig(written), context="east").headers == (("Authorization", "Bearer shared"), ("Impersonate-User", "viewer"))
    with pytest.raises(MeshError, match=r"is not valid YAML\. ") as told:
        access(kubeconfig=kubeconfig(written), context="west")
    assert "secret-of-west" not in str(told.value)


def test_entries_without_a_name_and_second_ones_are_passed_over(kubeconfig):
    written = config("east")
    written["users"] = [{"user": {"token": "nobody's"}}, "text", *written["users"], {"name": "east", "user": {"token": "second"}}]
    for source in (written, kubeconfig(written)):
        assert access(kubeconfig=source).headers == (("Authorization", "Bearer token of east"),)


def test_paths_in_a_file_are_relative_to_it(kubeconfig, tmp_path):
    written = config("east", east={"tokenFile": "token"})
    (tmp_path / "token").write_text("from a file\n")
    found = access(kubeconfig=kubeconfig(written))
    assert dict(found.headers) == {"Authorization": "Bearer from a file"}
    (tmp_path / "token").write_text("renewed")
    assert dict(found.renew().headers) == {"Authorization": "Bearer renewed"}


def test_a_file_with_a_token_goes_before_the_token_beside_it(kubeconfig, tmp_path):
    found = access(kubeconfig=kubeconfig(config("east", east={"token": "of yesterday", "tokenFile": "token"})))
    assert dict(found.headers) == {"Authorization": "Bearer of yesterday"}, "there is no such file yet"
    (tmp_path / "token").write_text("of today")
    assert dict(found.renew().headers) == {"Authorization": "Bearer of today"}


@pytest.mark.parametrize("token", ["s3cret\nof-another", "s3cret\r\nX: y", "s3cret\0", "s3cret\u2019"])
@pytest.mark.parametrize("how", ["api_key", "kubeconfig", "file", "renewed"])
def test_a_token_that_no_header_may_hold_is_refused_and_not_told(token, how, kubeconfig, tmp_path):
    """The library would quote it."""
    (tmp_path / "token").write_text("fine" if how == "renewed" else token, encoding="utf-8")
    ways = {"api_key": {"host": "https://h", "api_key": token}, "kubeconfig": {"kubeconfig": config("east", east={"token": token})}}
    given = ways.get(how, {"kubeconfig": kubeconfig(config("east", east={"tokenFile": "token"}))})

    def used():
        found = access(**given)
        (tmp_path / "token").write_text(token, encoding="utf-8")
        found.renew()

    with pytest.raises(Refused, match=r"The token or password for https://\S+ holds a line break, or a letter that no header may hold\. Nothing") as refused:
        used()
    assert "s3cret" not in str(refused.value)


def test_a_user_to_impersonate_that_no_header_may_hold_is_refused():
    with pytest.raises(Refused, match="The user to impersonate for https://h holds a line break"):
        access(host="https://h", api_key="t", impersonate_user="ana\nX: y")


def test_options_of_the_cluster_entry(kubeconfig):
    written = config("east")
    written["clusters"][0]["cluster"] |= {"tls-server-name": "api", "proxy-url": "http://p"}
    found = access(kubeconfig=written)
    assert (found.tls_server_name, found.proxy, found.verify) == ("api", "http://p", True)
    assert not access(kubeconfig=written, validate_certs=False).verify


def test_impersonation_of_the_user_entry_is_not_forgotten():
    found = access(kubeconfig=config("east", east={"token": "t", "as": "viewer", "as-groups": ["a", "b"]}))
    assert found.headers[1:] == (("Impersonate-User", "viewer"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
    extra = {"Example.com/Why": ["one", "two"], "scopes": None}
    found = access(kubeconfig=config("east", east={"token": "t", "as": "viewer", "as-uid": 7, "as-user-extra": extra}))
    assert found.headers[2:] == (("Impersonate-Uid", "7"), ("Impersonate-Extra-example.com%2Fwhy", "one"), ("Impersonate-Extra-example.com%2Fwhy", "two"))
    with pytest.raises(MeshError, match="as-user-extra in the kubeconfig, but no `as`"):
        access(kubeconfig=config("east", east={"token": "t", "as-uid": "7"}))


@pytest.mark.parametrize("extra", [{}, {"as-uid": "7"}, {"as-groups": ["system:masters"]}, {"as-user-extra": {"scopes": ["view"]}}], ids=str)
@pytest.mark.parametrize("user", [{}, {"as": "admin"}], ids=str)
@pytest.mark.parametrize("lacking", [{}, {"username": "me"}, {"client-key-data": "a2V5"}], ids=str)
def test_whom_to_impersonate_is_no_credential(user, extra, lacking):
    """The server would take the request for one of somebody anonymous. A task that brings a credential may leave the rest to the file."""
    given = config("east", east={**user, **extra, **lacking})
    with pytest.raises(MeshError, match="The user of context east has no credential in the kubeconfig. Add a token, a client certificate"):
        access(kubeconfig=given, impersonate_user="other")
    if user:
        assert access(kubeconfig=given, api_key="mine").headers[0] == ("Impersonate-User", "admin")


def test_options_win_over_the_file(kubeconfig):
    found = access(kubeconfig=config("east"), api_key="mine", impersonate_user="other", host="https://other:1")
    assert found.server == "https://other:1"
    assert dict(found.headers) == {"Authorization": "Bearer mine", "Impersonate-User": "other"}


def test_user_and_password():
    found = access(host="https://h", username="me", password="secret", impersonate_groups=["a", "b"])
    basic = base64.b64encode(b"me:secret").decode()
    assert found.headers == (("Authorization", f"Basic {basic}"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))


@pytest.mark.parametrize(("environ", "server"), [
    ({"K8S_AUTH_HOST": "https://e", "K8S_AUTH_API_KEY": "t"}, "https://e"),
    ({"K8S_AUTH_HOST": "https://e", "K8S_AUTH_API_KEY": "t", "K8S_AUTH_VERIFY_SSL": "no"}, "https://e"),
])  # fmt: skip
def test_the_environment_fills_what_the_task_leaves_open(environ, server):
    found = access(environ)
    assert found.server == server
    assert found.verify is ("K8S_AUTH_VERIFY_SSL" not in environ)


def test_a_cluster_that_is_named_is_not_reached_as_another_one(kubeconfig, tmp_path):
    """AWX sets these variables for one cluster. They must not decide how other clusters are verified."""
    written, ca = config("east"), tmp_path / "ca"
    written["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    ca.write_text("no CA of east")
    hub = {"K8S_AUTH_HOST": "https://hub", "K8S_AUTH_API_KEY": "hub", "K8S_AUTH_SSL_CA_CERT": str(ca)}
    assert access({**hub, "K8S_AUTH_VERIFY_SSL": "False"}, kubeconfig=config("east")).verify
    assert not access({**hub, "K8S_AUTH_VERIFY_SSL": "True"}, kubeconfig=written).verify
    found = access({**hub, "K8S_AUTH_VERIFY_SSL": "False"}, host="https://east", api_key="mine")
    assert (found.server, found.verify, found.ca, found.headers) == ("https://east", True, None, (("Authorization", "Bearer mine"),))


@pytest.mark.parametrize("told", [
    {"verify_ssl": "no", "host": "https://east", "api_key": "t"},
    {"validate_certs": "False", "host": "https://east", "api_key": "t"},
])  # fmt: skip
def test_a_peer_s_options_mean_what_a_task_s_do(told):
    assert connect_to(Connection.of_task(told, peer=True), environ={})._server.transport.access.verify is False


def test_a_peer_is_looked_up_where_the_task_s_own_cluster_is(kubeconfig, tmp_path):
    path = kubeconfig(config("east", "west"))
    for environ in ({"KUBECONFIG": path}, {"K8S_AUTH_KUBECONFIG": path}):
        assert connect_to(Connection.of_task({"context": "west"}, peer=True), environ=environ).server == connect({"context": "west"}, environ=environ).server


@pytest.mark.parametrize(("told", "said"), [
    ({"cluster": "west", "contxt": "west"}, "^west: kube has no option contxt"),
    ({"cluster": "west", "host": "https://h", "api_key": ["SECRET"]}, "^west: kube.api_key is a list but must be text.$"),
    ({"cluster": "west"}, "^west: No cluster is named"),
    ({"cluster": "west", "host": "https://h", "client_cert": "/c"}, "^west: client_cert is given without client_key. Give both, or neither.$"),
])  # fmt: skip
def test_a_peer_of_the_wrong_kind_is_refused_by_name(told, said):
    with pytest.raises(Refused, match=said) as raised:
        connect_to(Connection.of_task(told, peer=True), environ={"K8S_AUTH_HOST": "https://hub", "K8S_AUTH_API_KEY": "hub"})
    assert "SECRET" not in str(raised.value)


def test_a_kubeconfig_may_give_the_address_alone(kubeconfig):
    found = access(kubeconfig=kubeconfig(config("east", east={})), api_key="mine")
    assert (found.server, found.headers) == ("https://east.example:6443", (("Authorization", "Bearer mine"),))


def test_a_bare_context_is_looked_up_where_kubectl_would(kubeconfig):
    path = kubeconfig(config("east", "west"))
    assert access({"KUBECONFIG": path}, context="west").server == "https://west.example:6443"


@pytest.mark.parametrize(("params", "told"), [
    ({}, "No cluster is named: give kubeconfig and context, or host and api_key."),
    ({"host": "https://h"}, "No credential is given for https://h"),
    ({"kubeconfig": "/nowhere"}, "The kubeconfig /nowhere does not exist. Put the file there, or name another one as `kubeconfig` in mesh_kube"),
    ({"kubeconfig": config("b", "a")}, "with `context`; there are: a, b."),
    ({"kubeconfig": config("a", "b"), "context": "c"}, "There is no context c in the kubeconfig given as a dictionary; there are: a, b. Correct `context`"),
    ({"kubeconfig": {}}, "there are: none"),
    ({"kubeconfig": {**config("a"), "clusters": [{"name": "a", "cluster": {}}]}}, "The cluster of context a has no server in the kubeconfig. Enter the URL"),
    ({"kubeconfig": config("a", a={})}, "The user of context a has no credential in the kubeconfig. Add a token, a client certificate"),
    ({"kubeconfig": config("a", a={"client-certificate-data": "%"})}, "client-certificate-data of the kubeconfig is not base64. Write it anew"),
    ({"kubeconfig": config("a", a={"tokenFile": "/nowhere"})}, "The token file /nowhere cannot be read: No such file or directory. Put the file there"),
    ({"kubeconfig": config("a", a={"tokenFile": "/"})}, "The token file / cannot be read: Is a directory. Name a file in it."),
    ({"kubeconfig": {**config("a"), "clusters": []}}, "has no entry a among its clusters. Add it, or correct what names it in the context."),
    ({"host": "https://h", "api_key": "t", "ca_cert": "/nowhere"}, "The CA certificate /nowhere cannot be read"),
    ({"host": "https://h", "api_key": "t", "proxy": "socks5://p"}, "is not an http:// or https:// address"),
])  # fmt: skip
def test_a_refusal_says_what_was_seen_and_what_to_do(params, told):
    with pytest.raises(MeshError) as refused:
        connect({"cluster": "east", **params}, environ={})
    said = str(refused.value)
    assert said.startswith("east: ")
    assert told in said
    assert re.search(r"[:.] (add|correct|enter|give|name|put|write)\b", said, re.IGNORECASE)


@pytest.mark.parametrize(("server", "told"), [
    ("127.0.0.1:6443", "write https://127.0.0.1:6443"),
    ("api.example", "write https://api.example"),
    ("ftp://api.example", "write https://api.example"),
    ("https://", "is not the URL of an API server"),
    ("https://h:port", "The server's address cannot be read: write it as https://host:port"),
    ("https://me:secret-word@h", "has a user in it: write https://h, and give the credential by itself"),
    ("http://h:8080", "is an http:// address, so everybody on the way could read the token or password. Nothing was sent"),
])  # fmt: skip
@pytest.mark.parametrize("how", ["host", "kubeconfig", "exec", "password"])
def test_no_credential_is_sent_in_the_open_or_to_what_is_no_server(monkeypatch, tmp_path, server, told, how):
    monkeypatch.setattr(connecting.Cluster, "uid", lambda _self: pytest.fail("asked"))
    granted = json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}})
    written = plugin(tmp_path, granted) if how == "exec" else config("east")
    written["clusters"][0]["cluster"]["server"] = server
    ways = {"host": {"host": server, "api_key": "t"}, "password": {"host": server, "username": "me", "password": "p"}}
    with pytest.raises(Refused, match=f"^east: .*{told}") as refused:
        connect({"cluster": "east", "cluster_uid": "u", **ways.get(how, {"kubeconfig": written})}, environ={})
    assert "secret-word" not in str(refused.value)


def test_of_many_contexts_those_that_resemble_the_wanted_one_come_first():
    fleet = config(*(f"c{number:03}" for number in range(200)), "prod-east")
    with pytest.raises(MeshError) as refused:
        connect({"cluster": "east", "kubeconfig": fleet, "context": "prod-eats"}, environ={})
    told = str(refused.value)
    assert told.startswith("east: There is no context prod-eats in the kubeconfig given as a dictionary; there are: prod-east, c000, c001, ")
    assert " and 191 more. Correct `context`" in told


def test_without_a_home_there_is_a_sentence(monkeypatch, kubeconfig):
    """A random user of a container has no home directory."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 1234567890)
    with pytest.raises(MeshError, match=r"^The kubeconfig ~/\.kube/config does not exist"):
        connect({"context": "east"}, environ={})
    with pytest.raises(MeshError, match=r"The CA certificate ~/ca cannot be read: No such file"):
        connect({"host": "https://h", "api_key": "t", "ca_cert": "~/ca"}, environ={})


def test_a_relative_path_is_told_with_the_place_where_it_was_looked_for(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for params in ({"kubeconfig": "kube/east"}, {"host": "https://h", "api_key": "t", "ca_cert": "kube/east"}):
        with pytest.raises(MeshError, match=f"kube/east .*It was looked for in {tmp_path}. Put the file there"):
            connect(params, environ={})


@pytest.mark.parametrize("key", ["certificate-authority", "client-certificate", "client-key", "tokenFile"])
def test_content_in_the_place_of_a_path_in_a_file_is_not_shown(kubeconfig, key):
    written = config("east", east={"token": "t"} if key == "certificate-authority" else {})
    entry = written["clusters"][0]["cluster"] if key == "certificate-authority" else written["users"][0]["user"]
    entry[key] = "-----BEGIN PRIVATE KEY-----\nsecret-word\n"
    for source in (written, kubeconfig(written)):
        with pytest.raises(MeshError, match="holds a private key itself, where the path of a file belongs") as told:
            access(kubeconfig=source)
        assert "secret-word" not in str(told.value)


@pytest.mark.parametrize("how", ["kubeconfig", "client_key", "ca_cert"])
@pytest.mark.parametrize("content", [
    "-----BEGIN PRIVATE KEY-----\nsecret-word", "x" * 5000 + "secret-word", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCnNlY3JldC13b3Jk",
])  # fmt: skip
def test_content_in_the_place_of_a_path_is_not_shown(how, content):
    given = {"host": "https://h", "client_cert": __file__, "client_key": __file__} if how != "kubeconfig" else {}
    with pytest.raises(MeshError, match=rf"^east: {how} holds .* itself, where .* give a path") as told:
        connect({"cluster": "east", **given, how: content}, environ={})
    assert "secret-word" not in str(told.value) and content not in str(told.value)


@pytest.mark.parametrize(("content", "told"), [
    ("a: [secret-word", "is not valid YAML"),
    ("", "is empty"),
    ("text", "is empty"),
])  # fmt: skip
def test_broken_files_do_not_show_their_content(kubeconfig, content, told):
    with pytest.raises(MeshError, match=told) as refused:
        connect({"kubeconfig": kubeconfig(content)}, environ={})
    assert "secret-word" not in str(refused.value)


def test_what_is_wrong_with_a_certificate_is_told_of_its_cluster():
    written = config("east")
    written["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(base64.b64encode(b"-----BEGIN CERTIFICATE-----")).decode()
    with pytest.raises(MeshError, match=r"^prod-east: The CA certificate given for https://east\.example:6443 is not readable PEM"):
        connect({"cluster": "prod-east", "kubeconfig": written}, environ={})


def test_bad_certificates_are_told(kubeconfig):
    with pytest.raises(MeshError, match="CA certificate given for https://h is not readable PEM"):
        Access("https://h", ca=b"no").tls()
    with pytest.raises(MeshError, match="client certificate and key for https://h do not load"):
        Access("https://h", client_cert=b"no", client_key=b"no").tls()


def test_tls_is_as_strict_as_kubectl():
    context = Access("https://h").tls()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert not context.verify_flags & getattr(ssl, "VERIFY_X509_STRICT", 0)
    assert Access("https://h", verify=False).tls().verify_mode == ssl.CERT_NONE
    assert Access("http://h").tls() is None


@pytest.mark.parametrize(("spared", "used"), [
    ("", True), ("10.0.0.0/8", False), ("example.com", True), ("10.1.2.3", False), ("*", False), ("10.1.0.0/24,x", True),
])  # fmt: skip
def test_some_servers_are_spared_the_proxy(spared, used):
    found = Access("https://10.1.2.3:6443", proxy="http://p:1", no_proxy=spared).via
    assert (found.url if found else None) == ("http://p:1" if used else None)


def test_domains_are_spared_with_what_is_below_them():
    for spared in ("example.com", ".example.com"):
        assert Access("https://api.example.com", proxy="http://p", no_proxy=spared).via is None


def plugin(tmp_path, answer: str, code: int = 0) -> dict[str, Any]:
    script = tmp_path / "plugin.py"
    script.write_text(f"import sys\nprint({answer!r})\nsys.exit({code})")
    called = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(script)]}
    return config("east", east={"exec": {**called, "interactiveMode": "Never"}})


def test_a_credential_plugin_is_asked(tmp_path):
    status = {"token": "from the plugin"}
    told = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    found = access(kubeconfig=plugin(tmp_path, json.dumps(told)))
    assert dict(found.headers) == {"Authorization": "Bearer from the plugin"}
    assert dict(found.renew().headers) == {"Authorization": "Bearer from the plugin"}


def test_impersonation_beside_a_credential_plugin_is_not_forgotten(tmp_path):
    told = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}
    written = plugin(tmp_path, json.dumps(told))
    written["users"][0]["user"] |= {"as": "viewer", "as-groups": ["a"]}
    expected = (("Authorization", "Bearer t"), ("Impersonate-User", "viewer"), ("Impersonate-Group", "a"))
    assert access(kubeconfig=written).headers == access(kubeconfig=written).renew().headers == expected


def test_a_credential_plugin_that_fails_is_told(tmp_path):
    with pytest.raises(MeshError, match=r"The credential plugin of context east gave no credential: .* returned 3: it said nothing"):
        access(kubeconfig=plugin(tmp_path, "", 3))


def test_the_pinned_cluster_is_the_only_one(monkeypatch):
    monkeypatch.setattr(connecting.Cluster, "uid", lambda _self: "here")
    params = {"host": "https://h", "api_key": "t", "cluster": "east"}
    assert connect({**params, "cluster_uid": "here"}, environ={}).name == "east"
    with pytest.raises(Refused, match="east: the cluster at https://h is not the one pinned: kube-system has UID here"):
        connect({**params, "cluster_uid": "there"}, environ={})


class TestContexts:
    """The clusters to which contexts lead, without reading credentials."""

    def test_are_told_with_what_decides_where_they_lead(self, kubeconfig):
        written = config("a", "b")
        written["clusters"][1]["cluster"] |= {"tls-server-name": "b.inside", "proxy-url": "http://proxy:3128"}
        written["users"] = []
        told = [(one.name, one.server, one.through) for one in contexts(kubeconfig(written))]
        assert told == [("a", "https://a.example:6443/", ""), ("b", "https://b.example:6443/", "b.inside http://proxy:3128")]

    @pytest.mark.parametrize(("change", "said"), [
        ({"clusters": []}, "has no entry a among its clusters"),
        ({"contexts": [{"name": "a"}]}, "has no entry a among its contexts"),
    ])  # fmt: skip
    def test_that_lead_nowhere_are_told_of(self, kubeconfig, change, said):
        with pytest.raises(MeshError, match=said):
            contexts(kubeconfig({**config("a"), **change}))

    def test_may_be_none(self, kubeconfig):
        assert contexts(kubeconfig({"kind": "Config", "contexts": None})) == []
