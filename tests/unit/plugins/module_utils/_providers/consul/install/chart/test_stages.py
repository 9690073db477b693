# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of an install by HashiCorp's chart: what each waits for, where the chart comes from, and the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import PARTS, Stage, of_part, releases
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import lines, objects
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.chart.charted import (
    OPENSHIFT,
    PEER,
    PRIMARY,
    SECONDARY,
    WISHES,
)


def named(stages: list[Stage]) -> list[str]:
    return [stage.name for stage in stages]


def waited(stage: Stage) -> set[str]:
    return {f"{condition.check} {condition.ref.name}" for condition in stage.ready}


def test_entries_follow_the_controller_and_a_secondary_has_those_of_its_primary() -> None:
    assert named(CONSUL.install.stages(PEER)) == ["namespace", "chart", "entries", "declared", "gateway"]
    assert named(CONSUL.install.stages(SECONDARY)) == ["namespace", "chart", "gateway"]


def test_declared_objects_take_the_place_of_the_entries_and_go_before_the_controller() -> None:
    wish = replace(PEER, values={**PEER.values, "entries": {"through": "crds", "declared": [{"kind": "service-defaults", "name": "web"}]}})
    assert named(CONSUL.install.stages(wish)) == ["namespace", "chart", "declared", "gateway"]
    first = CONSUL.install.teardown(wish)[0]
    assert [one["kind"] for one in first.manifests] == ["Mesh", "ProxyDefaults", "ServiceDefaults"]


def test_the_chart_waits_for_the_secrets() -> None:
    secrets = {"exists consul-federation", "exists consul-tokens", "exists consul-server-tls"}
    assert waited(CONSUL.install.stages(PEER)[0]) == secrets | {"exists consul-connect-ca"}
    assert waited(CONSUL.install.stages(SECONDARY)[0]) == secrets


def test_crds_are_established_and_entries_synced() -> None:
    _space, chart, entries, _declared, gateway = CONSUL.install.stages(PEER)
    assert {"established proxydefaults.consul.hashicorp.com", "rollout consul-server", "rollout consul-connect-injector"} <= waited(chart)
    assert {(condition.ref.kind, condition.type) for condition in entries.ready} == {("ProxyDefaults", "Synced"), ("Mesh", "Synced")}
    assert waited(gateway) == {"rollout consul-mesh-gateway", "field consul-mesh-gateway"}


def test_only_peers_go_through_gateways_by_an_entry() -> None:
    assert [one["kind"] for one in CONSUL.install.stages(PRIMARY)[2].manifests] == ["ProxyDefaults"]


def test_a_gateway_without_a_load_balancer_has_no_address_to_wait_for() -> None:
    for wish in (PRIMARY, SECONDARY):
        assert waited(CONSUL.install.stages(wish)[-1]) == {"rollout consul-mesh-gateway"}


def test_crds_of_others_are_waited_for_and_not_claimed() -> None:
    crds = {f"established {name}" for name in objects.GATEWAY_CRDS}
    assert crds <= waited(CONSUL.install.stages(OPENSHIFT)[0])
    assert not crds & waited(CONSUL.install.stages(PEER)[0])
    claimed = {claim.ref.name for claim in CONSUL.install.claims(OPENSHIFT)}
    assert not claimed & set(objects.GATEWAY_CRDS)
    assert set(objects.GATEWAY_CRDS) <= {claim.ref.name for claim in CONSUL.install.claims(PEER)}


@pytest.mark.parametrize(("version", "more"), [
    ("1.21.5", ["tcproutes"]), ("1.22.7", ["grpcroutes", "tcproutes", "tlsroutes", "udproutes"]), ("2.0.3", ["tcproutes"]),
])  # fmt: skip
def test_claims_have_every_crd_of_the_gateway_api_that_this_chart_brings(version: str, more: list[str]) -> None:
    group = ".gateway.networking.k8s.io"
    brought = {claim.ref.name for claim in CONSUL.install.claims(replace(PEER, version=version)) if claim.ref.name.endswith(group)}
    assert brought == {*objects.GATEWAY_CRDS, *(f"{one}{group}" for one in more)}


def test_claims_name_the_release_that_may_own_them() -> None:
    claims = {str(claim.ref): claim.release for claim in CONSUL.install.claims(PEER)}
    assert claims["StatefulSet consul/consul-server"] == "consul/consul"
    assert claims["CustomResourceDefinition proxydefaults.consul.hashicorp.com"] == "consul/consul"
    assert claims["ProxyDefaults consul/global"] == ""


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_stages_are_of_known_parts_and_can_be_told_to_a_role(wish) -> None:
    for stages in (CONSUL.install.stages(wish), CONSUL.install.teardown(wish)):
        assert {stage.part for stage in stages} <= set(PARTS)
        assert all(step["name"] for stage in stages for step in stage.steps())
    assert of_part(CONSUL.install.stages(wish), "gateways")


def test_the_way_back_takes_the_entries_while_their_controller_lives() -> None:
    assert named(CONSUL.install.teardown(PEER)) == ["entries", "chart"]
    assert {condition.check for condition in CONSUL.install.teardown(PEER)[0].ready} == {"absent"}
    assert named(CONSUL.install.teardown(SECONDARY)) == ["chart", "departure"]


@pytest.mark.parametrize(
    ("charts", "mirror", "place"),
    [
        ({"source": "repository"}, {}, ("consul", "https://helm.releases.hashicorp.com", "1.9.11")),
        ({"source": "repository", "location": "https://charts.example"}, {}, ("consul", "https://charts.example", "1.9.11")),
        ({"source": "oci", "location": "oci://registry.example/charts/"}, {}, ("oci://registry.example/charts/consul", None, "1.9.11")),
        ({"source": "directory", "location": "/srv/charts"}, {}, ("/srv/charts/consul", None, None)),
        ({"source": "directory", "location": "charts"}, {}, ("/inventory/charts/consul", None, None)),
        ({"source": "repository"}, {"charts": "oci://mirror.example/x"}, ("oci://mirror.example/x/consul", None, "1.9.11")),
        ({"source": "oci"}, {"charts": "https://mirror.example"}, ("consul", "https://mirror.example", "1.9.11")),
        ({"source": "repository"}, {"charts": "/mirror"}, ("/mirror/consul", None, None)),
    ],
)
def test_where_the_chart_comes_from(charts, mirror, place) -> None:
    (release,) = releases(CONSUL.install.stages(replace(PEER, charts=charts, mirror=mirror, inventory="/inventory")))
    assert (release.chart, release.repository, release.version) == place


@pytest.mark.parametrize("source", ["oci", "directory"])
def test_a_place_that_is_missing(source: str) -> None:
    with pytest.raises(Refused, match=rf"^east: mesh_charts.source is {source}, but mesh_charts has no location"):
        CONSUL.install.stages(replace(PEER, charts={"source": source}))


def chosen(version: str, chart: str = "") -> tuple[str, tuple[int, int], str]:
    wish = replace(PEER, version=version, values={"chart": {"version": chart}} if chart else {})
    one = lines.choose(wish, Settings.of(wish))
    return one.version, one.line, one.consul


@pytest.mark.parametrize(
    ("version", "chart", "expected"),
    [
        ("1.22.3", "", ("1.9.11", (1, 9), "1.22.3")),
        ("", "", ("1.9.11", (1, 9), "1.22.3")),
        ("1.21", "", ("1.8.16", (1, 8), "1.21.5")),
        ("v2.0.3-ent", "2.0.1", ("2.0.1", (2, 0), "2.0.3-ent")),
        ("2.1.0", "2.1.4", ("2.1.4", (2, 0), "2.1.0")),
    ],
)
def test_the_chart_of_a_version_of_consul(version: str, chart: str, expected: tuple) -> None:
    assert chosen(version, chart) == expected


@pytest.mark.parametrize(
    ("version", "chart", "fault"),
    [
        ("2.1.0", "", "no chart of Consul 2.1.0 is known; as of .* knows those of 1.21, 1.22, 2.0. Set mesh_values.chart.version"),
        ("1.22.3", "2.0.3", "mesh_values.chart.version is 2.0.3, and that chart belongs to Consul 2.0, but mesh_version asks for Consul 1.22.3"),
        ("2.1.0", "1.9.11", "mesh_values.chart.version is 1.9.11, and that chart belongs to Consul 1.22, but mesh_version asks for Consul 2.1.0"),
        ("1.22.3", "1.7.0", "mesh_values.chart.version is 1.7.0, but Consul 1.22.3 belongs to the charts 1.9"),
        ("1.22.3", "1.9", "mesh_values.chart.version is 1.9, which is no version of a chart, such as 2.0.3"),
        ("1.22.3", "newest", "mesh_values.chart.version is newest, which is no version of a chart"),
    ],
)
def test_a_chart_of_another_consul(version: str, chart: str, fault: str) -> None:
    with pytest.raises(Refused, match=rf"^east: {fault}"):
        chosen(version, chart)


def test_the_table_has_a_line_for_each_minor_version_once() -> None:
    assert len({one.line for one in lines.LINES}) == len({one.consul for one in lines.LINES}) == len(lines.LINES)
    assert all(one.newest.startswith(f"{one.line[0]}.{one.line[1]}.") and one.installs.startswith(f"{one.consul[0]}.{one.consul[1]}.") for one in lines.LINES)
