# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that end in the middle of a run, on a real API server."""

from __future__ import annotations

import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Denied
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, namespace, secret
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import Way

_NUMBERS = itertools.count(1)
# A credential plugin: it counts its calls, and hands out what is next; the last one for ever, or nothing.
PLUGIN = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
calls = folder / "calls"
with calls.open("a") as file:
    file.write("x")
given = json.loads((folder / "given").read_text())
status = given[min(calls.stat().st_size, len(given)) - 1]
if status is None:
    sys.exit("the identity provider is closed")
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}))
"""


@pytest.fixture
def direct(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.fixture
def place(direct: Cluster) -> str:
    name = f"renewal-{next(_NUMBERS)}"
    direct.apply([namespace(name)])
    return name


class Tokens:
    """Tokens of the administrator's account. Each is bound to a Secret and ends with it."""

    def __init__(self, cluster: Cluster, way: Way) -> None:
        self.cluster, self.way = cluster, way
        self._bound: dict[str, Ref] = {}

    def new(self) -> str:
        held = secret("default", token="bound")
        held["metadata"]["name"] = f"bound-{next(_NUMBERS)}"
        (change,) = self.cluster.apply([held])
        bound = {"apiVersion": "v1", "kind": "Secret", "name": change.ref.name, "uid": change.after["metadata"]["uid"]}
        spec = {"expirationSeconds": 600, "boundObjectRef": bound}
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = self.cluster._server.transport.request("POST", "/api/v1/namespaces/default/serviceaccounts/admin/token", body=request)
        token = str(answer.json()["status"]["token"])
        self._bound[token] = change.ref
        return token

    def revoke(self, *tokens: str) -> None:
        """Revoke a token. The server accepts it for ten more seconds."""
        self.cluster.delete([self._bound[token] for token in tokens])
        for token in tokens:
            stranger = connect({"host": self.way.url, "ca_cert": self.way.ca, "api_key": token}, environ={})
            end = time.monotonic() + 30
            while stranger._server.transport.request("GET", "/api/v1/namespaces/default").status != 401:
                assert time.monotonic() < end
                time.sleep(0.2)


@pytest.fixture
def tokens(direct: Cluster, way: Way) -> Tokens:
    return Tokens(direct, way)


def kubeconfig(way: Way, user: dict[str, Any]) -> dict[str, Any]:
    config = yaml.safe_load(Path(way.kubeconfig).read_text())
    config["users"] = [{"name": "admin", "user": user}]
    config["contexts"] = [entry for entry in config["contexts"] if entry["name"] == "admin"]
    return dict(config)


def by_plugin(way: Way, folder: Path, *given: Any) -> Cluster:
    folder.mkdir()
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "given").write_text(json.dumps(given))
    called = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(folder / "plugin.py"), str(folder)]}
    return connect({"kubeconfig": kubeconfig(way, {"exec": {**called, "interactiveMode": "Never"}}), "cluster": "east"}, environ={})


def calls(folder: Path) -> int:
    return (folder / "calls").stat().st_size


def some(place: str, count: int, word: str = "1") -> list[dict[str, Any]]:
    return [config_map(place, f"c{number:03}", a=word) for number in range(count)]


def test_tokens_that_are_revoked_in_the_middle_of_runs(way: Way, place: str, tokens: Tokens, tmp_path: Path):
    """Five cases in which a run goes on or says why it cannot, with one wait until the server has forgotten the tokens."""
    old = [tokens.new() for _run in range(5)]
    new = tokens.new()
    token_file = tmp_path / "token"
    token_file.write_text(old[4])
    runs = {
        "plugin": by_plugin(way, tmp_path / "plugin", {"token": old[0]}, {"token": new}),
        "same": by_plugin(way, tmp_path / "same", {"token": old[1]}, {"token": old[1]}),
        "closed": by_plugin(way, tmp_path / "closed", {"token": old[2]}, None),
        "static": connect({"host": way.url, "ca_cert": way.ca, "api_key": old[3], "cluster": "east"}, environ={}),
        "file": connect({"kubeconfig": kubeconfig(way, {"tokenFile": str(token_file)}), "cluster": "east"}, environ={}),
    }
    for name, run in runs.items():
        assert run.create(config_map(place, f"before-{name}", a="1")), name
    tokens.revoke(*old)
    token_file.write_text(new + "\n")

    for name in ("plugin", "file"):
        assert {change.action for change in runs[name].apply(some(place, 40, name))} <= {"created", "updated"}
        assert len(runs[name].list("v1", "ConfigMap", place)) >= 40
    assert calls(tmp_path / "plugin") == 2, "once at the start, and once by the first of eight threads"

    for name, said in {
        "same": "does not accept the credential (401): the token or certificate is expired, revoked or of another cluster. Get a new one and run again.",
        "static": "does not accept the credential (401): the token or certificate is expired, revoked or of another cluster. Get a new one and run again.",
        "closed": "does not accept the credential any more (401), and its renewal failed: The credential plugin of context admin gave no credential",
    }.items():
        with pytest.raises(Denied) as denied:
            runs[name].get_all(Ref.of(wish) for wish in some(place, 40))
        assert str(denied.value).startswith("east: the API server " + said), name
        assert str(denied.value).count("east:") == 1, "told once, not once per thread"
        assert old[1] not in str(denied.value)
    assert (calls(tmp_path / "same"), calls(tmp_path / "closed")) == (2, 2)


def certificate(folder: Path, name: str, seconds: float) -> dict[str, str]:
    """A client certificate of an administrator, valid for so long."""
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    signer: Any = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:masters"), x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(authority.subject, x509.Name(subject), key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(seconds=seconds))
    built = built.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return {
        "clientCertificateData": built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(),
        "clientKeyData": private.decode(),
    }


def test_a_client_certificate_that_expires_in_the_middle_of_a_run(way: Way, api_server: Any, place: str, tmp_path: Path):
    """The new one needs new connections."""
    folder = api_server.directory / "pki"
    run = by_plugin(way, tmp_path / "plugin", certificate(folder, "first", 3), certificate(folder, "second", 600))
    assert run.create(config_map(place, "before", a="1"))
    pool = run._server.transport._pool
    time.sleep(3.2)
    with ThreadPoolExecutor(8) as threads:
        changes = list(threads.map(lambda wish: run.apply([wish]), some(place, 24)))
    assert {change.action for (change,) in changes} == {"created"}
    assert calls(tmp_path / "plugin") == 2
    assert run._server.transport._pool is not pool
    answer = run._server.transport.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body={})
    assert answer.json()["status"]["userInfo"]["username"] == "second"
