# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import supply as places
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import control_plane, gateways, supply
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import places as known
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_wishes import WISHES

PILOT = "registry.istio.io/release/pilot:1.30.2"


def workload(kind: str, *images: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    spec = {"initContainers": [{"image": image} for image in images[1:]], "containers": [{"image": image} for image in images[:1]]}
    pod = {"metadata": {"annotations": annotations or {}}, "spec": spec}
    return {"metadata": {"name": "one", "namespace": "app", **pod["metadata"]}, "spec": spec if kind == "Pod" else {"template": pod}}


def named(**live: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one.place, one.kind, one.text) for one in known.named(live)]


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet", "Pod"])
def test_a_workload_is_named_once_for_a_place_by_any_of_its_images(kind: str) -> None:
    assert named(**{kind: [workload(kind, "docker.io/app:1", PILOT, "registry.istio.io/release/proxyv2:1.30.2")]}) == [("registry.istio.io", kind, PILOT)]
    assert named(**{kind: [workload(kind, "docker.io/istio/pilot:1.31.3", "auto")]}) == []


def test_the_image_that_a_pod_wishes_for_its_sidecar_is_one_of_them() -> None:
    wish = {"sidecar.istio.io/proxyImage": "gcr.io/istio-release/proxyv2:1.28.1"}
    assert named(Deployment=[workload("Deployment", "auto", annotations=wish)]) == [
        ("gcr.io/istio-release", "Deployment", "gcr.io/istio-release/proxyv2:1.28.1"),
    ]


def test_the_templates_of_each_revision_are_looked_through_and_no_other_configuration() -> None:
    values = '{\n  "global": {\n    "hub": "registry.istio.io/release",\n    "proxy": {"image": "proxyv2"}}}'
    maps = [
        {"metadata": {"name": name, "namespace": "istio-system"}, "data": {"values": values, "config": "templates: {}"}}
        for name in ("istio-sidecar-injector", "istio-sidecar-injector-stable", "values-stable")
    ]
    assert [(one.kind, one.where, one.text) for one in known.named({"ConfigMap": maps})] == [
        ("injection template", "istio-system/istio-sidecar-injector", "registry.istio.io/release"),
        ("injection template", "istio-system/istio-sidecar-injector-stable", "registry.istio.io/release"),
    ]


def test_every_place_has_a_date_a_source_and_another_place_that_stays() -> None:
    for gone in known.GONE:
        assert gone.source and gone.outages and gone.since >= gone.outages[-1][0].date()
        assert places.match(gone.instead, known.GONE) is None


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_nothing_that_we_wish_ourselves_comes_from_such_a_place(wish: ControlPlane) -> None:
    for release in [*control_plane.releases(wish), *gateways.releases(wish)]:
        for text in (release.repository or "", release.chart, *(text for _path, text in places.strings(release.values))):
            assert places.match(text, known.GONE) is None


def pulled(**change: Any) -> list[tuple[str, str]]:
    wish = ControlPlane.of({"cluster": "east", "mesh": "shop", "version": "1.31.3", **change})
    return supply.images([*control_plane.releases(wish), *gateways.releases(wish)], wish.version)


def test_what_is_pulled_follows_the_options_of_the_wish() -> None:
    assert pulled() == [(f"docker.io/istio/{image}:1.31.3", f"docker.io/istio/{image}:1.31.3") for image in ("pilot", "proxyv2")]
    assert [upstream for upstream, _taken in pulled(platform="openshift")] == [
        f"docker.io/istio/{image}:1.31.3" for image in ("install-cni", "pilot", "proxyv2")
    ]


def test_what_is_pulled_from_a_mirror_keeps_its_name() -> None:
    assert pulled(mirror={"images": "registry.example/hub"})[0] == ("docker.io/istio/pilot:1.31.3", "registry.example/hub/istio/pilot:1.31.3")
    own = {"istiod": {"global": {"hub": "own.example/mesh", "tag": "1.31.4", "variant": "distroless"}}}
    assert pulled(values=own)[0] == ("docker.io/istio/pilot:1.31.4-distroless", "own.example/mesh/pilot:1.31.4-distroless")


def test_charts_of_a_directory_have_the_version_that_the_inventory_says() -> None:
    assert pulled(charts={"source": "directory", "location": "/srv/charts"})[0][0] == "docker.io/istio/pilot:1.31.3"
    assert pulled(version="")[0][0] == "docker.io/istio/pilot:<the newest>"
