# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks on two API servers with a stand-in for Helm: preflight reports its findings before the first write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.tests.unit.support import rbac
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ARTIFACTS_SHOWN, artifacts
from meshlab import apionly

from .conftest import way_to
from .journal import Journal, said, writes

HELM = """#!/bin/sh
[ "$1" = version ] && echo v3.19.0 && exit
[ "$1" = show ] && echo "version: 1.32.0" && exit
echo "helm $*" >&2; exit 1
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    """Servers of their own, because preflight would report what other tests leave, such as Istio's CRDs."""
    with apionly.running("east") as east, apionly.running("west") as west:
        yield {"east": east, "west": west}


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    """The folder of a helm that has every chart."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").write_text(HELM)
    (folder / "helm").chmod(0o755)
    return folder


def run(
    playbook: str, servers: Mapping[str, Any], folder: Path, path: str, of_east: Mapping[str, Any] = MappingProxyType({}), **of_west: Any
) -> subprocess.CompletedProcess[str]:
    """Run a playbook. The clusters have no faults except those of the test."""
    shared = {"mesh_name": "shop", "mesh_trust_cluster": "east", "mesh_version": "1.32", "mesh_charts": {"source": "directory", "location": "/charts"}}
    # What is on this machine is reached from this machine alone, which preflight would say.
    kubes = {name: {"kubeconfig": str(server.kubeconfig), "context": server.context} for name, server in servers.items()}
    hosts = {name: {"mesh_network": name, "mesh_api_server": f"https://{name}.example:6443", "mesh_kube": kube} for name, kube in kubes.items()}
    hosts["east"] |= of_east
    hosts["west"] |= of_west
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"vars": shared, "hosts": hosts}}))
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
    words = [str(Path(sys.executable).with_name("ansible-playbook")), f"meshops.lifecycle.{playbook}", "-i", str(inventory)]
    shown = {"ANSIBLE_NOCOLOR": "1", **ARTIFACTS_SHOWN, "PATH": path}
    return subprocess.run(words, env={**environ, **shown}, capture_output=True, text=True, timeout=120, check=False)


def failed(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^(\w+) +: ok=.*failed=[1-9]", done.stdout, re.MULTILINE)


def test_clusters_of_which_nothing_is_wrong_are_ready(servers: dict[str, Any], helm: Path, tmp_path: Path) -> None:
    done = run("preflight", servers, tmp_path, str(helm))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "east is ready" in done.stdout
    left = artifacts(done.stdout)["mesh_preflight"]
    assert (left["verdict"], left["ready"], left["findings"]) == ("go", 2, [])
    assert "FINDINGS" not in done.stdout


def test_one_cluster_with_findings_is_red_and_nothing_is_written_anywhere(servers: dict[str, Any], helm: Path, tmp_path: Path) -> None:
    journals = [Journal(server) for server in servers.values()]
    for journal in journals:
        journal.read()
    done = run("site", servers, tmp_path, str(helm), mesh_revision="1.29.2", mesh_netwrok="cloud", mesh_site=False, mesh_api_server="")
    assert done.returncode == 2, done.stdout + done.stderr
    assert failed(done) == ["west"]
    left = artifacts(done.stdout)["mesh_preflight"]
    assert (left["verdict"], left["ready"], left["clusters"]) == ("stop", 1, 2)
    assert all(finding.startswith("west: ") for finding in left["findings"])
    assert re.search(r"^west +\d+$", done.stdout, re.MULTILINE), "the table stands on the screen without quotes"
    for words in (
        "west: the revision '1.29.2' is not a DNS label",
        "west: mesh_site is the truth value false to YAML, which reads no, off and false so; put it in quotes.",
        "leads every pod to itself, so the control planes of other clusters cannot reach it; set mesh_api",
        "west: nothing reads the variable mesh_netwrok; did you mean mesh_network?",
        "east: this cluster has no findings, but the run writes nothing anywhere while other clusters have findings: west",
    ):  # fmt: skip
        assert words in done.stdout, done.stdout
    assert [said(event) for journal in journals for event in writes(journal.read())] == []


def test_a_controller_without_helm_is_told_once_before_the_first_write(servers: dict[str, Any], tmp_path: Path) -> None:
    """PATH is a single folder without helm."""
    journals = [Journal(server) for server in servers.values()]
    for journal in journals:
        journal.read()
    done = run("site", servers, tmp_path, str(tmp_path))
    assert (done.returncode, sorted(failed(done))) == (2, ["east", "west"]), done.stdout + done.stderr
    screen, _stats, left = done.stdout.partition("CUSTOM STATS")
    assert [text.count("east, west: the machine that runs Ansible has no helm on its PATH") for text in (screen, left)] == [1, 1]
    assert [said(event) for journal in journals for event in writes(journal.read())] == []


def limited(server: Any, folder: Path) -> dict[str, Any]:
    """An account with the rights of docs/rbac.yml, those of a namespace in istio-system alone, as connection options."""
    way = way_to(server, folder)
    group, subjects = "rbac.authorization.k8s.io", [{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}]
    spaces = {"read": "", "install": "", "install-namespace": "istio-system"}
    bindings = [
        {
            "apiVersion": f"{group}/v1", "kind": "RoleBinding" if space else "ClusterRoleBinding", "subjects": subjects,
            "metadata": {"name": name, **({"namespace": space} if space else {})},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"meshops-lifecycle-{name}"},
        } for name, space in spaces.items()
    ]  # fmt: skip
    names = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}]
    connect({"kubeconfig": way.kubeconfig, "context": "admin"}, environ={}).apply([*names, *rbac.roles(), *bindings])
    return {"kubeconfig": way.kubeconfig, "context": "reader"}


def test_rights_to_the_root_and_to_the_echo_servers_are_asked_for_too(helm: Path, tmp_path: Path) -> None:
    with apionly.running("east") as east, apionly.running("west") as west:
        account, servers = limited(east, tmp_path), {"east": east, "west": west}
        there = run("preflight", servers, tmp_path, str(helm), of_east={"mesh_kube": account, "verify_traffic": True})
        other = run("preflight", servers, tmp_path, str(helm), of_east={"mesh_kube": account, "mesh_trust_cluster": "west"}, mesh_trust_cluster="west")
    assert (there.returncode, failed(there)) == (2, ["east", "west"]), there.stdout + there.stderr
    for words in (
        "west: east: Secret meshops-system/meshops-root-ca: the mesh's root could not be read, so no intermediate can be issued",
        "get secrets in meshops-system", "create secrets in meshops-system", "create deployments.apps in meshops-probe",
        "create peerauthentications.security.istio.io in meshops-probe",
    ):  # fmt: skip
        assert words in there.stdout, there.stdout
    assert other.returncode == 0, "of a cluster that keeps no root and runs no echo server nothing of that is asked\n" + other.stdout
