# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which revision serves which proxy, and whether the proxy has what it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import connections
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live

PODS = [istio_live.pod(f"istiod-{name}", name) for name in ("blue", "green")]
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


def served(**said: Any) -> Any:
    """By revision, what its istiod says; None if it says nothing."""
    asked = {question.pod.removeprefix("istiod-"): question for question in connections.questions(PODS)}
    answers = {asked[name]: text if text is None or isinstance(text, str) else json.dumps(text) for name, text in said.items()}
    return connections.by_cluster(PODS, answers), connections.silent(answers)


def entry(sent: str, acked: str = "old", name: str = "a.shop", **resource: Any) -> dict[str, Any]:
    """A proxy that was sent the clusters `new` at a time."""
    known = {"sent": "new", "acked": acked, "sentTime": sent, **resource}
    return istio_live.synced(name, cluster_sent="new", cluster_acked=acked) | {"resources": {CLUSTER: known}}


def in_sync(*entries: dict[str, Any]) -> bool:
    return bool(served(blue=list(entries))[0]["east"]["shop", "a"][1])


@pytest.mark.parametrize(
    ("one", "newest", "synced"),
    [
        (entry("2026-11-27T12:00:00.123456789Z", "new"), "2026-11-27T13:00:00Z", True),
        (entry("2026-11-27T12:00:00.123456789Z"), "2026-11-27T12:00:04Z", True),
        (entry("2026-11-27T12:00:00.123456789Z"), "2026-11-27T12:00:06Z", False),
        (entry("2026-11-27T12:00:00Z", ""), "2026-11-27T12:00:01Z", False),
        (entry("2026-11-27T12:00:00Z", lastError="no such listener"), "2026-11-27T12:00:01Z", False),
        (entry("when?"), "2026-11-27T12:00:01Z", False),
        (istio_live.synced("a.shop", cluster_acked="old"), "2026-11-27T12:00:01Z", False),
    ],
)
def test_what_is_on_its_way_for_a_moment_is_no_lateness(one: dict[str, Any], newest: str, synced: bool) -> None:
    assert in_sync(one, entry(newest, "new", "b.shop")) is synced


def test_the_istiod_that_sent_last_serves_a_proxy_that_two_list() -> None:
    for first, second, serves in (("12:00:01", "12:00:02.5", "green"), ("12:00:03.25", "12:00:02", "blue")):
        both = {name: [entry(f"2026-11-27T{sent}Z", "new")] for name, sent in (("blue", first), ("green", second))}
        assert served(**both)[0] == {"east": {("shop", "a"): (serves, True)}}


def test_clusters_are_told_apart_and_silence_is_named() -> None:
    known, silent = served(blue=[istio_live.synced("a.shop"), istio_live.synced("a.shop", "west")], green="<html>")
    assert {name: dict(proxies) for name, proxies in known.items()} == {name: {("shop", "a"): ("blue", True)} for name in ("east", "west")}
    assert silent == ("istio-system/istiod-green",)
    assert served(blue="null", green=None) == ({}, ("istio-system/istiod-green",))
