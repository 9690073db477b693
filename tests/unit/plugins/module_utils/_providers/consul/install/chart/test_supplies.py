# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mirror must hold is what is pulled, both ways: the mirror's names, and images that an inventory gives."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.mirror import listing
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import releases
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.chart.charted import OPENSHIFT, PEER, given
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER as FROM_MANIFESTS


def lines(wish: ControlPlane) -> list[str]:
    return listing(CONSUL.install.supplies(wish))


def test_the_chart_and_its_images() -> None:
    assert lines(PEER) == [
        "chart https://helm.releases.hashicorp.com/consul:1.9.11",
        "image docker.io/hashicorp/consul:1.22.3",
        "image docker.io/hashicorp/consul-k8s-control-plane:1.9.11",
        "image docker.io/hashicorp/consul-dataplane:1.9.11",
    ]


def test_a_mirror_holds_the_chart_and_all_images() -> None:
    assert lines(OPENSHIFT) == [
        "chart https://helm.releases.hashicorp.com/consul:1.8.16 -> oci://registry.example/charts/consul:1.8.16",
        "image docker.io/hashicorp/consul:1.21.5 -> registry.example/mirror/hashicorp/consul:1.21.5",
        "image docker.io/hashicorp/consul-k8s-control-plane:1.8.16 -> registry.example/mirror/hashicorp/consul-k8s-control-plane:1.8.16",
        "image docker.io/hashicorp/consul-dataplane:1.8.16 -> registry.example/mirror/hashicorp/consul-dataplane:1.8.16",
    ]


def test_images_that_the_inventory_gives() -> None:
    own = given(PEER, **{"global": {"imageK8S": "registry.example/k8s:1"}})
    own = replace(own, values={**own.values, "images": {"consul": "registry.example/own:1"}})
    assert lines(own)[1:3] == [
        "image docker.io/hashicorp/consul:1.22.3 -> registry.example/own:1",
        "image docker.io/hashicorp/consul-k8s-control-plane:1.9.11 -> registry.example/k8s:1",
    ]


def test_what_is_listed_is_what_is_pulled() -> None:
    for wish in (PEER, OPENSHIFT):
        (release,) = releases(CONSUL.install.stages(wish))
        pulled = {release.values["global"][key] for key in ("image", "imageK8S", "imageConsulDataplane")}
        assert pulled == {one.taken for one in CONSUL.install.supplies(wish) if one.kind == "image"}


def test_manifests_by_a_mirror_and_with_a_given_image() -> None:
    wish = replace(FROM_MANIFESTS, mirror={"images": "registry.example/mirror"}, values={"images": {"envoy": "registry.example/envoy:1"}})
    assert lines(wish) == [
        "image docker.io/hashicorp/consul:1.22.3 -> registry.example/mirror/hashicorp/consul:1.22.3",
        "image docker.io/envoyproxy/envoy:v1.35.3 -> registry.example/envoy:1",
    ]


def test_rights_of_the_chart_are_asked_for_with_the_chart_only() -> None:
    def asked(source: str, platform: str = "") -> set[str]:
        return {f"{one['verb']} {one['resource']}" for one in CONSUL.install.permissions("consul", platform, "", source)}

    assert "create customresourcedefinitions" not in asked("") | asked("manifests")
    assert {"create customresourcedefinitions", "escalate clusterroles", "watch jobs", "patch proxydefaults", "update secrets"} <= asked("repository")
    assert "create securitycontextconstraints" in asked("directory", "openshift") - asked("directory")
