# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import gzip
import json
import uuid
from typing import Any

import pytest
from meshbench.alike import Alike, Crowd, told, words
from meshbench.stubs import Stub, Stubs

MAPS = "/api/v1/namespaces/istio-system/configmaps"
SECRETS = "/api/v1/namespaces/istio-system/secrets"


def crowd() -> tuple[Stub, Stub]:
    """The first cluster, with an object of each kind of packing, and the third, which answers as the first does."""
    made = Crowd()
    first, _second, third, _fourth = (made(name, [mate]) for name, mate in (("c0001", "c0002"), ("c0002", "c0001"), ("c0003", "c0004"), ("c0004", "c0003")))
    packed = base64.b64encode(b"server: https://c0002.example of mesh-0001").decode()
    record = base64.b64encode(base64.b64encode(gzip.compress(json.dumps({"name": "istiod", "mesh": "mesh-0001", "cluster": "c0001"}).encode()))).decode()
    plain = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n").decode()
    for kind, name, data in (("ConfigMap", "about-c0001", {"cluster": "c0001", "network": "net-c0002"}),
                             ("Secret", "link", {"config": packed, "release": record}), ("Secret", "ca", {"ca.crt": plain})):
        first.server.seed({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "istio-system"}, "data": data})
    return first, third


def read(of: Stub, path: str) -> dict[str, Any]:
    answer = of.handle("GET", path, None, "")
    assert answer.status == 200
    return dict(json.loads(answer.body))


def test_a_cluster_answers_as_its_like_does_under_its_own_names() -> None:
    _first, third = crowd()
    (one,) = read(third, MAPS)["items"]
    assert (one["metadata"]["name"], one["data"]) == ("about-c0003", {"cluster": "c0003", "network": "net-c0004"})
    assert read(third, f"{MAPS}/about-c0003")["data"]["cluster"] == "c0003"
    assert third.handle("GET", f"{MAPS}/about-c0001", None, "").status == 404


def test_names_are_found_in_what_is_packed() -> None:
    _first, third = crowd()
    data = read(third, f"{SECRETS}/link")["data"]
    assert base64.b64decode(data["config"]) == b"server: https://c0004.example of mesh-0002"
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data["release"]))))
    assert record == {"name": "istiod", "mesh": "mesh-0002", "cluster": "c0003"}


def test_each_cluster_has_a_uid_of_its_own() -> None:
    _first, third = crowd()
    assert read(third, "/api/v1/namespaces/kube-system")["metadata"]["uid"] == str(uuid.uuid5(uuid.NAMESPACE_DNS, "c0003"))


def test_what_has_no_name_in_it_is_the_same_answer_and_takes_no_memory() -> None:
    first, third = crowd()
    assert third.handle("GET", f"{SECRETS}/ca", None, "").body is first.handle("GET", f"{SECRETS}/ca", None, "").body


def test_istiod_speaks_of_the_clusters_of_its_own_mesh() -> None:
    _first, third = crowd()
    assert [one["id"] for one in json.loads(third.debug("/debug/clusterz"))] == ["c0003", "c0004"]


def test_questions_are_put_in_the_words_of_the_first_mesh_in_their_bodies_and_selectors_too() -> None:
    first, third = crowd()
    first.server.seed({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "marked", "namespace": "istio-system", "labels": {"of": "c0001"}}})
    assert [one["metadata"]["name"] for one in read(third, f"{MAPS}?labelSelector=of%3Dc0003")["items"]] == ["marked"]
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "about-c0003", "namespace": "istio-system"}, "data": {"cluster": "c0003"}}
    path = f"{MAPS}/about-c0003?dryRun=All&fieldManager=x&force=true"
    assert json.loads(third.handle("PATCH", path, body, "application/apply-patch+yaml").body)["data"]["cluster"] == "c0003"
    assert read(first, f"{MAPS}/about-c0001")["data"] == {"cluster": "c0001", "network": "net-c0002"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_stored(method: str) -> None:
    first, third = crowd()
    before = first.server.version
    answer = third.handle(method, MAPS, {"metadata": {"name": "x"}}, "application/json")
    assert (answer.status, first.server.version) == (405, before)
    assert "c0003 stores nothing" in json.loads(answer.body)["message"]


def test_a_part_of_a_longer_word_is_no_name() -> None:
    text = b'{"a": "c00011", "b": "xc0001", "c": "aGVsbG8gd29ybGQhIQ==", "d": "deadbeefdeadbeefdeadbeef", "e": "H4sIH4sIH4sIH4sIH4sI"}'
    assert told(text, words("c0001")).by(words("c0005")) == text


def test_the_clusters_of_a_mesh_know_the_same_words() -> None:
    assert words("c0777") == words("c0778") != words("c0779")
    assert words("c0777")[:3] == (b"c0777", b"c0778", b"mesh-0389")


def test_a_thousand_of_them_are_two_servers() -> None:
    names = [f"c{number:04}" for number in range(1, 1001)]
    made = Stubs(names, Crowd())._clusters
    assert sum(not isinstance(one, Alike) for one in made.values()) == 2
    assert read(made["c1000"], "/version")["gitVersion"] == "v1.34.1"
