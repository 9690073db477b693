# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.estate import Limits, Owned
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio import requirements


@pytest.mark.parametrize(("version", "lowest", "highest"), [
    ("1.28.1", (1, 30), (1, 34)),
    ("v1.29.0", (1, 31), (1, 35)),
    ("1.29", (1, 31), (1, 35)),
    ("1.99.0", (1, 29), None),
    ("1.30-alpha.0", (1, 29), None),
    ("", (1, 29), None),
    ("latest", (1, 29), None),
])
def test_which_kubernetes_a_version_of_istio_needs(version: str, lowest: tuple[int, int], highest: tuple[int, int] | None) -> None:
    assert requirements.limits(version) == Limits(lowest, highest)


def test_the_crds_belong_to_the_release_that_installs_them() -> None:
    assert requirements.owned("mesh") == Owned(requirements.GROUPS, "istio-base", "mesh")


def test_every_crd_is_of_a_group_that_is_looked_at() -> None:
    assert {name.partition(".")[2] for name in requirements.CRDS} == set(requirements.GROUPS)


def test_what_is_read_and_written_in_the_meshs_namespace_is_asked_for_there_only() -> None:
    rights = requirements.permissions("mesh")
    assert {"verb": "create", "group": "", "resource": "pods/portforward", "namespace": "mesh"} in rights
    assert all(right.get("namespace") == "mesh" for right in rights if right["resource"] in ("secrets", "services", "deployments"))
    assert not any(right["resource"] in ("customresourcedefinitions", "clusterroles") and "namespace" in right for right in rights)


def test_openshift_needs_rights_where_the_network_plugin_lives() -> None:
    places = {right.get("namespace") for right in requirements.permissions("mesh", "openshift")}
    assert places == {None, "mesh", "kube-system"}
    assert "kube-system" not in {right.get("namespace") for right in requirements.permissions("mesh")}
