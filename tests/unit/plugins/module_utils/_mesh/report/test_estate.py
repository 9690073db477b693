# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate as data: what status read, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.estate import estate
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import NOW, VERSIONS, certificate, facts, made, member, two
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

SCHEMA = json.loads((CHECKOUT / "roles/report/files/estate.schema.json").read_text("utf-8"))


def cluster(name: str = "east", **change: Any) -> dict[str, Any]:
    read, members = two()
    return next(one for one in estate({**read, name: {**read[name], **change}}, members, VERSIONS, NOW)["clusters"] if one["name"] == name)


@pytest.mark.parametrize("number", [2, 60, 100])
def test_the_data_are_as_the_schema_says(number: int) -> None:
    """The schema allows no field that it does not name."""
    jsonschema.Draft202012Validator(SCHEMA).validate(made(number))


def test_the_schema_sees_another_field() -> None:
    wrong = made(2)
    wrong["clusters"][0]["token"] = "x"
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(wrong)


def test_two_that_are_well() -> None:
    told = made(2)
    assert told["summary"] == {
        "clusters": 2, "ok": 2, "sick": 0, "unreached": 0, "findings": 0, "notices": 0, "links": 2, "links_synced": 2, "proxies": 24, "proxies_behind": 0,
        "next_expiry": "2028-11-20T12:00:00Z",
    }  # fmt: skip
    assert [(one["name"], one["site"], one["network"], one["links"]) for one in told["clusters"]] == [
        ("east", "onprem", "dc1", {"west": "synced"}), ("west", "cloud", "vpc", {"east": "synced"}),
    ]  # fmt: skip


def test_what_nobody_named_stays_out() -> None:
    """A module may come to return more; a report is read by more people than a result."""
    told = cluster(token="s3cret", trust={"root": {**certificate("CN=r", "r", "2036-01-01T00:00:00Z"), "key": "s3cret"}}, planes=[
        {"revision": "stable", "version": "1.31.2", "desired": 1, "ready": 1, "environment": "s3cret"},
    ], gateways=[{"name": "g", "namespace": "n", "network": "l", "desired": 1, "ready": 1, "addresses": [], "key": "s3cret"}])  # fmt: skip
    assert "s3cret" not in json.dumps(told)


def test_the_worst_stand_first_and_a_lost_one_has_its_reason_only() -> None:
    read, members = two()
    told = estate({"east": read["east"], "west": "west: it refuses connections."}, members, VERSIONS, NOW)
    first = told["clusters"][0]
    assert (first["name"], first["verdict"], first["unreached"]) == ("west", "unreached", "west: it refuses connections.")
    assert (first["control_planes"], first["proxies"]["count"], first["root"], first["links"]) == ([], 0, "", {"east": "unknown"})
    assert (told["summary"]["links"], told["summary"]["links_synced"]) == (2, 1)


@pytest.mark.parametrize(("remotes", "answered", "state"), [
    ([("a", "synced"), ("b", "synced")], ["a", "b"], "synced"),
    ([("a", "timeout"), ("b", "synced")], ["a", "b"], "timeout"),
    ([("a", "synced"), ("b", "closed")], ["a", "b"], "closed"),
    ([], ["a"], "missing"),
    ([], [], "unknown"),
])  # fmt: skip
def test_a_link_is_as_the_worst_that_a_control_plane_says(remotes: list[tuple[str, str]], answered: list[str], state: str) -> None:
    told = cluster(remotes=[{"pod": pod, "cluster": "west", "status": status} for pod, status in remotes], answered=answered)
    assert told["links"] == {"west": state}


def test_a_cluster_outside_of_the_inventory_that_is_discovered_is_shown() -> None:
    assert cluster(remotes=[{"pod": "a", "cluster": "gone", "status": "timeout"}])["links"] == {"gone": "timeout", "west": "missing"}


def test_a_remote_discovers_nobody_and_names_who_serves_it() -> None:
    members = [member("east"), member("west", role="remote", primary="east")]
    told = estate({"east": facts("east", ["west"]), "west": facts("west", [], planes=[], remotes=[], served_by="east")}, members, VERSIONS, NOW)
    west = next(one for one in told["clusters"] if one["name"] == "west")
    assert (west["links"], west["served_by"], west["verdict"]) == ({}, "east", "ok")


def test_a_host_whose_variables_cannot_be_read_is_a_cluster_of_no_mesh() -> None:
    read, members = two()
    told = estate({**read, "north": "north: mesh_kube cannot be read."}, members, VERSIONS, NOW)
    assert [(one["name"], one["clusters"]) for one in told["meshes"]] == [("shop", ["east", "west"]), ("", ["north"])]


def test_a_root_stands_once_for_each_mesh_and_the_soonest_ca_first() -> None:
    read, members = two()
    read["west"]["trust"] = {**read["west"]["trust"], "intermediate": certificate("CN=west", "w", "2026-12-05T12:00:00Z")}
    told = estate(read, members, VERSIONS, NOW)["certificates"]
    assert [(one["kind"], one["clusters"], one["level"], one["days_left"]) for one in told] == [
        ("intermediate", ["west"], "critical", 8), ("intermediate", ["east"], "ok", 724), ("root", ["east", "west"], "ok", 3644),
    ]  # fmt: skip


def test_two_roots_are_listed_that_of_most_clusters_first() -> None:
    members = [member(name) for name in ("a", "b", "c")]
    read = {one.name: facts(one.name, []) for one in members}
    read["a"]["trust"] = {"root": certificate("CN=other", "other", "2036-11-18T12:00:00Z")}
    (mesh,) = estate(read, members, VERSIONS, NOW)["meshes"]
    assert [one["clusters"] for one in mesh["roots"]] == [2, 1]


def test_proxies_are_counted_by_version_revision_and_what_they_have_accepted() -> None:
    told = cluster(proxies=[
        {"name": "a", "version": "1.30.0", "revision": "blue", "stale": ["route"]}, {"name": "b", "version": "1.31.2", "revision": "green", "stale": []},
        {"name": "c", "version": "1.31.2", "revision": "green", "stale": []},
    ])["proxies"]  # fmt: skip
    assert told == {"count": 3, "behind": 1, "versions": {"1.30.0": 1, "1.31.2": 2}, "revisions": {"blue": 1, "green": 2}, "namespaces": {"stable": 4}}


class TestVersions:
    @staticmethod
    def row(version: str) -> dict[str, Any]:
        read, members = two()
        read["east"]["planes"] = [{**read["east"]["planes"][0], "version": version}]
        return next(one for one in estate(read, members, VERSIONS, NOW)["versions"] if one["version"] == version)

    @pytest.mark.parametrize(("version", "level", "until", "said"), [
        ("1.31.0", "ok", "", "Supported until six weeks after 1.33.0."),
        ("1.30.3-distroless", "warn", "2027-01-05", "Supported until 2027-01-05."),
        ("1.29.4", "critical", "2026-10-12", "Out of support since 2026-10-12."),
        ("1.20.1", "critical", "", "Out of support, like every version before 1.29."),
        ("1.40.0", "unknown", "", "This collection does not know the version. It knows versions up to 1.31, as of 2026-11-26."),
        ("latest", "unknown", "", "This collection does not know the version. It knows versions up to 1.31, as of 2026-11-26."),
    ])  # fmt: skip
    def test_each_says_how_long_it_is_supported(self, version: str, level: str, until: str, said: str) -> None:
        told = self.row(version)
        assert (told["level"], told["supported_until"], told["said"], told["clusters"], told["product"]) == (level, until, said, ["east"], "Istio")

    def test_those_without_support_stand_first(self) -> None:
        assert [one["level"] for one in made(60)["versions"]] == ["critical", "warn", "ok"]
