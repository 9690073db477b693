# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module links of the mesh of paper on two real API servers: three objects, and what the other side alone knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.tests.paper.registered import with_paper
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import links
from meshlab import apionly

from .conftest import Play, Played, Step, way_to

SPACE = "paper-links"
ADDRESSES = {"east": "192.0.2.1", "west": "192.0.2.2"}
SIX = ["created"] * 5  # an account and its token in the source, three objects in the consumer


@dataclass(frozen=True)
class Side:
    kube: dict[str, Any]
    cluster: Cluster

    @property
    def linked(self) -> list[str]:
        found = [one for kind in ("ConfigMap", "Secret", "ServiceAccount") for one in self.cluster.list("v1", kind, SPACE, labels="paper/link")]
        return sorted(f"{one['kind']} {one['metadata']['name']}" for one in found)

    def knows(self, source: str) -> dict[str, str]:
        known = (self.cluster.get(Ref("v1", "ConfigMap", f"paper-link-{source}", SPACE)) or {}).get("data") or {}
        secret = (self.cluster.get(Ref("v1", "Secret", f"paper-link-{source}", SPACE)) or {}).get("data") or {}
        return {**known, "token": decoded(secret.get("token")).decode()}


@pytest.fixture(scope="module")
def sides(admin: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Side]]:
    with apionly.running("west-of-paper") as server:
        west = {"kubeconfig": way_to(server, tmp_path_factory.mktemp("west")).kubeconfig, "context": "admin", "cluster": "west"}
        made = {name: Side(kube, connect(kube, environ={})) for name, kube in (("east", admin), ("west", west))}
        for name, side in made.items():
            side.cluster.apply([namespace(SPACE), *links.world(SPACE, name, "")])
        yield made


@pytest.fixture
def known(sides: dict[str, Side]) -> Iterator[None]:
    """Gateways get their addresses, and accounts their tokens, as by controllers in each cluster."""
    over = threading.Event()

    def control(name: str) -> None:
        cluster = sides[name].cluster
        transport = cluster._server.transport
        path = f"/api/v1/namespaces/{SPACE}/services/{links.GATEWAY}/status"
        status = {"loadBalancer": {"ingress": [{"ip": ADDRESSES[name]}]}}
        answer = transport.request("PATCH", path, body={"status": status}, content_type="application/merge-patch+json")
        assert answer.ok, answer.body
        while not over.is_set():
            for secret in cluster.list("v1", "Secret", SPACE, fields="type=paper/token"):
                if not secret.get("data"):
                    cluster.amend(secret, {"data": {"token": encoded(f"s3cret-of-{secret['metadata']['name']}-in-{name}".encode())}}, exact=False)
            time.sleep(0.2)

    threads = [threading.Thread(target=control, args=(name,)) for name in sides]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


def link(sides: dict[str, Side], consumer: str, *sources: str, check: bool = False, **more: Any) -> Step:
    wishes = [{"name": name, "kube": sides[name].kube, "server": f"https://{name}.example:6443"} for name in sources]
    options = {**sides[consumer].kube, "provider": "paper", "namespace": SPACE, "links": wishes, "token_timeout": 5, **more}
    return Step("links", options, check=check)


def run(play: Play, *steps: Step) -> Played:
    return play(*steps, environ=with_paper())


def test_nothing_is_linked_before_the_other_side_is_known(play: Play, sides: dict[str, Side]) -> None:
    ran = run(play, link(sides, "east", "west", check=True), link(sides, "east", "west", token_timeout=1))
    checked, failed = ran.results
    assert (checked["failed"], checked["changed"], ran.actions[0]) == (False, True, SIX), ran.output
    assert failed["msg"] == "west: its address and its token did not become known within 1 s. Look after the paper mesh there."
    assert sides["east"].linked == []


@pytest.mark.usefixtures("known")
def test_two_clusters_are_linked_both_ways_and_then_left(play: Play, sides: dict[str, Side]) -> None:
    both = [link(sides, "east", "west"), link(sides, "west", "east")]
    ran = run(play, *both, *both)
    assert [result["failed"] for result in ran.results] == [False] * 4, ran.output
    assert [result["changed"] for result in ran.results] == [True, True, False, False], ran.output
    for name, other in (("east", "west"), ("west", "east")):
        assert sides[name].linked == [f"{kind} paper-link-{other}" for kind in ("ConfigMap", "Secret", "ServiceAccount")]
        known = sides[name].knows(other)
        assert (known["address"], known["identity"]) == (ADDRESSES[other], f"gateway.{SPACE}.{other}.paper")
        assert known["token"] == f"s3cret-of-paper-for-{name}-token-in-{other}"
    assert "s3cret-of" not in ran.output


@pytest.mark.usefixtures("known")
def test_only_what_we_made_is_pruned(play: Play, sides: dict[str, Side]) -> None:
    theirs = {"name": "paper-link-north", "namespace": SPACE, "labels": {"paper/link": "north"}}
    sides["east"].cluster.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": theirs}])
    ran = run(play, link(sides, "east", "west"), link(sides, "east", check=True), link(sides, "east"), link(sides, "east"))
    assert [result["failed"] for result in ran.results] == [False] * 4, ran.output
    assert ran.actions[2] == ["deleted"] * 3
    assert [change["object"].split()[0] for change in ran.results[2]["changes"]] == ["ConfigMap", "ServiceAccount", "Secret"]
    assert [result["changed"] for result in ran.results[1:]] == [True, True, False]
    assert sides["east"].linked == ["ConfigMap paper-link-north"]
