# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible around a reconcile: results, failures, and what must never be shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args
from ansible_collections.meshops.lifecycle.plugins.module_utils._ansible import run as running
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

KEY = "-----BEGIN EC PRIVATE KEY-----\nabcdefghijkl\n-----END EC PRIVATE KEY-----\n"
CODED = base64.b64encode(KEY.encode()).decode()
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": CODED}, "stringData": {"p": KEY}}
KUBECONFIG = {"users": [{"name": "u", "user": {"token": "kubeconfig-token", "client-key-data": CODED, "client-certificate-data": "crt"}}]}
SHOW = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
SPEC = {"manifests": {"type": "list", "elements": "dict"}, "peers": {"type": "list", "elements": "dict"}}


@pytest.fixture
def ran(monkeypatch, capsys):
    """Run a reconcile with options. Return the exit code, the result and all output."""

    def go(reconcile: Any, check: bool = False, diff: bool = False, prepare: Any = None, **options: Any) -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr(running, "connect", lambda params, dry_run: FakeCluster(name="east", dry_run=dry_run))
        modes = {"_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args({**options, **modes, **SHOW}), pytest.raises(SystemExit) as ended:
            running.run(reconcile, SPEC, prepare=prepare)
        out = capsys.readouterr().out
        return int(ended.value.code or 0), json.loads(out), out

    return go


def test_a_result_is_returned(ran):
    code, result, _out = ran(lambda cluster, params: {"changed": True, "seen": [cluster.name, cluster.dry_run]})
    assert (code, result["changed"], result["seen"]) == (0, True, ["east", False])


@pytest.mark.parametrize("check", [False, True])
def test_what_asks_no_cluster_runs_without_a_connection(monkeypatch, check):
    monkeypatch.setattr(running, "connect", lambda params, dry_run: pytest.fail("a connection was made"))
    modes = {"_ansible_check_mode": check, "_ansible_diff": False, "_ansible_module_name": "show"}
    result = running.run_here(lambda cluster, params: {"changed": False, "seen": cluster}, {**modes, "manifests": []}, SPEC, connected=False)
    assert result["seen"] is None and not result.get("failed")


def test_check_mode_reaches_the_cluster(ran):
    _code, result, _out = ran(lambda cluster, params: {"seen": cluster.dry_run}, check=True)
    assert result["seen"] is True


def test_an_error_becomes_a_failure_with_its_facts(ran):
    def reconcile(cluster, params):
        raise Refused("east: no.", owners={"a": ["b"]}, changed=True)

    code, result, _out = ran(reconcile)
    assert code == 1
    assert (result["failed"], result["msg"], result["owners"], result["changed"]) == (True, "east: no.", {"a": ["b"]}, True)


def test_a_missing_library_is_named(ran, monkeypatch):
    monkeypatch.setattr(running, "MISSING", "Traceback")
    code, result, _out = ran(lambda cluster, params: {})
    assert code == 1
    assert "kubernetes" in result["msg"]


def test_no_secret_of_the_options_is_shown(ran):
    def reconcile(cluster, params):
        return {"echo": params["manifests"], "words": f"it is {CODED} and kubeconfig-token", "peers": params["peers"]}

    options = {"manifests": [SECRET], "kubeconfig": KUBECONFIG, "api_key": "an-api-key"}
    _code, result, out = ran(reconcile, **options, peers=[{"kubeconfig": KUBECONFIG, "api_key": "peer-key"}])
    for hidden in (CODED, "abcdefghijkl", "kubeconfig-token", "an-api-key", "peer-key"):
        assert hidden not in out
    shown = result["invocation"]["module_args"]
    assert shown["manifests"] == "1 objects: 1 Secret"
    assert shown["peers"][0]["kubeconfig"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_what_is_read_later_is_hidden_as_well(ran):
    def reconcile(cluster, params):
        raise Refused(f"east: it is {params['manifests'][0]['data']['k']}.")

    code, _result, out = ran(reconcile, prepare=lambda params: {**params, "manifests": [SECRET]})
    assert code == 1
    assert CODED not in out


def test_what_cannot_be_read_is_a_failure(ran):
    def prepare(params):
        raise Refused("mesh.yml: no.")

    code, result, out = ran(lambda cluster, params: {}, prepare=prepare, manifests=[SECRET])
    assert (code, result["msg"]) == (1, "mesh.yml: no.")
    assert CODED not in out


def test_a_diff_is_returned_when_it_is_asked_for(ran):
    for diff in (True, False):
        _code, result, _out = ran(lambda cluster, params: {"changed": True, "diff": [{"before": "a", "after": "b"}]}, diff=diff)
        assert ("diff" in result) is diff


@pytest.mark.parametrize("wrong", [{"nonsense": 1}, {"peers": 7}], ids=["an unknown option", "a value of another type"])
def test_nor_where_ansible_finds_the_options_wrong(ran, wrong: dict[str, Any]):
    """Ansible fails before code of this collection can say which options are secret."""
    code, result, out = ran(lambda cluster, params: {}, manifests=[SECRET], kubeconfig=KUBECONFIG, api_key="an-api-key", **wrong)
    assert (code, result["failed"]) == (1, True)
    for hidden in (CODED, "abcdefghijkl", "kubeconfig-token", "an-api-key"):
        assert hidden not in out


def test_the_log_of_the_system_learns_names_only(ran, monkeypatch):
    logged: list[str] = []
    monkeypatch.setattr(running.AnsibleModule, "log", lambda _self, text, **_how: logged.append(text))
    ran(lambda cluster, params: {}, manifests=[SECRET], kubeconfig=KUBECONFIG)
    assert logged == ["Invoked with kubeconfig, manifests"]


def test_short_values_blot_nothing_out():
    manifest = {"kind": "Secret", "stringData": {"tls": "true", "word": "long enough"}}
    hidden = set(running.secrets_of({"manifests": [manifest]}))
    assert "true" not in hidden
    assert {"long enough", base64.b64encode(b"long enough").decode()} <= hidden


def test_a_secret_of_the_wrong_shape_is_hidden_too():
    assert "hunter22" in set(running.secrets_of({"kind": "Secret", "data": "hunter22", "stringData": None}))


def test_a_peer_is_not_found_by_the_environment(monkeypatch):
    monkeypatch.setenv("K8S_AUTH_HOST", "https://east")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "t")
    with pytest.raises(Refused, match="No cluster is named"):
        connect_to(Connection.of_task({}, peer=True))


@pytest.fixture
def here(monkeypatch):
    def go(reconcile: Any, diff: bool = False, check: bool = False, shown: bool = True, **options: Any) -> dict[str, Any]:
        monkeypatch.setattr(running, "connect", lambda params, dry_run: FakeCluster(name="east", dry_run=dry_run))
        told = {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_module_name": "m", "_ansible_inject_invocation": shown}
        return running.run_here(reconcile, {**options, **told}, SPEC)

    return go


def test_without_a_module_the_modes_count_as_well(here):
    def reconcile(cluster, params):
        return {"changed": True, "diff": [], "seen": cluster.dry_run, "warnings": ["careful"]}

    assert here(reconcile, check=True, diff=True, shown=False) == {"changed": True, "diff": [], "seen": True, "warnings": ["careful"]}
    assert here(reconcile, shown=False) == {"changed": True, "seen": False, "warnings": ["careful"]}


@pytest.mark.parametrize("wrong", [{}, {"nonsense": 1}, {"peers": 7}], ids=["fine", "an unknown option", "a value of another type"])
def test_without_a_module_no_secret_is_shown_either(here, wrong: dict[str, Any]):
    def reconcile(cluster, params):
        raise Refused(f"east: {CODED} and kubeconfig-token.", echo=params)

    result = here(reconcile, manifests=[SECRET], kubeconfig=KUBECONFIG, api_key="an-api-key", **wrong)
    assert result["failed"] is True
    assert result["msg"].startswith("Unsupported parameters for (m) module: nonsense" if "nonsense" in wrong else "Elements value" if wrong else "east: ****")
    for hidden in (CODED, "abcdefghijkl", "kubeconfig-token", "an-api-key"):
        assert hidden not in json.dumps(result)


def test_without_a_module_a_missing_library_is_named(here, monkeypatch):
    monkeypatch.setattr(running, "MISSING", "Traceback")
    assert "kubernetes" in here(lambda cluster, params: {})["msg"]
