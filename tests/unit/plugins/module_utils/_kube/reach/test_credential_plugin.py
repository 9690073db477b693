# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A credential plugin: what it is asked, what is used of its answer, and that no file holds any of it."""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.credential_plugin import issued
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue

V1 = "client.authentication.k8s.io/v1"
ROOT = issue.new_root("root", "o", "P-256", datetime.now(UTC), 1)
LEAF = issue.new_leaf(ROOT, ["admin"], "o", "P-256", datetime.now(UTC), 1)


def answer(version: str = V1, **status: Any) -> str:
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})


@pytest.fixture
def plugin(tmp_path: Path) -> Any:
    """The `exec` of a user in a kubeconfig. Its program stores the question and prints the answer."""

    def write(printed: str, code: int = 0, said: str = "", **told: Any) -> dict[str, Any]:
        script = tmp_path / "plugin.py"
        script.write_text(
            f"import os, sys\nopen({str(tmp_path / 'question')!r}, 'w').write(os.environ['KUBERNETES_EXEC_INFO'])\n"
            f"print({printed!r}.replace('PROFILE', os.environ.get('PROFILE', '')))\nprint({said!r}, file=sys.stderr)\nsys.exit({code})"
        )
        return {"apiVersion": V1, "command": sys.executable, "args": [str(script)], "interactiveMode": "IfAvailable", **told}

    return write


def asked(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "question").read_text())
    return found


CLUSTER = {"server": "https://east.example:6443", "tls-server-name": "api", "proxy-url": "http://p:3128", "insecure-skip-tls-verify": True}
ACCESS = Access("https://east.example:6443", ca=b"the CA", verify=False)


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_each_version_of_the_protocol_is_spoken(plugin, tmp_path, version):
    spoken = f"client.authentication.k8s.io/{version}"
    found = issued(plugin(answer(spoken, token="t"), apiVersion=spoken), CLUSTER, ACCESS)
    assert (found.token, found.client_cert, found.client_key) == ("t", None, None)
    assert asked(tmp_path) == {"apiVersion": spoken, "kind": "ExecCredential", "spec": {"interactive": False}}


def test_a_plugin_that_wants_to_know_the_cluster_is_told(plugin, tmp_path):
    extensions = [{"name": "other", "extension": 1}, {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]
    issued(plugin(answer(token="t"), provideClusterInfo=True), {**CLUSTER, "extensions": extensions}, ACCESS)
    told = {**CLUSTER, "certificate-authority-data": base64.b64encode(b"the CA").decode(), "config": {"audience": "a"}}
    assert asked(tmp_path)["spec"] == {"interactive": False, "cluster": told}


def test_its_environment_and_arguments_are_those_of_the_kubeconfig(plugin):
    told = plugin(answer(token="of PROFILE"), env=[{"name": "PROFILE", "value": "shop"}])
    assert issued(told, CLUSTER, ACCESS).token == "of shop"
    assert issued({**told, "env": None, "args": told["args"]}, CLUSTER, ACCESS).token == "of "


@pytest.mark.parametrize(("printed", "code", "told", "said"), [
    ("", 255, {}, "returned 255: The session ended. Log in"),
    ("open https://login and enter SECRET" + answer(token="SECRET"), 0, {}, "did not answer with JSON"),
    ('["SECRET"]', 0, {}, "did not answer with JSON"),
    (answer("client.authentication.k8s.io/v1beta1", token="SECRET"), 0, {}, f"did not answer with an ExecCredential of {V1}"),
    (answer(), 0, {}, "answered with neither a token nor a client certificate"),
    (json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": None}), 0, {}, "answered with neither"),
    (answer(clientCertificateData="SECRET"), 0, {}, "gave a client certificate without a key"),
    (answer(clientKeyData="SECRET"), 0, {}, "gave a client key without a certificate"),
    (answer(token="SECRET"), 0, {"interactiveMode": "Always"}, "wants to ask a person (interactiveMode: Always)"),
    (answer(token="SECRET"), 0, {"apiVersion": "v1"}, "its apiVersion 'v1' is none of client.authentication.k8s.io/v1, "),
    (answer(token="SECRET"), 0, {"command": ""}, "the kubeconfig names no command for it"),
    (answer(token="SECRET"), 0, {"command": "no-such-plugin", "installHint": "Get it\n there."}, "cannot be run: No such file or directory. Get it there"),
    (answer(token="SECRET"), 0, {"command": "/"}, "/ cannot be run: Permission denied"),
])  # fmt: skip
def test_what_is_no_credential_is_told_without_its_answer(plugin, printed, code, told, said):
    with pytest.raises(MeshError) as raised:
        issued(plugin(printed, code, "The session ended.\nLog in.", **told), CLUSTER, ACCESS)
    assert said in str(raised.value)
    assert any(f". {words}" in str(raised.value) for words in ("Run it by hand", "Install it", "Use a token", "Have the program", "Enter the", "Get it there"))
    assert "SECRET" not in str(raised.value)


def test_a_plugin_that_waits_for_somebody_is_not_waited_for(tmp_path):
    told = {"apiVersion": V1, "command": sys.executable, "args": ["-c", "import time; time.sleep(60)"]}
    with pytest.raises(MeshError, match="gave no answer within 0.2 s; perhaps it waits for somebody to log in"):
        issued(told, CLUSTER, ACCESS, timeout=0.2)


def users() -> dict[str, Any]:
    certificate, key = LEAF.certificate.decode(), LEAF.key.decode()
    given = answer(clientCertificateData=certificate, clientKeyData=key)
    coded = {f"client-{part}-data": base64.b64encode(pem).decode() for part, pem in (("certificate", LEAF.certificate), ("key", LEAF.key))}
    asks = {"apiVersion": V1, "command": sys.executable, "args": ["-c", f"print({given!r})"]}
    return {"plugin": {"exec": asks, **coded}, "certificate": coded}


def provider() -> dict[str, Any]:
    """A user with an id-token that is still valid, in the protocol before plugins."""
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, {"exp": 9999999999}))
    config = {"id-token": f"{head}.{body}.sig", "idp-issuer-url": "https://idp.example"}
    return {"auth-provider": {"name": "oidc", "config": config}, **users()["certificate"]}


@pytest.mark.parametrize("user", [*users().values(), provider()], ids=["plugin", "certificate", "auth-provider"])
def test_no_file_is_left_by_a_process_that_ends_as_ansibles_workers_do(tmp_path, monkeypatch, user):
    """They end without atexit before Python 3.13."""
    empty = tmp_path / "empty"
    empty.mkdir()
    config = {
        "clusters": [{"name": "east", "cluster": {"server": "https://h", "certificate-authority-data": base64.b64encode(ROOT.certificate).decode()}}],
        "users": [{"name": "east", "user": user}],
        "contexts": [{"name": "east", "context": {"cluster": "east", "user": "east"}}],
    }
    monkeypatch.setenv("TMPDIR", str(empty))
    child = os.fork()
    if not child:
        code = 1
        try:
            tempfile.tempdir = None
            found = connect({"kubeconfig": config}, environ={})._server.transport.access
            given = found.client_key == LEAF.key or ("Authorization" in dict(found.headers) and found.client_key is None)
            code = 0 if given and tempfile.gettempdir() == str(empty) else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert list(empty.iterdir()) == []
