# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.holding import PROXY, Held, Holder, Laggard
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio import holding
from meshbench import node, proxies
from meshbench.contestants import Scene
from meshbench.sidecar import pod
from meshlab import pki

TOLD = {"new": {"roots": "new root", "chains": {"shop/a": "new a", "shop/b": "new b"}}, "old": {"roots": "old root", "chains": {"shop/a": "old a"}}}
ASKED = b"GET /config_dump?resource=dynamic_active_secrets HTTP/1.1\r\nHost: localhost:15000\r\n\r\n"
WHOLE = b"GET /config_dump HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_our_reader_takes_the_dump_for_one_of_envoy() -> None:
    assert holding.held(node.dump("leaf", "root", whole=False)) == Held(b"leaf", b"root")


def test_the_whole_configuration_has_the_same_secrets() -> None:
    [secrets] = json.loads(node.dump("leaf", "root", whole=True))["configs"]
    alone = json.loads(node.dump("leaf", "root", whole=False))["configs"]
    assert [one["secret"] for one in secrets["dynamic_active_secrets"]] == [one["secret"] for one in alone]


def test_each_round_has_as_many_other_laggards_in_all_namespaces() -> None:
    first, second = set(proxies.late(1)), set(proxies.late(2))
    assert len(first) == len(second) == proxies.LATE and not first & second and first < set(proxies.names())
    assert len({name.partition("/")[0] for name in first}) == proxies.SPACES
    assert len(set(proxies.names())) == proxies.PROXIES


def test_whom_a_playbook_names_is_read_as_the_module_says_it() -> None:
    said = [str(Laggard(Holder(PROXY, *name.split("/")), "holds a certificate of root 0123")) for name in proxies.late(1)]
    assert proxies.named(json.dumps([*said, "trust bundle shop-01/istio-ca-root-cert lacks root 0123"])) == set(proxies.late(1))


def test_a_pod_has_a_proxy_that_our_provider_asks() -> None:
    made, status = pod("server-1", "shop", "bench")
    [(holder, question)] = holding.proxies({"Pod": [{**made, "metadata": {**made["metadata"], "uid": "u"}, "status": status}]})
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


def opened(stub: node.Node, pod: str, protocol: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", stub.port), timeout=10)
    connection = context.wrap_socket(raw)
    connection.sendall(f"GET /portForward/{pod}?port=15000 HTTP/1.1\r\nUpgrade: {protocol}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ")
    return connection


def by_websocket(stub: node.Node, pod: str) -> bytes:
    payload = b"\0" + ASKED
    with opened(stub, pod, "websocket") as connection:
        connection.sendall(b"\x82" + bytes([0x80 | len(payload)]) + bytes(4) + payload)
        return everything(connection)


def by_spdy(stub: node.Node, pod: str) -> bytes:
    """As client-go does it: a stream for errors, another for data, then the request."""
    packer = zlib.compressobj()
    with opened(stub, pod, "SPDY/3.1") as connection:
        for stream in (1, 3):
            block = struct.pack(">IIH", stream, 0, 0) + packer.compress(struct.pack(">I", 0)) + packer.flush(zlib.Z_SYNC_FLUSH)
            connection.sendall(struct.pack(">II", 0x80030001, len(block)) + block)
        connection.sendall(struct.pack(">II", 3, len(WHOLE)) + WHOLE)
        found = b""
        while b"\r\n\r\n" not in found or not found.endswith(struct.pack(">II", 1, 1 << 24)):
            found += connection.recv(1 << 16)
        return found


def everything(connection: ssl.SSLSocket) -> bytes:
    found = b""
    while not found.endswith(b"\x88\0"):
        found += connection.recv(1 << 16)
    return found


def held(answer: bytes) -> str:
    """The certificate chain of the first secret in an answer."""
    text = answer[answer.index(b'{"configs"'):]
    told = json.JSONDecoder().raw_decode(text.decode(errors="replace"))[0]["configs"][0]
    first = told.get("dynamic_active_secrets", [told])[0]
    return base64.b64decode(first["secret"]["tls_certificate"]["certificate_chain"]["inline_bytes"]).decode()


def test_pods_answer_both_ways_and_catch_up_when_they_are_told_to(stub: node.Node) -> None:
    stub.lag(["shop/a"])
    assert (held(by_websocket(stub, "shop/a")), held(by_websocket(stub, "shop/b"))) == ("old a", "new b")
    assert held(by_spdy(stub, "shop/a")) == "old a"
    assert stub.asked() == 2
    assert stub.lag([]) > 0 and stub.asked(anew=True) == 0
    assert held(by_spdy(stub, "shop/a")) == held(by_websocket(stub, "shop/a")) == "new a"
    assert stub.asked() == 1
