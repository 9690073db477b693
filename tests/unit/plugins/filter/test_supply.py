# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters about charts and images as the role preflight calls them, over dictionaries that stand in for hostvars."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import inventory_supply
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

TODAY = date(2026, 11, 26)


def host(**variables: Any) -> dict[str, Any]:
    return {"mesh_name": "shop", "mesh_network": "one", "mesh_kube": {"context": "east"}, "mesh_trust_cluster": "east", "mesh_version": "1.31.3", **variables}


def judged(hostvars: dict[str, Any]) -> list[str]:
    """The findings of preflight for east if only its variables were read."""
    found: dict[str, list[str]] = FILTERS["_preflight_findings"](["east"], hostvars, ["east"], [{}], [{}], {}, 30)
    return found["east"]


def hub(place: str) -> dict[str, Any]:
    return {"istiod": {"global": {"hub": place}}}


def test_the_list_for_a_mirror_holds_all_that_the_releases_and_the_probe_need_and_each_once() -> None:
    hostvars = {
        "east": host(mesh_mirror={"charts": "oci://registry.example/charts", "images": "registry.example"}, mesh_platform="openshift"),
        "west": host(mesh_mirror={"charts": "oci://registry.example/charts", "images": "registry.example"}),
        "bastion": {},
    }
    assert FILTERS["mesh_mirror_list"](["east", "west", "bastion"], hostvars) == [
        *(f"chart oci://ghcr.io/istio/release/charts/{chart}:1.31.3 -> oci://registry.example/charts/{chart}:1.31.3"
          for chart in ("base", "cni", "istiod", "gateway")),
        *(f"image docker.io/istio/{image}:1.31.3 -> registry.example/istio/{image}:1.31.3" for image in ("install-cni", "pilot", "proxyv2")),
        "image docker.io/fortio/fortio:1.66.0 -> registry.example/fortio/fortio:1.66.0",
    ]


def test_without_a_mirror_the_list_says_what_comes_from_the_internet() -> None:
    told = FILTERS["mesh_mirror_list"](["east"], {"east": host()})
    assert "chart oci://ghcr.io/istio/release/charts/istiod:1.31.3 -> https://blob.istio.io/istio-release/charts/istiod:1.31.3" in told
    assert "image docker.io/istio/pilot:1.31.3" in told


def test_a_mirror_with_a_misspelt_key_is_refused_and_told_with_all_other_findings() -> None:
    hostvars = {"east": host(mesh_mirror={"image": "registry.example"})}
    assert FILTERS["mesh_mirror_list"](["east"], hostvars) == []
    told = judged(hostvars)
    assert told == ["east: mesh_mirror has the unknown keys image (known keys are charts, hosts, images). Correct the mesh_* variables of this cluster."]


def test_a_version_that_was_never_put_there_stands_in_the_way_of_the_install() -> None:
    hostvars = {"east": host(mesh_values=hub("gcr.io/istio-release"))}
    assert judged(hostvars) == [
        ("east: the value istiod.global.hub is gcr.io/istio-release, but gcr.io/istio-release shuts down and holds nothing newer than 1.30; "
         "use docker.io/istio or your mirror instead.")
    ]


@pytest.mark.parametrize(("today", "refused"), [(date(2026, 12, 7), 0), (date(2026, 12, 8), 1)])
def test_one_that_is_there_stands_in_the_way_only_when_it_is_gone(today: date, refused: int) -> None:
    variables = host(mesh_version="1.30.7", mesh_site_values=hub("registry.istio.io/release"))
    assert len(inventory_supply.refusals("east", variables, {}, today)) == refused
    assert len(inventory_supply.warnings("east", variables, {}, today)) == 1 - refused
    led = {**variables, "mesh_mirror": {"hosts": ["registry.istio.io"]}}
    assert (inventory_supply.refusals("east", led, {}, today), inventory_supply.warnings("east", led, {}, today)) == ([], [])


def test_values_of_mesh_site_and_cluster_are_laid_over_each_other_before_they_are_judged() -> None:
    variables = host(mesh_version="1.30.7", mesh_values=hub("gcr.io/istio-release"), mesh_cluster_values=hub("docker.io/istio"))
    assert inventory_supply.warnings("east", variables, {}, TODAY) == []


def test_what_runs_in_the_clusters_of_this_run_is_told_with_its_cluster() -> None:
    found = {"named": [{"place": "registry.istio.io", "kind": "Deployment", "where": "app/web", "text": "registry.istio.io/release/x:1"}], "unread": []}
    seen = {"version": {"major": 1, "minor": 34}, "supply": found}
    told = FILTERS["_preflight_notices"](["east"], {"east": host(), "west": host(mesh_version="1.20")}, [seen])
    assert [each.partition(" (")[0] for each in told] == ["east: 1 Deployment names registry.istio.io"]


def test_a_host_whose_variables_cannot_be_read_or_are_of_another_kind_stops_nobody_elses_notices() -> None:
    class Unreadable(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: str) -> Any:
            if key == "mesh_values":
                raise AnsibleFilterError("'vault_token' is undefined")
            return super().__getitem__(key)

    hostvars = {
        "east": Unreadable(host(mesh_values={})), "north": host(mesh_values="text"),
        "west": host(mesh_version="1.30.7", mesh_values=hub("gcr.io/istio-release")),
    }
    told = inventory_supply.warnings("west", hostvars["west"], {}, TODAY)
    assert len(told) == 1
    noticed = FILTERS["_preflight_notices"](list(hostvars), hostvars, [{}, {}, {}])
    assert [each.partition(":")[0] for each in noticed] in (["west"], []), "from 8 December on it is a finding"
    assert FILTERS["mesh_mirror_list"](list(hostvars), hostvars) == FILTERS["mesh_mirror_list"](["west"], hostvars) != []
