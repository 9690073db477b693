# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import base64
import gzip
import json
import struct
from typing import Any

from meshbench.stubs import PROXIES, Stub, Stubs, _heard

NAMES = ["c0001", "c0002", "c0003", "c0004"]
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "default"}, "data": {"a": "1"}}
MAPS = "/api/v1/namespaces/default/configmaps"


def stub() -> Stub:
    made = Stub("c0001", ["c0002"])
    for name in ("default", "istio-system"):
        made.server.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return made


def listed(of: Stub, path: str) -> list[dict[str, Any]]:
    return list(json.loads(of.handle("GET", path, None, "").body)["items"])


def installed(cluster: str, release: str = "istiod-stable") -> dict[str, Any]:
    data = {"cluster": cluster, "mesh": "mesh-0001"}
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "values", "namespace": "istio-system"}, "data": data}
    return {"cluster": cluster, "release": release, "namespace": "istio-system", "values": {"a": 1}, "chart": {"name": "istiod", "version": "1.32.0"},
            "objects": [one]}


def test_an_answer_is_remembered_until_somebody_writes() -> None:
    one = stub()
    assert listed(one, MAPS) == []
    assert one.handle("GET", MAPS, None, "") is one.handle("GET", MAPS, None, "")
    one.handle("POST", MAPS, MAP, "application/json")
    assert [found["metadata"]["name"] for found in listed(one, MAPS)] == ["one"]


def test_a_dry_run_changes_nothing_and_a_question_is_no_write() -> None:
    one = stub()
    listed(one, MAPS)
    one.handle("POST", f"{MAPS}?dryRun=All", MAP, "application/json")
    assert listed(one, MAPS) == []


def test_what_helm_leaves_is_its_objects_with_its_marks_and_its_record() -> None:
    one = stub()
    one.install(installed("c0001"))
    (values,) = listed(one, "/api/v1/namespaces/istio-system/configmaps")
    assert values["metadata"]["annotations"] == {"meta.helm.sh/release-name": "istiod-stable", "meta.helm.sh/release-namespace": "istio-system"}
    assert values["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    (record,) = listed(one, "/api/v1/namespaces/istio-system/secrets")
    assert (record["type"], record["metadata"]["labels"]["status"]) == ("helm.sh/release.v1", "deployed")
    release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(record["data"]["release"]))))
    assert (release["config"], release["info"]["status"], release["chart"]["metadata"]["version"]) == ({"a": 1}, "deployed", "1.32.0")


def test_a_deployment_of_the_mesh_has_a_pod_at_once_and_a_token_is_filled_in() -> None:
    one = stub()
    spec = {"replicas": 1, "template": {"metadata": {"labels": {"x": "y"}}, "spec": {"containers": [{"name": "discovery", "image": "pilot:1"}]}}}
    meta = {"name": "istiod-stable", "namespace": "istio-system"}
    one.handle("POST", "/apis/apps/v1/namespaces/istio-system/deployments", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}, "")
    (pod,) = listed(one, "/api/v1/namespaces/istio-system/pods")
    assert (pod["metadata"]["labels"], pod["status"]["phase"]) == ({"x": "y", "app": "istiod"}, "Running")
    token = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": {"name": "t", "namespace": "default"}}
    one.handle("POST", "/api/v1/namespaces/default/secrets", token, "")
    (secret,) = listed(one, "/api/v1/namespaces/default/secrets")
    assert base64.b64decode(secret["data"]["token"]) == b"token-of-c0001"


def test_istiod_knows_itself_and_its_mates() -> None:
    clusters = json.loads(stub().debug("/debug/clusterz"))
    assert [(one["id"], one["secretName"]) for one in clusters] == [("c0001", ""), ("c0002", "istio-system/istio-remote-secret-c0002")]
    assert [one["Cluster"] for one in json.loads(stub().debug("/debug/networkz"))] == ["c0002"]
    assert len(json.loads(stub().debug("/debug/syncz"))) == PROXIES


def test_what_was_installed_in_the_first_mesh_is_spread_with_each_clusters_own_name() -> None:
    all_of_them = Stubs(NAMES)
    for name in NAMES[:2]:
        all_of_them._told("/install", installed(name))
    all_of_them._told("/spread", {})
    held = {name: listed(one, "/api/v1/namespaces/istio-system/configmaps")[0]["data"] for name, one in all_of_them._clusters.items()}
    assert held["c0003"] == {"cluster": "c0003", "mesh": "mesh-0002"}
    assert held["c0004"] == {"cluster": "c0004", "mesh": "mesh-0002"}


def test_counts_begin_anew_when_they_are_read() -> None:
    all_of_them = Stubs(NAMES)
    all_of_them._counts.update(requests=3, writes=1)
    assert json.loads(all_of_them._told("/counts", {}).body) == {"requests": 3, "writes": 1}
    assert json.loads(all_of_them._told("/counts", {}).body) == {"requests": 0, "writes": 0}


def test_a_masked_message_is_read_in_both_lengths() -> None:
    async def read(text: bytes) -> bytes:
        reader, mask = asyncio.StreamReader(), b"\1\2\3\4"
        size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
        reader.feed_data(b"\x82" + size + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(text)))
        return await _heard(reader)

    for text in (b"GET /short", b"GET /" + b"long" * 100):
        assert asyncio.run(read(text)) == text
