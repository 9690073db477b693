# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import VersionLimits
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.preflight.estate import Owned
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install.requirements import REQUIREMENTS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.crds import CRDS, GROUPS


@pytest.mark.parametrize(("version", "mesh", "lowest", "highest", "gateway_api"), [
    ("1.28.1", "Istio 1.28", (1, 30), (1, 34), None),
    ("v1.29.0", "Istio 1.29", (1, 31), (1, 35), None),
    ("1.30", "Istio 1.30", (1, 32), (1, 36), (1, 5)),
    ("1.30-alpha.0", "Istio 1.30", (1, 32), (1, 36), (1, 5)),
    ("1.31.3", "Istio 1.31", (1, 32), None, (1, 5)),
    ("1.99.0", "Istio 1.99", (1, 32), None, (1, 5)),
    ("1.20.1", "Istio 1.20", (1, 28), None, None),
    ("", "Istio", (1, 28), None, None),
    ("latest", "Istio", (1, 28), None, None),
])
def test_what_a_version_of_istio_needs(
    version: str, mesh: str, lowest: tuple[int, int], highest: tuple[int, int] | None, gateway_api: tuple[int, int] | None
) -> None:
    assert REQUIREMENTS.limits(version) == VersionLimits(lowest, highest, mesh=mesh, gateway_api=gateway_api)


def test_the_table_of_versions_is_whole_and_in_order() -> None:
    lines = REQUIREMENTS.versions.lines
    assert [line.minor for line in lines] == [(1, lines[0].minor[1] - back) for back in range(len(lines))], "none is missing"
    for newer, older in itertools.pairwise(lines):
        assert newer.released > older.released and newer.kubernetes >= older.kubernetes
        assert older.ends is None or newer.ends is None or older.ends < newer.ends
    assert all(line.ends is not None and line.ends > line.released for line in lines[2:]), "the newest two are supported"
    assert all(line.until for line in lines[:2]) and all(line.minor < (1, 30) or line.gateway_api == (1, 5) for line in lines)


def test_the_crds_belong_to_the_release_that_installs_them() -> None:
    assert REQUIREMENTS.owned("mesh") == Owned(GROUPS, "istio-base", "mesh")


def test_every_crd_is_of_a_group_that_is_looked_at() -> None:
    assert {name.partition(".")[2] for name in CRDS} == set(GROUPS)


def test_what_is_read_and_written_in_the_meshs_namespace_is_asked_for_there_only() -> None:
    rights = install.permissions("mesh")
    assert {"verb": "create", "group": "", "resource": "pods/portforward", "namespace": "mesh"} in rights
    assert all(right.get("namespace") == "mesh" for right in rights if right["resource"] in ("secrets", "services", "deployments"))
    assert not any(right["resource"] in ("customresourcedefinitions", "clusterroles") and "namespace" in right for right in rights)


def test_the_echo_servers_take_rights_of_their_own_where_they_run() -> None:
    more = [right for right in install.permissions("mesh", probe="echo") if right not in install.permissions("mesh")]
    assert {right["namespace"] for right in more} == {"echo"}
    wish = ProbeWish(cluster="east", revision="stable", targets=["east"], namespace="echo", image="fortio", trust_domain="cluster.local")
    made = {(one["apiVersion"].rpartition("/")[0], one["kind"].lower()) for one in probe.manifests(wish) if "namespace" in one["metadata"]}
    wanted = {(verb, group, kind[:-1] + "ies" if kind.endswith("y") else f"{kind}s") for group, kind in made for verb in ("get", "create", "patch")}
    asked = {(right["verb"], right["group"], right["resource"]) for right in more}
    assert asked - wanted == {("list", "", "pods"), ("get", "", "pods/portforward"), ("create", "", "pods/portforward")}
    assert wanted - asked == set()


def test_openshift_needs_rights_where_the_network_plugin_lives() -> None:
    places = {right.get("namespace") for right in install.permissions("mesh", "openshift")}
    assert places == {None, "mesh", "kube-system", "default"}
    assert "kube-system" not in {right.get("namespace") for right in install.permissions("mesh")}
