# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HashiCorp's chart, rendered with our values and held against a real API server.

The chart is not in this repository and cannot be had everywhere, so this is no part of the gate. `make test-consul-charts` runs it; MESHOPS_CONSUL_CHARTS names
a directory that holds the charts unpacked, as <directory>/<version>/consul.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import releases
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition, verdict
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import lines, objects
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.chart.charted import OPENSHIFT, PEER, PRIMARY, SECONDARY
from meshlab import programs

CHARTS = Path(os.environ["MESHOPS_CONSUL_CHARTS"])
WISHES = {"peer": PEER, "primary": PRIMARY, "secondary": SECONDARY, "openshift": replace(OPENSHIFT, mirror={})}
KINDS_OF_OTHERS = {"SecurityContextConstraints", "NetworkAttachmentDefinition"}  # of OpenShift and Multus, which this API server does not have
CASES = [pytest.param(wish, line, id=f"{name}-{line.newest}") for name, wish in WISHES.items() for line in lines.LINES]
Object = dict[str, Any]


def wished(wish: ControlPlane, line: lines.ChartLine) -> ControlPlane:
    return replace(wish, version=line.installs, charts={"source": "directory", "location": str(CHARTS / line.newest)})


def rendered(wish: ControlPlane) -> list[Object]:
    """The lab's Helm knows neither a Kubernetes version nor the APIs of a server."""
    (release,) = releases(CONSUL.install.stages(wish))
    helm = programs.PROGRAMS["helm"].cached / "helm"
    known = ["--kube-version", "1.34.0", "--api-versions", "policy/v1/PodDisruptionBudget"]
    command = [str(helm), "template", release.name, release.chart, "--namespace", release.namespace, *known, "--no-hooks", "--values", "-"]
    done = subprocess.run(command, input=yaml.safe_dump(dict(release.values)), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def refs(made: Iterable[Object], space: str) -> set[str]:
    return {str(Ref.of(one)).replace(f"{space}/", "") for one in made}


@pytest.mark.parametrize(("wish", "line"), CASES)
def test_it_makes_what_is_claimed_and_what_is_waited_for(wish: ControlPlane, line: lines.ChartLine) -> None:
    own = wished(wish, line)
    made = refs(rendered(own), own.namespace)
    claimed = {str(claim.ref).replace(f"{own.namespace}/", "") for claim in CONSUL.install.claims(own) if claim.release}
    waited = {str(condition.ref).replace(f"{own.namespace}/", "") for stage in CONSUL.install.stages(own)[1:] for condition in stage.ready}
    assert claimed - made == set()
    assert waited - made - refs(objects.entries(own), own.namespace) == set()


@pytest.mark.parametrize(("wish", "line"), CASES)
def test_it_brings_gateway_crds_only_if_nobody_else_does(wish: ControlPlane, line: lines.ChartLine) -> None:
    crds = {one["metadata"]["name"] for one in rendered(wished(wish, line)) if one["kind"] == "CustomResourceDefinition"}
    brought = {name for name in crds if name.endswith(".gateway.networking.k8s.io")}
    assert brought == (set() if wish.crds == "external" else set(objects.gateway_crds(line.line)))


@pytest.mark.parametrize(("wish", "line"), CASES)
def test_it_pulls_what_is_listed(wish: ControlPlane, line: lines.ChartLine) -> None:
    own = wished(wish, line)
    templates = [one["spec"]["template"]["spec"] for one in rendered(own) if "template" in (one.get("spec") or {})]
    pulled = {container["image"] for spec in templates for part in ("initContainers", "containers") for container in spec.get(part) or ()}
    assert pulled <= {one.taken for one in CONSUL.install.supplies(own)}


@pytest.mark.parametrize(("wish", "line"), CASES)
def test_the_rights_for_all_that_it_makes_are_asked_for(wish: ControlPlane, line: lines.ChartLine) -> None:
    own = wished(wish, line)
    rights = {(one["verb"], one["group"], one["resource"]) for one in CONSUL.install.permissions(own.namespace, own.platform, source="directory")}
    kinds = {(one["apiVersion"].rpartition("/")[0], f"{one['kind'].lower()}s") for one in rendered(own)}
    named = {(group, {"networkattachmentdefinitions": "network-attachment-definitions", "securitycontextconstraintss": "securitycontextconstraints"}.get(
        kind, kind)) for group, kind in kinds}  # fmt: skip
    lacking = {(verb, *kind) for kind in named for verb in ("get", "create", "patch", "delete")} - rights
    assert lacking == set()


@pytest.fixture(scope="module")
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.mark.parametrize(("wish", "line"), CASES)
def test_a_server_that_is_strict_takes_it_with_our_entries(cluster: Cluster, wish: ControlPlane, line: lines.ChartLine) -> None:
    own = wished(wish, line)
    made = [one for one in rendered(own) if one["kind"] not in KINDS_OF_OTHERS and "Webhook" not in one["kind"]]
    crds, rest = ([one for one in made if (one["kind"] == "CustomResourceDefinition") is first] for first in (True, False))
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own.namespace}}
    try:
        cluster.apply([space, *crds])
        established(cluster, crds)
        assert {change.action for change in cluster.apply([*rest, *objects.entries(own)])} <= {"created", "updated", "unchanged"}
        assert {change.action for change in cluster.apply(objects.entries(own))} <= {"unchanged"}
    finally:
        cluster.delete([Ref.of(one) for one in [*objects.entries(own), *rest, *crds]])


def established(cluster: Cluster, crds: Iterable[Object]) -> None:
    ends = time.monotonic() + 30
    while why := [text for one in crds if (text := verdict(Condition(Ref.of(one), "established"), cluster.get(Ref.of(one))))]:
        assert time.monotonic() < ends, why
        time.sleep(0.2)
