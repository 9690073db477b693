# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS handshakes through a port-forward: a real TLS server behind a stand-in for the API server's end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods.handshake import greet
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Greeting
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT, Made
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import leaf

from .test_portforward import DATA, OPEN, UPGRADED, Peer, frame

ISTIOD, OTHER = leaf("istiod"), leaf("other")
Seen = dict[str, object]


class Pod:
    """The TLS server at the end of the forwarded port. `seen` has what a client sent."""

    def __init__(self, peer: Peer) -> None:
        self._peer, self.seen = peer, Seen()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    def serve(self, context: ssl.SSLContext) -> None:
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._peer.hear()[1:])
            else:
                self.seen["alpn"] = tls.selected_alpn_protocol()
                with contextlib.suppress(OSError):  # a client that has seen enough need not wait for tickets
                    self._flush()
                return

    def _flush(self) -> None:
        """Send in pieces, as a real server does."""
        data = self._outgoing.read()
        self._peer.say(*(frame(DATA + data[at : at + 700]) for at in range(0, len(data), 700)))


def context(*served: Made, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.maximum_version = highest
    made.set_alpn_protocols(["h2", "http/1.1"])
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(b"".join(one.pem for one in served) + served[0].key_pem)
        kept.flush()
        made.load_cert_chain(kept.name)
    return made


@contextmanager
def forwarded(script: Callable[[Peer], None]) -> Iterator[Transport]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def once() -> None:
            connection, _address = listening.accept()
            with connection:
                peer = Peer(connection)
                peer.say(UPGRADED, OPEN)
                script(peer)

        threading.Thread(target=once, daemon=True).start()
        yield Transport(Access(f"http://127.0.0.1:{listening.getsockname()[1]}"), "east")


def greeting(**how: object) -> Greeting:
    return Greeting("istio-system", "istiod-1", 15012, **how)  # type: ignore[arg-type]


def pem(*served: Made) -> bytes:
    return b"".join(one.pem for one in served)


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_the_served_chain(highest: ssl.TLSVersion) -> None:
    with forwarded(lambda peer: Pod(peer).serve(context(ISTIOD, EAST, ROOT, highest=highest))) as transport:
        chain = greet(transport, greeting())
    assert chain == (pem(ISTIOD, EAST, ROOT) if sys.version_info >= (3, 13) else pem(ISTIOD))


@pytest.mark.parametrize(("name", "served"), [("other.example", OTHER), ("istiod.istio-system.svc", ISTIOD), ("", ISTIOD)])
def test_what_is_served_for_a_name(name: str, served: Made) -> None:
    offered, asked = context(ISTIOD), []

    def choose(tls: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext) -> None:
        asked.append(server_name)
        if server_name == "other.example":
            tls.context = context(OTHER)

    offered.sni_callback = choose  # type: ignore[assignment]
    with forwarded(lambda peer: Pod(peer).serve(offered)) as transport:
        assert greet(transport, greeting(server_name=name)).startswith(served.pem)
    assert asked == [name or None]


@pytest.mark.parametrize(("alpn", "chosen"), [(("h2",), "h2"), (("http/1.1",), "http/1.1"), ((), None)])
def test_protocols_that_are_offered(alpn: tuple[str, ...], chosen: str | None) -> None:
    pods: list[Pod] = []

    def script(peer: Peer) -> None:
        pods.append(Pod(peer))
        pods[-1].serve(context(ISTIOD, highest=ssl.TLSVersion.TLSv1_2))

    with forwarded(script) as transport:
        greet(transport, greeting(alpn=alpn))
    for _wait in range(100):
        if "alpn" in pods[0].seen:
            break
        threading.Event().wait(0.02)
    assert pods[0].seen["alpn"] == chosen


@pytest.mark.parametrize(("answer", "said"), [
    pytest.param([frame(DATA + b"HTTP/1.1 400 Bad Request\r\n\r\n")], "does not complete a TLS handshake for istiod: [A-Z_]+", id="no TLS"),
    pytest.param([frame(b"", code=8)], "does not complete a TLS handshake for istiod: it hangs up", id="closed"),
    pytest.param([frame(b"\1" + b"dial tcp4 127.0.0.1:15012: connect: connection refused")], "does not answer: nothing listens there", id="refused"),
])  # fmt: skip
def test_what_is_no_handshake(answer: list[bytes], said: str) -> None:
    def script(peer: Peer) -> None:
        peer.hear()
        peer.say(*answer)

    with forwarded(script) as transport, pytest.raises(MeshError, match=rf"^east: Pod istio-system/istiod-1, port 15012, {said}\.$"):
        greet(transport, greeting(server_name="istiod"))


def test_a_server_that_never_answers_ends_with_the_time_given() -> None:
    def silent(peer: Any) -> None:
        peer.hear()
        threading.Event().wait(3)

    with forwarded(silent) as transport, pytest.raises(NotReady, match=r"within 0\.5 s"):
        greet(transport, greeting(timeout=0.5))


def test_the_port_is_in_the_request() -> None:
    asked: list[bytes] = []

    def script(peer: Peer) -> None:
        asked.append(peer.asked)
        Pod(peer).serve(context(ISTIOD))

    with forwarded(script) as transport:
        greet(transport, greeting())
    assert asked[0].startswith(b"GET /api/v1/namespaces/istio-system/pods/istiod-1/portforward?ports=15012 HTTP/1.1")
