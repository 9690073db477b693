# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory says for charts, in the words of the operator's API."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.values import of_cni, of_istio


def wish(chart: str = "istiod", platform: str = "", **values: Any) -> ControlPlane:
    return ControlPlane("east", "shop", network="lan", revision="stable", namespace="istio-system", platform=platform, values={chart: values})


def test_what_the_chart_has_at_its_top_goes_below_pilot() -> None:
    given = wish(env={"A": "1"}, resources={"requests": {"cpu": "1"}}, meshConfig={"accessLogFile": "/dev/stdout"}, **{"global": {"logAsJson": True}})
    ours = {"global": {"meshID": "shop"}, "pilot": {"env": {"B": "2"}}}
    assert of_istio(given, ours) == ({
        "global": {"meshID": "shop", "logAsJson": True},
        "pilot": {"env": {"A": "1", "B": "2"}, "resources": {"requests": {"cpu": "1"}}},
        "meshConfig": {"accessLogFile": "/dev/stdout"},
    }, "")  # fmt: skip
    assert ours == {"global": {"meshID": "shop"}, "pilot": {"env": {"B": "2"}}}


def test_a_profile_is_the_istio_s_own() -> None:
    assert of_istio(wish(profile="preview"), {}) == ({}, "preview")


@pytest.mark.parametrize(("profile", "told"), [("ambient", "ambient mode"), ("openshift-ambient", "ambient mode"), ("remote", "mesh_role")])
def test_a_profile_of_another_kind_of_mesh_is_refused(profile: str, told: str) -> None:
    with pytest.raises(Refused, match=rf"^east: mesh_values has istiod\.profile {profile}, but .*{told}"):
        of_istio(wish(profile=profile), {})


@pytest.mark.parametrize(("path", "values"), [
    ("revision", {"revision": "blue"}),
    ("defaultRevision", {"defaultRevision": "blue"}),
    ("base", {"base": {"excludedCRDs": ["x"]}}),
    ("global.istioNamespace", {"global": {"istioNamespace": "elsewhere"}}),
    ("global.meshID", {"global": {"meshID": "other"}}),
    ("global.network", {"global": {"network": "other"}}),
    ("global.multiCluster.clusterName", {"global": {"multiCluster": {"clusterName": "other"}}}),
    ("meshConfig.trustDomain", {"meshConfig": {"trustDomain": "other.example"}}),
])  # fmt: skip
def test_what_is_not_the_inventory_s_to_say_is_refused_by_name(path: str, values: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=rf"^east: mesh_values has istiod\.{path}, but .*\.$"):
        of_istio(wish(**values), {})


def test_to_say_the_same_is_no_fault() -> None:
    of_istio(wish(**{"global": {"meshID": "shop", "network": "lan", "istioNamespace": "istio-system", "multiCluster": {"clusterName": "east"}}}), {})


def test_tokens_of_the_first_party_are_refused_on_openshift_alone() -> None:
    values = {"global": {"jwtPolicy": "first-party-jwt"}}
    of_istio(wish(**values), {})
    with pytest.raises(Refused, match="ROSA"):
        of_istio(wish(platform="openshift", **values), {})


@pytest.mark.parametrize(("chart", "read", "kind"), [("istiod", lambda one: of_istio(one, {}), "Istio"), ("cni", of_cni, "IstioCNI")])
def test_an_unknown_value_is_refused_by_name(chart: str, read: Any, kind: str) -> None:
    with pytest.raises(Refused, match=rf"^east: mesh_values has {chart}\.deployment, which spec\.values of {kind} does not have\."):
        read(wish(chart, deployment=1))
    with pytest.raises(Refused, match=r"\.\{deployment, service\}, which"):
        read(wish(chart, service=1, deployment=1))


def test_values_of_the_plugin_go_below_cni() -> None:
    assert of_cni(wish("cni", excludeNamespaces=["kube-system"], **{"global": {"logAsJson": True}})) == {
        "cni": {"excludeNamespaces": ["kube-system"]}, "global": {"logAsJson": True},
    }  # fmt: skip
    assert of_cni(ControlPlane("east", "shop")) == {}
