# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods.websocket import WebSocket
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import PROXY, Laggard, ProxyCertificates, TrustUser
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation import trust_users
from meshbench import node, proxies
from meshbench.contestants import Scene
from meshbench.errors import BenchError
from meshbench.sidecar import pod
from meshlab import pki

TOLD = {"new": {"roots": "new root", "chains": {"shop/a": "new a", "shop/b": "new b"}}, "old": {"roots": "old root", "chains": {"shop/a": "old a"}}}
ASKED = b"GET /config_dump?resource=dynamic_active_secrets HTTP/1.1\r\nHost: localhost:15000\r\n\r\n"
PORT = struct.pack("<H", 15000)
WHOLE = b"GET /config_dump HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_each_round_has_as_many_other_laggards_in_all_namespaces() -> None:
    first, second = set(proxies.late(1)), set(proxies.late(2))
    assert len(first) == len(second) == proxies.LATE and not first & second and first < set(proxies.names())
    assert len({name.partition("/")[0] for name in first}) == proxies.SPACES
    assert len(set(proxies.names())) == proxies.PROXIES


def test_whom_a_playbook_names_is_read_as_the_module_says_it() -> None:
    said = [str(Laggard(TrustUser(PROXY, *name.split("/")), "holds a certificate of root 0123")) for name in proxies.late(1)]
    assert proxies.named(json.dumps([*said, "trust bundle shop-01/istio-ca-root-cert lacks root 0123"])) == set(proxies.late(1))


def test_a_pod_has_a_proxy_that_our_provider_asks() -> None:
    made, status = pod("server-1", "shop", "bench")
    [(holder, question)] = trust_users.proxies({"Pod": [{**made, "metadata": {**made["metadata"], "uid": "u"}, "status": status}]}, "istio-system")
    assert (holder.namespace, holder.name, holder.online, question.port) == ("shop", "server-1", True, 15000)


def test_the_peer_is_asked_for_one_pod_after_the_other(tmp_path: Path) -> None:
    commands = proxies.by_istioctl(Scene(tmp_path, tmp_path / "kubeconfig", "bench", [], []), proxies.names()[:2])
    assert [command[-1] for command in commands] == ["server-0000.shop-00", "server-0001.shop-01"]


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[node.Node]:
    pki.Authority(tmp_path, "ca").sign("apiserver", "/CN=node", ["serverAuth"], ["127.0.0.1"], [])
    (tmp_path / node.DUMPS).write_text(json.dumps(TOLD))
    with node.running(tmp_path) as running:
        yield running


def answered(stub: node.Node, pod: str, request: bytes) -> bytes:
    """Ask the node as the API server does for our client. istioctl uses SPDY instead, and `make bench` fails if that returns no secrets."""
    server = connect({"host": f"https://127.0.0.1:{stub.port}", "validate_certs": False, "api_key": "none"}, environ={})._server
    with WebSocket(server.transport.access, f"/portForward/{pod}?port=15000", 10.0) as opened:
        opened.until(time.monotonic() + 10)
        opened.send(0, request)
        data = b"".join(part for channel, part in opened.receive() if channel == 0)
    head, _blank, body = data[len(PORT) :].partition(b"\r\n\r\n")
    assert data.startswith(PORT) and head.startswith(b"HTTP/1.1 200 OK")
    return body


def held(stub: node.Node, pod: str) -> ProxyCertificates:
    return trust_users.certificates(answered(stub, pod, ASKED))


def test_pods_answer_as_envoy_does_and_catch_up_when_they_are_told_to(stub: node.Node) -> None:
    stub.lag(["shop/a"])
    assert (held(stub, "shop/a"), held(stub, "shop/b")) == (ProxyCertificates(b"old a", b"old root"), ProxyCertificates(b"new b", b"new root"))
    assert stub.asked() == 2
    assert stub.lag([]) > 0 and stub.asked(anew=True) == 0
    assert held(stub, "shop/a") == ProxyCertificates(b"new a", b"new root")
    assert stub.asked() == 1


def test_the_whole_configuration_has_the_same_secrets(stub: node.Node) -> None:
    [secrets] = json.loads(answered(stub, "shop/a", WHOLE))["configs"]
    alone = json.loads(answered(stub, "shop/a", ASKED))["configs"]
    assert [one["secret"] for one in secrets["dynamic_active_secrets"]] == [one["secret"] for one in alone]


def test_a_node_that_ended_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="has ended"), node.running(tmp_path):
        pass
