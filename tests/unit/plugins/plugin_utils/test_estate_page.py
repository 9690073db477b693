# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page as a file: well-formed, whole, and loading nothing. How it looks is for eyes and a browser; no browser runs here."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.estate import estate
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.estate_page import headline, page
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import NOW, VERSIONS, made, two

VOID = {"meta", "link", "br"}
PRODUCTS = {"istio": "Istio"}


class Reading(HTMLParser):
    """Collects the texts, the ids and what is loaded, and refuses tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.leads: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        self.leads += [value for name in ("href", "src", "xlink:href", "action", "data") if (value := given.get(name))]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes something else at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> Reading:
    reading = Reading()
    reading.feed(text)
    reading.close()
    assert reading.open == []
    return reading


@pytest.fixture(scope="module", params=[2, 60, 100])
def told(request: pytest.FixtureRequest) -> tuple[dict[str, Any], str]:
    data = made(request.param)
    return data, page(data, PRODUCTS)


def test_it_is_well_formed_and_every_anchor_is_there(told: tuple[dict[str, Any], str]) -> None:
    reading = read(told[1])
    assert len(reading.ids) == len(set(reading.ids))
    assert {lead[1:] for lead in reading.leads if lead.startswith("#")} <= set(reading.ids)


def test_it_loads_nothing_and_runs_nothing(told: tuple[dict[str, Any], str]) -> None:
    reading = read(told[1])
    assert [lead for lead in reading.leads if not lead.startswith("#")] == ["data:,"]
    assert not reading.tags & {"script", "img", "iframe", "object", "embed", "use", "image", "foreignobject"}
    assert not re.search(r"url\(|@import|https?://(?!\S*192\.0\.2\.)|\bon\w+=", told[1])
    assert "default-src 'none'" in told[1]


def test_every_cluster_and_every_finding_is_on_it(told: tuple[dict[str, Any], str]) -> None:
    data, text = told
    shown = "".join(read(text).texts)
    for one in data["clusters"]:
        assert one["name"] in shown
        assert all(said.removeprefix(f"{one['name']}: ")[1:] in shown for said in [*one["findings"], *one["notices"], *filter(None, [one["unreached"]])])


def test_it_does_not_grow_beyond_what_a_browser_opens_at_once(told: tuple[dict[str, Any], str]) -> None:
    assert len(told[1]) < 5000 * len(told[0]["clusters"]) + 20_000


def test_what_a_cluster_says_is_text_and_no_markup() -> None:
    members_read, members = two()
    evil = "<script>alert(1)</script>\"'&"
    members_read["east"] |= {"findings": [f"east: {evil}"], "notices": [evil], "planes": [{"revision": evil, "version": evil, "ready": 0, "desired": 1}]}
    members_read["east"]["gateways"] = [{"name": evil, "namespace": evil, "network": evil, "ready": 1, "desired": 1, "addresses": [evil]}]
    text = page(estate({**members_read, "west": f"west: {evil}"}, members, VERSIONS, NOW), PRODUCTS)
    assert "script" not in read(text).tags
    assert "<script" not in text


def test_an_estate_of_nothing_is_a_page_too() -> None:
    read(page(estate({}, [], VERSIONS, NOW), PRODUCTS))
    read(page(estate({"east": "east: silence."}, [], VERSIONS, NOW), PRODUCTS))


@pytest.mark.parametrize(("ok", "sick", "unreached", "said"), [
    (1, 0, 0, "The cluster is as the inventory wants it."),
    (60, 0, 0, "All 60 clusters are as the inventory wants them."),
    (58, 1, 1, "58 of 60 clusters are as the inventory wants them; 1 differs and 1 could not be reached."),
    (57, 3, 0, "57 of 60 clusters are as the inventory wants them; 3 differ."),
    (57, 0, 11, "57 of 68 clusters are as the inventory wants them; 11 could not be reached."),
    (1, 11, 0, "1 of 12 clusters are as the inventory wants them; 11 differ."),
])  # fmt: skip
def test_the_headline_says_how_it_is(ok: int, sick: int, unreached: int, said: str) -> None:
    assert headline({"clusters": ok + sick + unreached, "ok": ok, "sick": sick, "unreached": unreached}) == said
