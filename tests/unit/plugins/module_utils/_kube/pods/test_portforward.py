# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Port-forwards against a stand-in that uses everything which the protocol allows."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods import portforward
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods.portforward import PodRequest, ask
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import (
    Denied,
    MeshError,
    NotReady,
    Unreachable,
)

pauses: list[float] = []
PORT = struct.pack("<H", 15014)
DATA, ERROR = b"\0", b"\1"
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
Script = Callable[["Peer"], None]


def frame(payload: bytes, code: int = 2, final: bool = True) -> bytes:
    head, size = bytes([(0x80 if final else 0) | code]), len(payload)
    if size < 126:
        return head + bytes([size]) + payload
    return head + (b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size)) + payload


class Peer:
    """The API server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.stream = connection, connection.makefile("rwb")
        self.asked = b"".join(iter(self.stream.readline, b"\r\n"))

    def say(self, *parts: bytes) -> None:
        for part in parts:
            self.stream.write(part)
            self.stream.flush()

    def hear(self) -> bytes:
        head = self.stream.read(2)
        size = head[1] & 0x7F
        size = struct.unpack(">H", self.stream.read(2))[0] if size == 126 else size
        mask = self.stream.read(4)
        return bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.stream.read(size)))


@contextmanager
def server(*scripts: Script, limits: Limits | None = None) -> Iterator[tuple[Transport, list[Peer]]]:
    """A server that follows one script for each connection."""
    peers: list[Peer] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for script in scripts:
                try:
                    connection, _address = listening.accept()
                except OSError:
                    return
                with connection:
                    peers.append(Peer(connection))
                    script(peers[-1])
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/prefix"
        pauses.clear()
        yield Transport(Access(url, headers=(("Authorization", "Bearer t"),)), "east", pause=pauses.append, limits=limits), peers


def says(*frames: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.say(UPGRADED)
        peer.request = peer.hear()  # type: ignore[attr-defined]
        peer.say(*frames)

    return script


def question(**changed: object) -> PodRequest:
    return PodRequest("istio-system", "istiod-1", 15014, "/debug/syncz", **changed)  # type: ignore[arg-type]


OPEN = frame(DATA + PORT) + frame(ERROR + PORT)
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.0 200 OK\r\n\r\n{}"


@pytest.mark.parametrize("frames", [
    pytest.param([OPEN, frame(DATA + SHORT)], id="in one frame"),
    pytest.param([frame(ERROR + PORT), frame(DATA + PORT + SHORT)], id="with the port in front"),
    pytest.param([OPEN, *(frame(DATA + bytes([byte])) for byte in SHORT)], id="byte by byte"),
    pytest.param([OPEN, frame(DATA + SHORT[:9], final=False), frame(SHORT[9:], code=0)], id="in fragments"),
    pytest.param([OPEN, frame(DATA + SHORT[:9], final=False), frame(b"hi", code=9), frame(SHORT[9:], code=0)], id="pinged"),
    pytest.param([OPEN, frame(DATA + CHUNKED)], id="in chunks"),
    pytest.param([OPEN, frame(DATA + UNTIL_CLOSED), frame(b"", code=8)], id="until it is closed"),
])  # fmt: skip
def test_answers_arrive_in_any_shape(frames):
    with server(says(*frames)) as (transport, _peers):
        answer = ask(transport, question())
    assert (answer.status, answer.json()) == (200, {})


@pytest.mark.parametrize("size", [200, 70_000, 3_000_000])
def test_answers_of_any_length(size):
    body = b"x" * size
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    with server(says(OPEN, frame(DATA + head), frame(DATA + body))) as (transport, _peers):
        assert ask(transport, question()).body == body


def test_what_is_asked():
    with server(says(OPEN, frame(DATA + SHORT))) as (transport, peers):
        ask(transport, question(method="POST", body=b"b" * 200))
    asked = peers[0].asked.decode()
    assert asked.startswith("GET /prefix/api/v1/namespaces/istio-system/pods/istiod-1/portforward?ports=15014 HTTP/1.1")
    assert "Authorization: Bearer t" in asked
    assert "Sec-WebSocket-Protocol: v4.channel.k8s.io" in asked
    request = peers[0].request  # type: ignore[attr-defined]
    assert request.startswith(b"\0POST /debug/syncz HTTP/1.1\r\nHost: localhost:15014\r\n")
    assert request.endswith(b"Content-Length: 200\r\n\r\n" + b"b" * 200)


def test_a_port_on_which_nobody_listens():
    told = b"error forwarding port 15014 to pod ab12: dial tcp4 127.0.0.1:15014: connect: connection refused"
    with server(says(OPEN, frame(ERROR + told))) as (transport, _peers):
        with pytest.raises(MeshError) as failed:
            ask(transport, question())
    expected = "east: Pod istio-system/istiod-1, port 15014, does not answer: nothing listens there."
    assert str(failed.value) == expected


def refuses(status: str, message: str, header: str = "X: y") -> Script:
    body = f'{{"kind": "Status", "message": "{message}", "reason": "x"}}'
    return lambda peer: peer.say(f"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())


@pytest.mark.parametrize(("status", "message", "error", "told"), [
    ("404 Not Found", "pods istiod-1 not found", MeshError, "cannot forward a port to Pod istio-system/istiod-1: pods"),
    ("403 Forbidden", "User x cannot create pods/portforward", Denied, "not allowed to forward a port"),
    ("401 Unauthorized", "Unauthorized", Denied, "expired"),
])  # fmt: skip
def test_a_refusal_is_told_as_ever(status, message, error, told):
    with server(refuses(status, message)) as (transport, _peers):
        with pytest.raises(error, match=told):
            ask(transport, question())


def test_a_credential_that_ran_out_is_renewed():
    with server(refuses("401 Unauthorized", "no"), says(OPEN, frame(DATA + SHORT))) as (transport, peers):
        fresh = replace(transport.access, headers=(("Authorization", "Bearer fresh"),))
        transport.access = replace(transport.access, renew=lambda: fresh)
        assert ask(transport, question()).status == 200
    assert "Authorization: Bearer fresh" in peers[1].asked.decode()


BUSY = refuses("429 Too Many Requests", "busy", "Retry-After: 2")
ANSWERS = says(OPEN, frame(DATA + SHORT))


def hangs_up(_peer: Peer) -> None:
    """Close the connection in the middle of the upgrade."""


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("trouble", [
    pytest.param(BUSY, id="429"), pytest.param(refuses("503 Service Unavailable", "no"), id="503"), pytest.param(hangs_up, id="reset"),
])  # fmt: skip
def test_an_upgrade_is_repeated_whatever_is_asked(trouble, method):
    with server(*[trouble] * 5, ANSWERS) as (transport, peers):
        assert ask(transport, question(method=method)).status == 200
    assert (len(peers), len(pauses)) == (6, 5)


def test_the_server_says_when_the_upgrade_is_repeated():
    with server(BUSY, ANSWERS) as (transport, _peers):
        ask(transport, question())
    assert 2 <= pauses[0] <= 2.4


def test_a_server_that_stays_busy_is_told():
    with server(*[BUSY] * 4, limits=Limits(attempts=4)) as (transport, peers):
        with pytest.raises(Unreachable, match="east: the API server is too busy or not ready to forward a port to Pod istio-system/istiod-1: busy"):
            ask(transport, question())
    assert len(peers) == 4


def test_a_kubelet_that_is_out_of_reach_is_not_waited_for():
    with server(*[refuses("500 Internal Server Error", "error dialing backend")] * 3) as (transport, peers):
        with pytest.raises(NotReady, match="error dialing backend"):
            ask(transport, question())
    assert len(peers) == 3


@pytest.mark.parametrize("stall", [0.05, 1.0])
def test_an_upgrade_that_stalls_is_repeated_within_the_time_of_the_question(stall):
    done = threading.Event()
    with server(lambda _peer: done.wait(stall) and None, ANSWERS, limits=Limits(read=0.1)) as (transport, _peers):
        if stall < 0.1:
            assert ask(transport, question()).status == 200
        else:
            with pytest.raises(NotReady, match="does not answer within 0.2 s"):
                ask(transport, question(timeout=0.2))
        done.set()


def test_bytes_now_and_then_do_not_extend_the_upgrade():
    done = threading.Event()

    def drips(peer: Peer) -> None:
        while not done.wait(0.02):
            with suppress(OSError):
                peer.connection.send(b"H")

    with server(drips) as (transport, _peers):
        start = time.monotonic()
        with pytest.raises(NotReady, match="does not answer"):
            ask(transport, question(timeout=0.2))
        assert time.monotonic() - start < 10
        done.set()


def test_nobody_there_is_said_at_once():
    transport = Transport(Access("http://127.0.0.1:1"), "east", pause=pauses.append)
    pauses.clear()
    with pytest.raises(Unreachable, match="refuses connections"):
        ask(transport, question())
    assert pauses == []


def test_a_credential_that_is_never_accepted_is_renewed_once():
    with server(*[refuses("401 Unauthorized", "no")] * 2) as (transport, peers):
        tokens = iter("abc")
        transport.access = replace(transport.access, renew=lambda: replace(transport.access, headers=(("Authorization", next(tokens)),)))
        with pytest.raises(Denied, match="does not accept the credential"):
            ask(transport, question())
    assert len(peers) == 2


def test_of_many_questions_one_renews_the_credential():
    def script(peer: Peer) -> None:
        (refuses("401 Unauthorized", "no") if b"Bearer t" in peer.asked else ANSWERS)(peer)

    calls: list[int] = []
    with server(*[script] * 64) as (transport, _peers):
        fresh = replace(transport.access, headers=(("Authorization", "Bearer fresh"),))
        transport.access = replace(transport.access, renew=lambda: calls.append(1) or fresh)
        answers = Cluster(transport, name="east").ask_all([question()] * 32)
    assert [getattr(answer, "status", answer) for answer in answers] == [200] * 32
    assert len(calls) == 1


def test_of_many_questions_each_answer_is_heard_with_its_number_failures_too(monkeypatch):
    def answered(_transport: Any, asked: PodRequest) -> Answer:
        if asked.pod == "3":
            raise Unreachable("3 is gone")
        return Answer(200, asked.pod.encode())

    monkeypatch.setattr(portforward, "ask", answered)
    questions = [replace(question(), pod=str(number)) for number in range(100)]
    with server() as (transport, _peers):
        told = Cluster(transport, name="east").hear_all(questions, lambda number, answer: (number, getattr(answer, "body", str(answer))))
    assert told == [(number, "3 is gone" if number == 3 else str(number).encode()) for number in range(100)]


def test_silence_ends_at_the_deadline():
    done = threading.Event()

    def silent(peer: Peer) -> None:
        peer.say(UPGRADED, OPEN)
        done.wait(5)

    with server(silent) as (transport, _peers):
        with pytest.raises(NotReady, match=r"port 15014, does not answer within 0\.2 s\."):
            ask(transport, question(timeout=0.2))
        done.set()


def test_a_broken_connection_is_tried_again():
    with server(says(OPEN), says(OPEN, frame(DATA + SHORT))) as (transport, _peers):
        assert ask(transport, question()).status == 200


def test_a_post_is_not_repeated():
    with server(says(OPEN)) as (transport, _peers):
        with pytest.raises(Unreachable, match=r"east: Pod istio-system/istiod-1, port 15014, could not be asked"):
            ask(transport, question(method="POST"))


@pytest.mark.parametrize("size", [1, 3, 9])
def test_a_frame_that_breaks_off_is_asked_for_again(size):
    cut = says(OPEN, frame(DATA + SHORT * 10)[:size])
    with server(cut, cut, says(OPEN, frame(DATA + SHORT))) as (transport, peers):
        assert ask(transport, question()).body == b"{}"
    assert len(peers) == 3
