# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same tasks with and without a process for the module: the results are the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import OTHER_ROOT, ROOT, issuer
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import as_somebody_else, config_map, namespace, secret
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks

from .conftest import BESIDE, OURS, Way, _surroundings

MODULE = "Using module file"
GROUP = "group/meshops.lifecycle.mesh"
PLACE = "in-process"


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Cluster:
    found = connect(admin, environ={})
    found.apply([namespace(PLACE)])
    return found


def tasks() -> list[dict[str, Any]]:
    """Tasks with relative paths, aliases, defaults of the group, the play's environment, and all kinds of failures."""
    one, two = config_map(PLACE, a="one", number="7"), config_map(PLACE, a="two")
    theirs = {**secret(PLACE, token="a-token-nobody-sees"), "metadata": {"name": "theirs", "namespace": PLACE}}
    wishes: list[dict[str, Any]] = [
        {"manifests": [one], "check": True},
        {"manifests": [one, secret(PLACE, token="another-hidden-token")]},
        {"manifests": [one]},
        {"src": ["set.yml"]},
        {"manifests": [two], "diff": False},
        {"manifests": [{**two, "data": {"day": "{{ '2024-01-01' }}", "text": "{{ word }}"}}]},
        {"manifests": [theirs]},
        {"manifests": [{**one, "speck": 1}]},
        {"manifests": [one], "stat": "present", "api_key": "hidden-api-key"},
        {"manifests": [one], "state": "presnt"},
        {"state": "present"},
        {"src": ["nowhere.yml"]},
        {"manifests": [one], "cluster_uid": "another"},
        {"manifests": [one], "context": "nowhere"},
        {"manifests": [one], "validate_certs": True, "verify_ssl": True},
        {"manifests": [one], "wait_for": [{"api_version": "v1", "kind": "ConfigMap", "name": "no"}], "wait_timeout": 1},
        {"manifests": [one], "environment": {"K8S_AUTH_IMPERSONATE_USER": "nobody"}},
        {"manifests": [one, theirs, secret(PLACE)], "state": "absent"},
    ]
    keywords = ("check", "diff", "environment")
    made = []
    for number, wish in enumerate(wishes):
        options = {key: value for key, value in wish.items() if key not in keywords}
        task = {"meshops.lifecycle.mesh_config": options, "register": f"step_{number}", "ignore_errors": True}
        task |= {"check_mode": wish.get("check", False), "diff": wish.get("diff", True), "environment": wish.get("environment", {})}
        made.append(task)
    return made


def play(folder: Path, way: Way, interpreter: str, each: list[dict[str, Any]], **keywords: Any) -> tuple[list[dict[str, Any]], str]:
    folder.mkdir()
    (folder / "set.yml").write_text(yaml.safe_dump(config_map(PLACE, a="from a file")))
    (folder / "kubeconfig").write_text(Path(way.kubeconfig).read_text())
    results = "{{ [" + ", ".join(task["register"] for task in each) + "] | to_json }}"
    keep = {"ansible.builtin.copy": {"content": results, "dest": str(folder / "results.json")}, "no_log": True}
    book = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [*each, keep], **keywords}
    book["vars"] = {"ansible_python_interpreter": interpreter, "word": "templated"}
    (folder / "play.yml").write_text(yaml.safe_dump([{"module_defaults": {GROUP: {"context": "admin", "cluster": "east"}}, **book}]))
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    ran = subprocess.run([program, "-vvv", str(folder / "play.yml")], env=_surroundings(folder), cwd="/", capture_output=True, text=True, check=False)
    assert (folder / "results.json").exists(), ran.stdout + ran.stderr
    return json.loads((folder / "results.json").read_text()), ran.stdout


def told(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results without values that differ in each run."""
    text = json.dumps(results)
    for result in results:
        for change in result.get("diff", []):
            meta = (change["before"] or {}).get("metadata", {}), (change["after"] or {}).get("metadata", {})
            assert not any("managedFields" in each for each in meta)
    assert "hidden-api-key" not in text and "a-token-nobody-sees" not in text
    return results


def test_the_results_are_the_same(cluster: Cluster, way: Way, tmp_path: Path) -> None:
    """The kubeconfig is relative to the playbook, and comes from the environment of the play."""
    ways = {}
    for name, interpreter in (("ours", OURS), ("beside", BESIDE)):
        as_somebody_else(cluster, {**secret(PLACE), "metadata": {"name": "theirs", "namespace": PLACE}, "data": {"token": "dGhlaXJz"}})
        ways[name] = play(tmp_path / name, way, interpreter, tasks(), environment={"K8S_AUTH_KUBECONFIG": "kubeconfig"})
    (ours, our_output), (beside, output) = ways["ours"], ways["beside"]
    assert our_output.count(MODULE) < output.count(MODULE) == len(tasks()) + our_output.count(MODULE)
    failed = [bool(result.get("failed")) for result in beside]
    assert failed == [False] * 6 + [True] * 8 + [False] + [True] * 2 + [False], [result.get("msg") for result in beside]
    for number, (one, other) in enumerate(zip(told(ours), told(beside), strict=True)):
        assert one == json.loads(json.dumps(other).replace(str(tmp_path / "beside"), str(tmp_path / "ours"))), f"step {number}"


def test_the_results_of_ca_are_the_same(cluster: Cluster, way: Way, tmp_path: Path) -> None:
    """Except issued certificates, which always differ."""
    secrets = "test-in-process-system"
    given = {"source": "inline", "certificate": ROOT.pem.decode(), "private_key": ROOT.key_pem.decode()}
    other = {**given, "certificate": OTHER_ROOT.pem.decode(), "private_key": OTHER_ROOT.key_pem.decode()}
    own = {"kubeconfig": way.kubeconfig, "context": "admin", "cluster": "east", "mesh": "m", "namespace": secrets, "root": given}
    cluster.apply([namespace(secrets), *trust.manifests(issuer(), secrets, "m")])
    wishes = [own, {**own, "root": other}, {**own, "key_type": "Ed25519"}, {**own, "root": {**given, "sauce": "x"}}, {**own, "context": "nowhere"}]
    each = [{"meshops.lifecycle.ca": one, "register": f"step_{number}", "ignore_errors": True} for number, one in enumerate(wishes)]
    ours, our_output = play(tmp_path / "ours", way, OURS, each)
    beside, output = play(tmp_path / "beside", way, BESIDE, each)
    assert "modules/ca.py" not in our_output and output.count("modules/ca.py") == len(each)
    assert [bool(one.get("failed")) for one in beside] == [False, True, True, True, True], beside
    assert ours == beside
    assert [key for key in (ROOT.key_pem, OTHER_ROOT.key_pem) if key.decode().splitlines()[1] in json.dumps(ours) + our_output] == []


def test_the_results_of_what_looks_and_of_a_step_are_the_same(cluster: Cluster, way: Way, tmp_path: Path) -> None:
    """Except times. The step runs in check mode, because otherwise the second run would find another state."""
    system = "test-in-process-rotation"
    given = {"source": "inline", "certificate": OTHER_ROOT.pem.decode(), "private_key": OTHER_ROOT.key_pem.decode()}
    own = {"kubeconfig": way.kubeconfig, "context": "admin", "cluster": "east", "namespace": system, "mesh": "m"}
    cluster.apply([namespace(system), *trust.manifests(issuer(), system, "m")])
    fingerprint = x509.bundle(OTHER_ROOT.pem)[0].fingerprint
    step = {**own, "step": "introduce", "target": fingerprint, "target_certificate": given["certificate"], "clusters": "{{ [step_0] }}", "root": given}
    connection = {key: own[key] for key in ("kubeconfig", "context", "cluster")}
    right = {"verb": "create", "resource": "secrets", "namespace": system}
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("rotation_info", own), ("rotation_info", {**own, "mesh": "another"}), ("rotation_info", {**own, "limit": "many"}),
        ("cluster_info", {**connection, "permissions": [right], "crds": ["istio.io"]}), ("cluster_info", {**connection, "permissions": [{"verb": "get"}]}),
        ("rotation", step), ("rotation", {**step, "step": "forward"}),
        ("rotation", {**step, "step": "retire", "leaving": [x509.bundle(ROOT.pem)[0].fingerprint]}),
        ("controller_info", {**connection, "charts": [{"chart": "/nowhere", "repository": "https://user:hidden-word@nowhere.invalid"}]}),
    ]
    each = [{f"meshops.lifecycle.{name}": one, "register": f"step_{number}", "ignore_errors": True, "check_mode": True}
            for number, (name, one) in enumerate(wishes)]
    (ours, our_output), (beside, output) = (play(tmp_path / name, way, by, each) for name, by in (("ours", OURS), ("beside", BESIDE)))
    assert [bool(one.get("failed")) for one in beside] == [False, False, True, False, True, False, True, True, False], [one.get("msg") for one in beside]
    assert beside[5]["changed"] and beside[3]["denied"] == []
    assert our_output.count("/plugins/modules/rotation") == our_output.count("/plugins/modules/cluster_info") == 0
    assert (our_output.count("/plugins/modules/controller_info"), output.count("/plugins/modules/controller_info")) == (0, 1)
    assert output.count("/plugins/modules/rotation") == 6 and output.count("/plugins/modules/cluster_info") == 2
    assert [steady(one) for one in ours] == [steady(one) for one in beside]


GATE_TOKEN = "a-token-of-a-gate-Zm9yLW5vYm9keQ-5f1c9e77"
GATES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("errors", "prometheus", {"url": "http://127.0.0.1:9", "query": "up", "most": 1}), ("page", "http", {"url": "http://127.0.0.1:9/healthy"}),
)  # fmt: skip


def test_the_results_of_the_modules_of_a_cutover_are_the_same(cluster: Cluster, way: Way, tmp_path: Path) -> None:
    """Except times. Nothing of a mesh is there, and each module says so in its own way."""
    system = "test-in-process-cutover"
    own = {"kubeconfig": way.kubeconfig, "context": "admin", "cluster": "east", "namespace": system}
    both = {**own, "target": "green", "former": "blue"}
    cluster.apply([namespace(system)])
    split = {"kind": "VirtualService", "namespace": system, "name": "shop", "blue": {"host": "blue"}, "green": {"host": "green"}}
    planes = {"ingress": {"blue": {"revision": "blue"}, "green": {"revision": "green"}, "splits": [split]}}
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("cutover_info", own), ("cutover_compare", both), ("cutover_trial", {**own, "timeout": 1}), ("cutover_gate", {**both, "timeout": 0}),
        ("cutover_plane", {**own, "planes": planes, "plane": "ingress"}), ("cutover_plane", {**own, "planes": planes, "plane": "egress"}),
        ("cutover", {**both, "mesh": "m", "step": "prepare"}), ("cutover", {**both, "mesh": "m", "step": "finish"}),
        ("cutover", {**both, "mesh": "m", "step": "forward"}),
        ("cutover_gate", {**both, "timeout": 0, "gates": [{"name": name, kind: {**asked, "headers": {"Authorization": f"Bearer {GATE_TOKEN}"}}}
                                                          for name, kind, asked in GATES]}),
    ]  # fmt: skip
    each = [{f"meshops.lifecycle.{name}": one, "register": f"step_{number}", "ignore_errors": True, "check_mode": True}
            for number, (name, one) in enumerate(wishes)]
    (ours, our_output), (beside, output) = (play(tmp_path / name, way, by, each) for name, by in (("ours", OURS), ("beside", BESIDE)))
    assert [bool(one.get("failed")) for one in beside] == [False] * 5 + [True, False, True, True, False], [one.get("msg") for one in beside]
    assert our_output.count("/plugins/modules/cutover") == 0
    assert output.count("/plugins/modules/cutover") == len(wishes)
    assert [steady(one) for one in ours] == [steady(one) for one in beside]
    assert [(gate["name"], bool(gate["fault"])) for gate in ours[-1]["reading"]["gates"]] == [("errors", True), ("page", True)]
    assert leaks({"the token of the gates": GATE_TOKEN.encode()}, {"ours": our_output.encode(), "beside": output.encode()}) == []
    assert '"name": "errors"' in our_output, "the most verbose output has the answers of the gates"


def steady(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("clock_skew_seconds", "seconds")}


ELSEWHERE = {
    "async": {"async": 60, "poll": 1},
    "an environment that Python reads when it starts": {"environment": {"PYTHONWARNINGS": "ignore"}},
    "an interpreter that has to be found": {"vars": {"ansible_python_interpreter": "auto"}},
}


def test_a_module_is_used_where_it_makes_a_difference(cluster: Cluster, way: Way, tmp_path: Path) -> None:
    """The module runs in these cases only. Loops and delegation do not need it."""
    ping = {"meshops.lifecycle.mesh_config": {"manifests": [config_map(PLACE, a="1")], "kubeconfig": way.kubeconfig}, "ignore_errors": True}
    each = [{**ping, **keywords, "register": f"step_{number}"} for number, keywords in enumerate(ELSEWHERE.values())]
    _results, output = play(tmp_path / "elsewhere", way, OURS, each)
    assert output.count("modules/mesh_config.py") == len(ELSEWHERE)
    here = [{**ping, "loop": [1, 2], "register": "a"}, {**ping, "delegate_to": "localhost", "register": "b"}]
    (looped, delegated), output = play(tmp_path / "here", way, OURS, here)
    assert "modules/mesh_config.py" not in output
    assert [result["changed"] for result in looped["results"]] == [False, False]
    assert not delegated.get("failed"), delegated
