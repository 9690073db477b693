# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install.charts import REPOSITORY, release
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.names import istiod, revision

WISH = ControlPlane("east", "shop", version="1.31.3", revision="stable", namespace="istio-system")


def made(charts: dict[str, Any], version: str = "1.31.3") -> Release:
    return release(replace(WISH, charts=charts, version=version), "istiod", "istiod-stable", {"a": 1})


@pytest.mark.parametrize(("charts", "chart", "repository", "version"), [
    pytest.param({}, "istiod", REPOSITORY, "1.31.3", id="nothing said: Istio's own repository"),
    pytest.param({"source": "repository"}, "istiod", REPOSITORY, "1.31.3", id="Istio's repository"),
    pytest.param({"source": "repository", "location": "https://mirror.example"}, "istiod", "https://mirror.example", "1.31.3", id="a mirror"),
    pytest.param({"source": "oci", "location": "oci://r.example/istio/"}, "oci://r.example/istio/istiod", None, "1.31.3", id="a registry"),
    pytest.param({"source": "oci"}, "oci://ghcr.io/istio/release/charts/istiod", None, "1.31.3", id="Istio's registry"),
    pytest.param({"source": "directory", "location": "/srv/charts/"}, "/srv/charts/istiod", None, None, id="a directory: it decides the version"),
])
def test_where_a_chart_comes_from(charts: dict[str, Any], chart: str, repository: str | None, version: str | None) -> None:
    assert made(charts) == Release("istiod-stable", "istio-system", chart, repository, version, {"a": 1})


def test_a_directory_that_is_relative_begins_at_the_inventory() -> None:
    for wish in ({"charts": {"source": "directory", "location": "charts/"}}, {"charts": {}, "mirror": {"charts": "charts"}}):
        assert release(replace(WISH, inventory="/inventory", **wish), "istiod", "istiod", {}).chart == "/inventory/charts/istiod"
    home = replace(WISH, inventory="/inventory", charts={"source": "directory", "location": "~/charts"})
    assert release(home, "istiod", "istiod", {}).chart == "~/charts/istiod"


@pytest.mark.parametrize(("place", "chart", "repository"), [
    ("oci://registry.example/charts", "oci://registry.example/charts/istiod", None),
    ("https://charts.example", "istiod", "https://charts.example"),
    ("/srv/charts", "/srv/charts/istiod", None),
])
def test_a_mirror_of_charts_serves_where_no_location_is_said(place: str, chart: str, repository: str | None) -> None:
    for charts in ({}, {"source": "repository"}, {"source": "oci"}):
        found = release(replace(WISH, charts=charts, mirror={"charts": place}), "istiod", "istiod", {})
        assert (found.chart, found.repository) == (chart, repository)
    near = release(replace(WISH, charts={"source": "oci", "location": "oci://near.example"}, mirror={"charts": place}), "istiod", "istiod", {})
    assert near.chart == "oci://near.example/istiod", "what is said of a site's charts is nearer than the estate's mirror"


@pytest.mark.parametrize(("version", "mirror", "hub"), [
    pytest.param("1.30.7", {}, "docker.io/istio", id="its charts name a registry that goes away"),
    pytest.param("1.30", {}, "docker.io/istio", id="so does every patch"),
    pytest.param("1.31.3", {}, None, id="its charts name docker.io themselves"),
    pytest.param("1.29.10", {}, None, id="and so did those before"),
    pytest.param("1.30.3-vendor", {}, None, id="a vendor has a registry of its own"),
    pytest.param("", {}, None, id="the newest"),
    pytest.param("1.30.7", {"images": "registry.example/hub/"}, "registry.example/hub/istio", id="a mirror"),
    pytest.param("1.31.3", {"images": "registry.example"}, "registry.example/istio", id="a mirror, whatever the charts name"),
])
def test_images_come_from_where_they_stay(version: str, mirror: dict[str, str], hub: str | None) -> None:
    wish = replace(WISH, version=version, mirror=mirror)
    for chart in ("istiod", "cni"):
        assert release(wish, chart, chart, {}).values.get("global", {}).get("hub") == hub
        own = replace(wish, values={chart: {"global": {"hub": "gcr.io/istio-release"}}})
        assert release(own, chart, chart, {}).values["global"]["hub"] == "gcr.io/istio-release", "what the inventory says wins"
    assert not release(wish, "base", "base", {}).values and not release(wish, "gateway", "gateway", {}).values


def test_no_version_is_the_newest() -> None:
    assert made({}, version="").version is None


@pytest.mark.parametrize("charts", [{"source": "directory"}, {"source": "directory", "location": ""}, {"source": "git", "location": "x"}])
def test_a_source_that_cannot_be_is_refused_by_name(charts: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^east: mesh_charts needs a source \(repository, oci or directory\) and, for a directory, a location, but it is \{"):
        made(charts)


def test_what_the_inventory_says_lies_over_what_we_say_for_its_chart_only() -> None:
    wish = replace(WISH, values={"istiod": {"global": {"network": "theirs"}, "b": 2}, "base": {"c": 3}})
    assert release(wish, "istiod", "istiod", {"global": {"network": "ours", "meshID": "shop"}}).values == {
        "global": {"network": "theirs", "meshID": "shop"}, "b": 2,
    }


@pytest.mark.parametrize(("name", "in_charts", "deployment"), [("stable", "stable", "istiod-stable"), ("default", "", "istiod")])
def test_the_default_revision_has_no_name_in_charts_and_objects(name: str, in_charts: str, deployment: str) -> None:
    wish = replace(WISH, revision=name)
    assert (revision(wish), istiod(wish)) == (in_charts, deployment)
