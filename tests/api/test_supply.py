# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks preflight and status on a cluster in which something still comes from a registry that goes away."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import control_plane, gateways, supply
from meshlab import programs

from .conftest import Way, _surroundings
from .spaces import removed

SPACE = "old-supply"
OLD = "registry.istio.io/release/pilot:1.30.2"


def objects() -> list[dict[str, Any]]:
    template = {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": [{"name": "discovery", "image": OLD}]}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}},
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": SPACE},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "old"}}, "template": template},
        },
        {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "istio-sidecar-injector-old", "namespace": SPACE, "labels": {"istio.io/rev": "old"}},
            "data": {"values": '{"global": {"hub": "registry.istio.io/release"}}', "config": "templates: {}"},
        },
    ]


@pytest.fixture(scope="module")
def old(way: Way) -> Iterator[Cluster]:
    cluster = connect({"kubeconfig": way.kubeconfig, "context": "admin"}, environ={})
    cluster.apply(objects())
    yield cluster
    removed(cluster, objects())


def ran(playbook: str, way: Way, folder: Path, **variables: Any) -> str:
    kube = {"kubeconfig": way.kubeconfig, "context": "admin"}
    shared = {"mesh_name": "shop", "mesh_network": "one", "mesh_namespace": SPACE, "mesh_kube": kube, "preflight_helm": False}
    shared["mesh_crds"] = "external"  # other tests leave Istio's on this server
    hosts = folder / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"east": {}}, "vars": {**shared, "mesh_trust_cluster": "east", **variables}}}))
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [program, f"meshops.lifecycle.{playbook}", "-i", str(hosts)], env=_surroundings(folder), capture_output=True, text=True, timeout=240, check=False
    )
    return done.stdout + done.stderr


def test_preflight_tells_what_runs_and_lists_what_a_mirror_has_to_hold(old: Cluster, way: Way, tmp_path: Path) -> None:
    told = ran("preflight", way, tmp_path, mesh_version="1.31.3", mesh_mirror={"charts": "oci://registry.example/charts", "images": "registry.example"})
    assert "failed=0" in told, told
    assert f"east: 1 Deployment and 1 injection template name registry.istio.io ({SPACE}/web: {OLD}, {SPACE}/istio-sidecar-injector-old" in told
    assert "image docker.io/istio/pilot:1.31.3 -> registry.example/istio/pilot:1.31.3" in told
    assert "chart oci://ghcr.io/istio/release/charts/istiod:1.31.3 -> oci://registry.example/charts/istiod:1.31.3" in told


def test_preflight_refuses_what_the_install_cannot_get(old: Cluster, way: Way, tmp_path: Path) -> None:
    told = ran("preflight", way, tmp_path, mesh_version="1.31.3", mesh_values={"istiod": {"global": {"hub": "gcr.io/istio-release"}}})
    assert "failed=1" in told, told
    assert "east: the value istiod.global.hub is gcr.io/istio-release, but gcr.io/istio-release shuts down and holds nothing newer than 1.30" in told
    assert "image docker.io/istio/pilot" not in told, "nobody asked for the list of a mirror"


def test_status_tells_it_below_the_table(old: Cluster, way: Way, tmp_path: Path) -> None:
    told = ran("status", way, tmp_path, status_fail=False)
    assert "failed=0" in told, told
    assert "‼ east: 1 Deployment and 1 injection template name registry.istio.io" in told


MIRROR = "registry.example/hub"
SAMPLE = "busybox:1.28"  # in the template grpc-simple, which nobody gets who does not ask for it
IMAGE = re.compile(r"^\s*(?:- )?image: \"?([^\s\"{]+)\"?\s*$", re.MULTILINE)


def test_istios_own_charts_pull_from_the_mirror_what_is_listed_for_it_and_nothing_else() -> None:
    """This includes the templates for sidecars, whose images `helm template` does not show."""
    helm = programs.PROGRAMS["helm"].cached / "helm"
    charts = {"source": "directory", "location": str(programs.PROGRAMS["istio"].cached / "charts")}
    version = programs.ISTIO_VERSION
    place = {"namespace": "istio-system", "revision": "stable", "platform": "openshift"}
    wish = ControlPlane("east", "shop", "one", version=version, charts=charts, mirror={"images": MIRROR}, **place)
    releases = [*control_plane.releases(wish), *gateways.releases(wish)]
    rendered = {release.name: _rendered(helm, release) for release in releases}
    pulled = {image for text in rendered.values() for image in IMAGE.findall(text) if image != "auto"}
    listed = {taken for _upstream, taken in supply.images(releases, version)}
    assert pulled - {SAMPLE} == listed - {f"{MIRROR}/istio/proxyv2:{version}"}
    assert f'"hub": "{MIRROR}/istio"' in rendered["istiod-stable"] and '"image": "proxyv2"' in rendered["istiod-stable"]


def _rendered(helm: Path, release: Release) -> str:
    command = [str(helm), "template", release.name, release.chart, "--namespace", release.namespace, "--values", "-"]
    return subprocess.run(command, input=yaml.safe_dump(dict(release.values)), capture_output=True, text=True, timeout=60, check=True).stdout
