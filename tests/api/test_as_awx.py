# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs as AWX does them. What it would keep of a run of site holds no token, key or password, however Helm ends; tests/e2e/test_02 does the same with a run
that succeeds. And playbooks of the project run as job templates do: by path, without HOME, under a number that no account has, with a credential in a file.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support import as_awx
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks

from .conftest import Way, _surroundings
from .istio_crds import istio_crds

PLUGIN_PASSWORD = "a-password-for-the-credential-plugin"
BRING = "Install or upgrade the Helm releases"
VERSION = 'version.BuildInfo{Version:"v3.19.0", GitCommit:"0", GitTreeState:"clean", GoVersion:"go1.25"}'
# Answers as Helm does, until it is to install something.
HELM = """#!{python}
import os, signal, sys
words = sys.argv[1:]
if words[0] == "version":
    print("v3.19.0" if "--template" in words else {version!r})
elif "show" in words:
    print("name: istiod\\nversion: 1.31.3\\nappVersion: 1.31.3")
elif words[0] == "list":
    print("[]")
else:
    {ends}
"""
ENDS = {
    "Helm fails": ("sys.exit('Error: UPGRADE FAILED: credentials ' + repr(dict(os.environ)))", "Failure when executing Helm command"),
    "Helm's module is killed": ("os.kill(os.getppid(), signal.SIGKILL)", "Module"),
    "Helm installs, and nothing comes up": ("print('installed')", "token: not ready after 1 s: the control plane token is not installed"),
}


@pytest.fixture
def cluster(api_server: Any) -> Cluster:
    return connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "test"}, environ={})


@pytest.fixture
def inventory(way: Way, cluster: Cluster, tmp_path: Path) -> Callable[[str], Path]:
    """An inventory with a token beside a host, and with a credential plugin in a kubeconfig that is a dictionary.

    Other tests leave CRDs here that no Helm made, so all of them are there, as somebody else's.
    """
    cluster.apply(list(istio_crds().values()), force=True)
    plugin = tmp_path / "plugin"
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": way.tokens["admin"]}}
    plugin.write_text(f"#!/bin/sh\ntest $CLOUD_PASSWORD = {PLUGIN_PASSWORD} && cat <<'END'\n{json.dumps(credential)}\nEND\n")
    plugin.chmod(0o700)
    config = yaml.safe_load(Path(way.kubeconfig).read_text())
    env = [{"name": "CLOUD_PASSWORD", "value": PLUGIN_PASSWORD}]
    call = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "env": env, "interactiveMode": "Never"}
    config["users"] = [{"name": "admin", "user": {"exec": call}}]
    kube = {
        "token": {"host": way.url, "api_key": way.tokens["admin"], "ca_cert": way.ca},
        "plugin": {"context": "admin", "kubeconfig": {**config, "contexts": [one for one in config["contexts"] if one["name"] == "admin"]}},
    }

    def written(mesh: str) -> Path:
        shared = {
            "mesh_name": mesh, "mesh_trust_domain": f"{mesh}.example", "mesh_trust_cluster": mesh, "mesh_network": "one",
            "mesh_namespace": f"{mesh}-system", "mesh_root": {"source": "generated", "namespace": f"{mesh}-root"},
            "mesh_charts": {"source": "directory", "location": str(tmp_path)}, "mesh_version": "1.31.3", "mesh_revision": mesh,
            "control_plane_wait_timeout": 1, "mesh_crds": "external",
        }  # fmt: skip
        file = tmp_path / "hosts.yml"
        file.write_text(yaml.safe_dump({"all": {"hosts": {mesh: {"mesh_kube": kube[mesh]}}, "vars": shared}}))
        return file

    return written


def stored(cluster: Cluster, place: str, name: str, part: str) -> bytes:
    found = cluster.get(Ref("v1", "Secret", name, place))
    assert found, f"{place}/{name} was not made"
    return base64.b64decode(found["data"][part])


@pytest.mark.parametrize(("mesh", "verbosity", "ways"), [("token", 0, ENDS), ("plugin", 3, [*ENDS][1:2])], ids=["a token", "a plugin, at -vvv"])
def test_nothing_secret_is_kept_of_a_site_that_fails(
    cluster: Cluster, inventory: Callable[[str], Path], way: Way, tmp_path: Path, mesh: str, verbosity: int, ways: Iterable[str]
) -> None:
    found = []
    for number, how in enumerate(ways):
        ends, told = ENDS[how]
        programs = tmp_path / f"bin-{number}"
        programs.mkdir()
        (programs / "helm").write_text(HELM.format(python=sys.executable, version=VERSION, ends=ends))
        (programs / "helm").chmod(0o700)
        environ = {**_surroundings(tmp_path), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        ran = as_awx.run("site", inventory(mesh), environ, verbosity=verbosity)
        assert ran.rc == 2, ran.output
        assert told in ran.output, f"{how}: {ran.output}"
        assert ran.results(BRING), "Helm was not called"
        secrets = {
            "the token": way.tokens["admin"].encode(),
            "the plugin's password": PLUGIN_PASSWORD.encode(),
            "the root": stored(cluster, f"{mesh}-root", "meshops-root-ca", "root-key.pem"),
            "the intermediate": stored(cluster, f"{mesh}-system", "cacerts", "ca-key.pem"),
        }
        found += [f"{how}: {leak}" for leak in leaks(secrets, ran.places)]
    assert found == []


class TestJobs:
    """Playbooks of the project as job templates run them. No mesh is installed, and the inventory names no charts."""

    INVENTORY: ClassVar[dict[str, Any]] = {
        "all": {
            "hosts": {"east": {"mesh_kube": {"context": "admin"}}},
            "vars": {"mesh_name": "awx", "mesh_network": "one", "mesh_namespace": "awx-system", "mesh_version": "1.31.3", "mesh_trust_cluster": "east"},
        }
    }

    def ran(self, playbook: str, way: Way, **variables: Any) -> as_awx.Ran:
        config = Path(way.kubeconfig).read_bytes()
        done = as_awx.job(playbook, self.INVENTORY, {"K8S_AUTH_KUBECONFIG": config}, **variables)
        assert leaks({"the token": way.tokens["admin"].encode()}, done.places) == []
        return done

    def test_preflight_leaves_a_verdict_for_the_person_who_approves(self, way: Way) -> None:
        done = self.ran("preflight", way)
        left = done.artifacts["mesh_preflight"]
        assert (done.rc, left["verdict"], left["clusters"], left["ready"]) == (2, "stop", 1, 0), done.output
        assert left["findings"], done.output
        assert len(json.dumps(done.artifacts)) < 4000

    def test_status_reaches_the_cluster_and_ends_with_its_summary(self, way: Way) -> None:
        done = self.ran("status", way, status_fail=False)
        assert (done.rc, list(done.artifacts)) == (0, ["mesh_status"]), done.output
        assert "unreached" not in done.artifacts["mesh_status"]["east"], done.output
        assert done.output.replace("\r", "").rstrip().splitlines()[-1].startswith("× 1 cluster: "), "the project enables the callback"
