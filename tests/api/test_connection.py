# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One clear message for each way in which a cluster cannot be reached or is the wrong one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect

from .conftest import Play, Step, Way


def info(**options: Any) -> Step:
    return Step("cluster_info", options)


def test_who_it_is(play: Play, way: Way, admin: dict[str, Any]):
    cluster = connect(admin, environ={})
    cluster.apply([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "counted"}}])
    permissions = [{"verb": "create", "resource": "secrets", "namespace": "istio-system"}]
    groups = ["example.com"]
    full, poor = play(
        info(permissions=permissions, crds=groups),
        info(host=way.url, api_key=way.tokens["reader"], ca_cert=way.ca, kubeconfig=None, context=None),
    ).results
    assert (full["name"], full["server"], full["denied"]) == ("east", way.url, [])
    assert full["version"]["major"] == 1
    assert full["nodes"]["count"] == len(cluster.list("v1", "Node")) > 0
    assert abs(full["clock_skew_seconds"]) < 3
    assert not full["changed"]
    assert "kube-system" in poor["msg"]


def test_the_wrong_cluster_is_refused(play: Play):
    (first,) = play(info()).results
    right, wrong = play(info(cluster_uid=first["uid"]), info(cluster_uid="another")).results
    assert not right["changed"]
    assert wrong["msg"].startswith("east: the cluster at https://127.0.0.1:")
    assert "is not the one pinned: kube-system has UID" in wrong["msg"]


def _without_credential(path: Any, way: Way) -> str:
    config = yaml.safe_load(Path(way.kubeconfig).read_text())
    config["users"] = [{"name": "admin", "user": {}}, {"name": "reader", "user": {"token": "expired-token"}}]
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_one_sentence_each(play: Play, way: Way, tmp_path):
    host = {"kubeconfig": None, "context": None, "ca_cert": way.ca, "api_key": way.tokens["admin"]}
    broken = _without_credential(tmp_path / "broken", way)
    expected = {
        "There is no context nowhere in kubeconfig": info(context="nowhere"),
        "there are: admin, reader.": info(context=None),
        "does not exist.": info(kubeconfig=str(tmp_path / "missing")),
        "has no credential": info(kubeconfig=broken),
        "expired, revoked": info(kubeconfig=broken, context="reader"),
        'User "system:serviceaccount:default:reader" cannot get': info(context="reader"),
        "refuses connections": info(**host, host="https://127.0.0.1:1"),
        "name does not resolve": info(**host, host="https://nowhere.invalid"),
        "is not trusted: ": info(**{**host, "ca_cert": None}, host=way.url),
        "No cluster is named": info(kubeconfig=None, context=None),
        "No credential is given": info(kubeconfig=None, context=None, host=way.url),
    }
    results = play(*expected.values()).results
    for told, result in zip(expected, results, strict=True):
        assert result["failed"]
        assert told in result["msg"]
        assert "Traceback" not in result["msg"]
        assert "\n" not in result["msg"]


def test_a_kubeconfig_as_a_dictionary_shows_no_token(play: Play, way: Way):
    config = yaml.safe_load(Path(way.kubeconfig).read_text())
    played = play(info(kubeconfig=config), info(kubeconfig=config, context="nowhere"))
    assert [result.get("failed", False) for result in played.results] == [False, True]
    assert way.tokens["admin"] not in played.output


@pytest.mark.parametrize("name", ["KUBECONFIG", "CONTEXT"])
def test_the_environment_of_kubernetes_core_counts(play: Play, way: Way, name):
    told = {"K8S_AUTH_KUBECONFIG": way.kubeconfig, "K8S_AUTH_CONTEXT": "admin"}
    given = {"kubeconfig": None} if name == "KUBECONFIG" else {"context": None}
    (result,) = play(info(**given), environ=told).results
    assert result["uid"]


def test_limits_of_the_inventory_reach_the_modules(way: Way, tmp_path: Path):
    """`mesh_limits` reaches the modules through the `module_defaults` that every playbook of the collection has."""
    member = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "mesh_name": "shop", "mesh_network": "lan"}
    member |= {"mesh_kube": {"kubeconfig": way.kubeconfig, "context": "admin"}}
    limits = {"slow": {"write_rate": 4, "patience": "{{ 30 + 60 }}"}, "wrong": {"request_timeout": "-1"}, "free": {}}
    hosts = {name: {**member, "mesh_limits": told} for name, told in limits.items()}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    meta = {"apiVersion": "v1", "kind": "ConfigMap"}
    wishes = [{**meta, "metadata": {"name": f"{{{{ inventory_hostname }}}}-{number}", "namespace": "default"}} for number in range(9)]
    connection = "{{ groups['all'] | meshops.lifecycle.mesh_connection(hostvars, inventory_hostname) }}"
    show = {"ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}.json"}}
    stamps = [{"ansible.builtin.copy": {"content": "{{ lookup('pipe', 'date +%s.%N') }}", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}.{part}"}}
              for part in ("start", "end")]  # fmt: skip
    task = {"meshops.lifecycle.mesh_config": {"manifests": wishes}, "register": "told", "ignore_errors": True}
    play = {"hosts": "all", "gather_facts": False, "module_defaults": {"group/meshops.lifecycle.mesh": connection}}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{**play, "strategy": "free", "tasks": [stamps[0], task, stamps[1], show]}]))
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run([program, "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml")], capture_output=True, text=True, timeout=120, check=False)
    results = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in limits}
    assert results["wrong"]["msg"] == "wrong: request_timeout is -1.0 but must be a number greater than 0.", done.stdout
    took = {name: float((tmp_path / f"{name}.end").read_text()) - float((tmp_path / f"{name}.start").read_text()) for name in ("slow", "free")}
    assert took["slow"] >= 2, took
    assert [results[name]["changed"] for name in ("slow", "free")] == [True, True], done.stdout
