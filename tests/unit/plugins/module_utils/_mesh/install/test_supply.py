# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import supply
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.supply import Gone, RetiredReference

TOLD = "is switched off in December 2026"
REGISTRY = Gone("registry.example.io", date(2026, 12, 8), TOLD, "docker.io/mesh", (1, 30), (), "a note")
CHARTS = Gone("gcr.example.io/mesh/charts", date(2026, 12, 8), TOLD, "ghcr.io/mesh/charts", (1, 30), (), "a note")
IMAGES = Gone("gcr.example.io/mesh", date(2026, 12, 8), TOLD, "docker.io/mesh", (1, 30), (), "a note")
TABLE = [REGISTRY, CHARTS, IMAGES]


@pytest.mark.parametrize(("text", "place"), [
    ("registry.example.io/release/pilot:1.30.2", REGISTRY),
    ("registry.example.io", REGISTRY),
    ("registry.example.io:443/release", REGISTRY),
    ("https://registry.example.io/x", REGISTRY),
    ("oci://gcr.example.io/mesh/charts", CHARTS),
    ("gcr.example.io/mesh/pilot@sha256:0a1b", IMAGES),
    ("gcr.example.io/mesh-testing/pilot", None),
    ("gcr.example.io/other", None),
    ("mirror.example/registry.example.io/release/pilot", None),
    ("my-registry.example.io/pilot", None),
    ("registry.example.iota/pilot", None),
    ("", None),
])
def test_which_place_a_reference_begins_with(text: str, place: Gone | None) -> None:
    assert supply.match(text, TABLE) == place


def test_what_nodes_are_led_to_a_mirror_of_does_not_go_away_for_them() -> None:
    assert supply.match("registry.example.io/a", TABLE, ["registry.example.io"]) is None
    assert supply.match("gcr.example.io/mesh/a", TABLE, ["registry.example.io"]) == IMAGES


def test_a_longer_text_names_each_place_with_what_stands_there() -> None:
    text = '{"global": {"hub": "registry.example.io/release"}}\nimage: gcr.example.io/mesh/proxy:1\nnot: my-registry.example.io/x'
    assert supply.inside(text, TABLE) == [(REGISTRY, "registry.example.io/release"), (IMAGES, "gcr.example.io/mesh/proxy:1")]


def test_values_are_looked_through_to_their_ends() -> None:
    values = {"global": {"hub": "a", "number": 1}, "list": [{"image": "b"}, "c"]}
    assert list(supply.strings(values)) == [("global.hub", "a"), ("list[0].image", "b"), ("list[1]", "c")]


HUB = RetiredReference("registry.example.io", "value", "the value istiod.global.hub", "registry.example.io/release")


@pytest.mark.parametrize(("version", "today", "refused"), [
    pytest.param((1, 30), date(2026, 12, 7), False, id="it is still there"),
    pytest.param((1, 30), date(2026, 12, 8), True, id="nothing is promised from that day on"),
    pytest.param((1, 31), date(2026, 11, 1), True, id="it never had that version"),
    pytest.param(None, date(2026, 12, 7), False, id="no version is said"),
    pytest.param(None, date(2027, 1, 1), True, id="no version, and gone"),
])
def test_an_install_is_refused_what_it_cannot_get_and_warned_of_what_it_still_can(version: tuple[int, int] | None, today: date, refused: bool) -> None:
    found = supply.refusals([HUB], TABLE, version, today)
    assert [len(part) for part in found] == ([1, 0] if refused else [0, 1])
    sentence = next(iter(found[0] + found[1]))
    assert sentence.startswith("the value istiod.global.hub is registry.example.io/release, but registry.example.io ")
    assert sentence.endswith("; use docker.io/mesh or your mirror instead")
    assert ("holds nothing newer than 1.30" in sentence) == (version == (1, 31))


def test_what_the_inventory_names_is_found_by_where_it_stands() -> None:
    given = [("the value istiod.global.hub", "registry.example.io/release"), ("the value istiod.global.tag", "1.30.2")]
    assert supply.wished(given, TABLE) == [HUB]
    assert supply.wished(given, TABLE, ["registry.example.io"]) == []


def one(kind: str, where: str, text: str = "registry.example.io/pilot:1") -> dict[str, str]:
    return {"place": "registry.example.io", "kind": kind, "where": where, "text": text}


def test_what_runs_is_one_sentence_for_a_place_however_much_it_is() -> None:
    found = [one("Deployment", "mesh/istiod"), *(one("Pod", f"app/web-{number}") for number in range(4)), one("injection template", "mesh/injector")]
    assert supply.running(found, TABLE) == [(
        "1 Deployment, 4 Pods and 1 injection template name registry.example.io (mesh/istiod: registry.example.io/pilot:1, "
        "app/web-0: registry.example.io/pilot:1, app/web-1: registry.example.io/pilot:1, and 3 more), which is switched off in December 2026: "
        "a node that has not pulled the image by then cannot start it; "
        "take it from docker.io/mesh or from your mirror (mesh_mirror, or the values hub and image)"
    )]
    assert supply.running(found, TABLE, ["registry.example.io"]) == []
    assert supply.running(found[:1], TABLE)[0].startswith("1 Deployment names registry.example.io (")
