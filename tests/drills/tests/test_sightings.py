# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the witness of pods counts as plain, and that it misses nothing."""

from __future__ import annotations

import http.server
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from meshdrill import pods, sightings
from meshdrill.sightings import Sighting
from meshdrill.watch import Timeline


def space(name: str, at: float = 1.0) -> dict[str, Any]:
    return {"begin": at, "end": at, "cluster": "east", "space": name, "labels": {}}


def pod(space: str, name: str, at: float = 2.0, **seen: Any) -> dict[str, Any]:
    usual = {"ready": True, "sidecar": True, "revision": "stable", "asks": False, "refuses": False}
    return {"begin": at, "end": at, "cluster": "east", "space": space, "pod": name, **usual, **seen}


def look(at: float, cluster: str = "east") -> dict[str, Any]:
    return {"begin": at, "end": at + 0.1, "cluster": cluster, "pods": 3}


def read(*records: dict[str, Any]) -> list[Sighting]:
    return sightings.read(json.dumps(record) for record in records)


NAMED = {**space("shop"), "labels": {"istio.io/rev": "stable"}}


@pytest.mark.parametrize(("labels", "seen", "expected"), [
    ({"istio.io/rev": "stable"}, {"sidecar": False}, ["east/shop/a"]),
    ({"istio-injection": "enabled"}, {"sidecar": False}, ["east/shop/a"]),
    ({"istio.io/rev": "a-typo"}, {"sidecar": False}, ["east/shop/a"]),
    ({}, {"sidecar": False, "asks": True}, ["east/shop/a"]),
    ({"istio.io/rev": "stable"}, {}, []),
    ({"istio.io/rev": "stable"}, {"sidecar": False, "ready": False}, []),
    ({"istio.io/rev": "stable"}, {"sidecar": False, "refuses": True}, []),
    ({"istio-injection": "disabled"}, {"sidecar": False}, []),
    ({}, {"sidecar": False}, []),
])
def test_plain_is_a_ready_pod_without_a_sidecar_where_one_belongs(labels: dict[str, str], seen: dict[str, Any], expected: list[str]) -> None:
    assert sightings.plain(read({**space("shop"), "labels": labels}, pod("shop", "a", **seen))) == expected


def test_a_namespace_that_has_lost_its_label_for_a_moment_is_injected_all_the_same() -> None:
    bare = {**space("shop", 2.0), "labels": {}}
    assert sightings.plain(read(NAMED, bare, pod("shop", "a", 3.0, sidecar=False), {**NAMED, "begin": 4.0})) == ["east/shop/a"]


def test_a_pod_that_was_plain_and_is_gone_was_plain() -> None:
    assert sightings.plain(read(NAMED, pod("shop", "a", 2.0, sidecar=False), pod("shop", "a", 2.1, sidecar=False, ready=False))) == ["east/shop/a"]


def test_the_one_that_wants_none_is_told_apart() -> None:
    seen = read(NAMED, pod("shop", "decoy", sidecar=False, refuses=True))
    assert (sightings.plain(seen), sightings.plain(seen, refusing=True)) == ([], ["east/shop/decoy"])


def test_who_became_ready_by_a_revision_within_a_time() -> None:
    others = (pod("shop", "b", 9.0, revision="next"), pod("shop", "c", 2.0), pod("x", "d", 2.0, revision="next"))
    seen = read(NAMED, pod("shop", "a", 2.0, revision="next"), *others)
    assert sightings.made(seen, "shop", "next", 1.0, 5.0) == ["east/shop/a"]


def test_out_of_sight_is_a_cluster_between_two_looks_at_it() -> None:
    seen = read(look(0.0), look(0.0, "west"), pod("shop", "a", 1.0), look(0.6), {"begin": 2.0, "end": 3.0, "cluster": "east", "error": "x"}, look(4.0))
    assert sightings.longest_gap(seen) == pytest.approx(3.3)
    assert sightings.longest_gap([]) == 0.0


def test_of_a_pod_its_sidecar_counts_as_what_it_is_called_wherever_it_stands() -> None:
    meta = {"name": "a", "namespace": "shop", "labels": {"istio.io/rev": "stable"}, "annotations": {"istio.io/rev": "next"}}
    one = {"metadata": meta, "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "istio-proxy"}]},
           "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert pods.seen(one) == {"ready": True, "sidecar": True, "revision": "next", "asks": True, "refuses": False}
    bare = {"metadata": {"name": "a", "namespace": "shop", "annotations": {"sidecar.istio.io/inject": "false"}}, "spec": {"containers": [{"name": "app"}]}}
    assert pods.seen(bare) == {"ready": False, "sidecar": False, "revision": "", "asks": False, "refuses": True}
    assert pods.seen({**bare, "metadata": {"name": "a", "namespace": "shop"}, "spec": {**bare["spec"], "hostNetwork": True}})["refuses"]


class Server(http.server.BaseHTTPRequestHandler):
    """Lists one pod; its watch tells of another that lives for no time between two lists, and ends."""

    asked: list[str] = []

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        meta = {"namespace": "shop", "uid": "1", "resourceVersion": "7"}
        one = {"metadata": {**meta, "name": "lasting"}, "spec": {"containers": []}}
        short = {**one, "metadata": {**meta, "name": "short", "resourceVersion": "8"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        events = [{"type": "ADDED", "object": one}, {"type": "ADDED", "object": short}, {"type": "DELETED", "object": short}]
        watched = "".join(f"{json.dumps(event)}\n" for event in events) if "resourceVersion" not in self.path else ""
        listed = {"items": [{"metadata": {"name": "shop", "labels": {"istio.io/rev": "a"}}}] if "namespaces" in self.path else [one]}
        body = (watched if "watch=1" in self.path else json.dumps(listed)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Says nothing."""


def test_a_pod_that_lives_between_two_lists_is_seen_and_the_next_watch_goes_on_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Server.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        class Api:
            def __init__(self, *_given: object, **_more: object) -> None:
                """Every cluster is the same."""

            @staticmethod
            def connection() -> pods.http.client.HTTPConnection:
                return pods.http.client.HTTPConnection("127.0.0.1", server.server_address[1])

        monkeypatch.setattr(pods, "Api", Api)
        monkeypatch.setattr(pods, "EVERY", 0.05)
        ended = threading.Event()
        pods.Witness(tmp_path, "east", Timeline(tmp_path / "timeline"), ended).start()
        time.sleep(0.5)
        ended.set()
        server.shutdown()
    seen = sightings.read((tmp_path / "timeline").read_text().splitlines())
    assert sightings.plain(seen) == ["east/shop/short"]
    assert [path for path in Server.asked if "resourceVersion=8" in path] and sum(not one.space for one in seen) > 2
