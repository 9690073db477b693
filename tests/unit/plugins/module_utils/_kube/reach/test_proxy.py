# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and port-forwards through a proxy on this machine: both go the same way with the same headers, and no message shows its password."""

from __future__ import annotations

import base64
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect, connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods.portforward import ask
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.proxy import HttpProxy, of_environment
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue

from ..pods.test_portforward import ANSWERS, Peer, question

TOLD = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}'
ROOT, OTHER_ROOT = (issue.new_root(name, "o", "P-256", datetime.now(UTC), 1) for name in ("root", "other root"))
PASSWORD = "Basic " + base64.b64encode(b"ana:p@ss").decode()


def identity(name: str, root: Any = ROOT) -> ssl.SSLContext:
    leaf, made = issue.new_leaf(root, [name], "o", "P-256", datetime.now(UTC), 1), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(leaf.certificate + leaf.key)
        kept.flush()
        made.load_cert_chain(kept.name)
    return made


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a port with a thread for each connection."""

    def accept(at: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=one, args=(at.accept()[0],), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as at:
        threading.Thread(target=accept, args=(at,), daemon=True).start()
        yield at.getsockname()[1]


def api(connection: socket.socket) -> None:
    with API.wrap_socket(connection, server_side=True) as spoken:
        peer = Peer(spoken)
        if b"Upgrade: websocket" in peer.asked:
            ANSWERS(peer)
        else:
            peer.say(TOLD)


@contextmanager
def proxy(tls: ssl.SSLContext | None = None, wanted: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """A proxy: its URL without a user, and the names that it was asked for. Each name leads to the API server."""
    asked: list[str] = []
    with listening(api) as behind:

        def serve(connection: socket.socket) -> None:
            with tls.wrap_socket(connection, server_side=True) if tls else connection as spoken:
                stream = spoken.makefile("rb", buffering=0)
                asked.append(b"".join(iter(stream.readline, b"\r\n")).decode())
                if wanted and f"proxy-authorization: {wanted}" not in asked[-1].replace("Proxy-A", "proxy-a"):
                    spoken.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    return
                with socket.create_connection(("127.0.0.1", behind)) as onward:
                    spoken.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    threading.Thread(target=copy, args=(onward, spoken), daemon=True).start()
                    copy(spoken, onward)

        with listening(serve) as port:
            yield f"{'https' if tls else 'http'}://localhost:{port}", asked


def copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


API, PROXY, STRANGER = identity("api.example"), identity("localhost"), identity("localhost", OTHER_ROOT)
ACCESS = Access("https://api.example:6443", ca=ROOT.certificate, headers=(("Authorization", "Bearer t"),))
WAYS: dict[str, Callable[[Transport], int]] = {
    "request": lambda transport: transport.request("GET", "/version").status,
    "port-forward": lambda transport: ask(transport, question()).status,
}
NOW = Limits(patience=1.0, attempts=1)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
class TestOnTheWay:
    @pytest.mark.parametrize("tls", [None, PROXY], ids=["http", "https"])
    def test_the_proxy_is_asked_for_the_server_with_its_own_password(self, way: Callable[[Transport], int], tls: ssl.SSLContext | None) -> None:
        with proxy(tls, wanted=PASSWORD) as (url, asked):
            assert way(Transport(replace(ACCESS, proxy=url.replace("://", "://ana:p%40ss@")), "east", limits=NOW)) == 200
        (head,) = asked
        assert head.startswith("CONNECT api.example:6443 HTTP/1.")
        assert "Bearer" not in head

    def test_an_ipv6_address_is_asked_for_in_brackets(self, way: Callable[[Transport], int]) -> None:
        with proxy() as (url, asked):
            assert way(Transport(replace(ACCESS, server="https://[fd00::1]:6443", tls_server_name="api.example", proxy=url), "east", limits=NOW)) == 200
        assert asked[0].startswith("CONNECT [fd00::1]:6443 HTTP/1.")

    def test_a_password_that_is_wrong_is_told_and_not_shown(self, way: Callable[[Transport], int]) -> None:
        with proxy(wanted=PASSWORD) as (url, _asked), pytest.raises(MeshError, match="the proxy says 407 Proxy Authentication Required") as raised:
            way(Transport(replace(ACCESS, proxy=url.replace("://", "://ana:wr0ng@")), "east", limits=NOW))
        assert "wr0ng" not in str(raised.value)

    def test_a_proxy_that_is_not_trusted_learns_nothing(self, way: Callable[[Transport], int]) -> None:
        with proxy(STRANGER) as (url, asked), pytest.raises(MeshError, match="is not trusted"):
            way(Transport(replace(ACCESS, proxy=url.replace("://", "://ana:p%40ss@")), "east", limits=NOW))
        assert asked == []

    def test_a_proxy_that_is_down_is_named(self, way: Callable[[Transport], int]) -> None:
        with pytest.raises(MeshError, match=r"through the proxy http://127\.0\.0\.1:1\).* refuses connections"):
            way(Transport(replace(ACCESS, proxy="http://127.0.0.1:1"), "east", limits=NOW))


def test_a_header_that_is_given_wins_over_the_url() -> None:
    assert HttpProxy.of("http://ana:p@p", {"Proxy-Authorization": "Basic given"}).headers == {"proxy-authorization": "Basic given"}
    assert HttpProxy.of("http://p", {}) == HttpProxy("http", "p", 80)
    assert HttpProxy.of("https://[fd00::1]", {}).url == "https://[fd00::1]:443"


@pytest.mark.parametrize("told", ["socks5://ana:s3cr3t@p:1080", "ana:s3cr3t@p:1080", "http://ana:s3cr3t@", "http://ana:s3cr3t@p:port", "//ana:s3cr3t@p"])
def test_what_is_no_proxy_is_refused_without_its_password(told: str) -> None:
    with pytest.raises(Refused, match=r"^east: The proxy") as raised:
        connect({"cluster": "east", "host": "https://h", "api_key": "t", "proxy": told}, environ={})
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(("server", "environ", "expected"), [
    ("https://h", {"HTTPS_PROXY": "http://p:1", "https_proxy": "http://other"}, "http://p:1"),
    ("https://h", {"https_proxy": "p:1"}, "http://p:1"),
    ("https://h", {"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, None),
    ("http://h", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
    ("https://h:6443", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x,h:6443"}, None),
    ("https://h:6443", {"HTTPS_PROXY": "http://p:1", "no_proxy": "h:443"}, "http://p:1"),
    ("https://10.1.2.3", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, None),
    ("https://localhost:6443", {"HTTPS_PROXY": "http://p:1"}, None),
    ("https://127.0.0.2:6443", {"HTTPS_PROXY": "http://p:1"}, None),
    ("https://[::1]:6443", {"HTTPS_PROXY": "http://p:1"}, None),
])  # fmt: skip
def test_the_environment_names_a_proxy_as_for_kubectl(server: str, environ: dict[str, str], expected: str | None) -> None:
    assert of_environment(urlsplit(server), urlsplit(server).port or 443, environ) == expected


@pytest.mark.parametrize("peer", [False, True])
def test_the_environment_s_proxy_serves_all_clusters_and_yields_to_their_own(peer: bool) -> None:
    def through(**params: Any) -> str:
        told = {"host": "https://h", "api_key": "t", **params}
        via = connect_to(Connection.of_task(told, peer=peer), environ={"HTTPS_PROXY": "http://ana:p@shared:1"})._server.transport.access.via
        return via.url if via else ""

    assert (through(), through(proxy="http://own:2"), through(no_proxy="h")) == ("http://shared:1", "http://own:2", "")
