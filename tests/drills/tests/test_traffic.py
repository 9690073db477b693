# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sender on loopback: it sends on time, and it notices losses."""

from __future__ import annotations

import http.server
import itertools
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from meshdrill import ledger
from meshdrill.ledger import Request
from meshlab import programs

TRAFFIC = programs.build(programs.PROGRAMS["traffic"]) / "traffic"
LISTENS = ("-control", "-http", "-grpc")
Start = Callable[..., "subprocess.Popen[bytes]"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def somebody_listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen([TRAFFIC, *words]))
        for option, address in itertools.pairwise(words):
            if option in LISTENS:
                until(partial(somebody_listens, int(address.rpartition(":")[2])))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def taken(control: int, since: int = 0) -> list[Request]:
    told = subprocess.run([TRAFFIC, "take", "-control", f"127.0.0.1:{control}", "-since", str(since)], capture_output=True, text=True, check=True)
    return list(ledger.parse(told.stdout.splitlines()))


def until(true: Callable[[], bool]) -> None:
    for _attempt in range(100):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def test_nothing_is_sent_before_the_url_answers_for_which_the_sender_waits(start: Start, tmp_path: Path) -> None:
    web, book = free_port(), ledger.Book(tmp_path)
    start("send", "-ledger", str(tmp_path), "-await", f"http://127.0.0.1:{web}/", "-flow", f"plain=http://127.0.0.1:{web}/@100")
    time.sleep(0.5)
    assert book.news() == []
    start("serve", "-http", f"127.0.0.1:{web}", "-grpc", f"127.0.0.1:{free_port()}")
    sent: list[Request] = []
    until(lambda: bool(sent.extend(book.news()) or len(sent) > 9))
    assert not [one for one in sent if one.lost]


def test_what_is_sent_to_a_server_that_dies_is_lost_and_its_stream_breaks(start: Start) -> None:
    web, calls, control = free_port(), free_port(), free_port()
    server = start("serve", "-http", f"127.0.0.1:{web}", "-grpc", f"127.0.0.1:{calls}")
    start("send", "-control", f"127.0.0.1:{control}", "-flow", f"plain=http://127.0.0.1:{web}/@100", "-stream", f"stream=127.0.0.1:{calls}")
    time.sleep(1.0)
    server.kill()
    died = time.time()
    until(lambda: any(flow.breaks for flow in ledger.flows(taken(control)).values()))
    flows = ledger.flows(taken(control))
    before = ledger.flows(ledger.during(taken(control), 0, died - 0.2))
    assert before["plain"].lost == before["stream"].lost == before["stream"].breaks == 0 < before["stream"].sent
    assert flows["plain"].lost > 0 and (flows["plain"].first_lost or 0) > died - 0.2
    assert flows["stream"].breaks > 0 and flows["plain"].breaks == 0


def test_streams_that_are_renewed_lose_nothing_and_one_that_nobody_renews_does_not_end(start: Start) -> None:
    calls, control = free_port(), free_port()
    start("serve", "-http", f"127.0.0.1:{free_port()}", "-grpc", f"127.0.0.1:{calls}")
    streams = (f"renewed=127.0.0.1:{calls}/200ms", f"endless=127.0.0.1:{calls}")
    start("send", "-control", f"127.0.0.1:{control}", "-pace", "10ms", *(word for stream in streams for word in ("-stream", stream)))
    until(lambda: min((flow.sent for flow in ledger.flows(taken(control)).values()), default=0) > 100)
    flows = ledger.flows(taken(control))
    assert {name: (flow.lost, flow.breaks) for name, flow in flows.items()} == {"renewed": (0, 0), "endless": (0, 0)}


def test_a_sender_that_has_to_go_ends_what_it_has_begun_and_leaves_its_records(start: Start, tmp_path: Path) -> None:
    web, calls, control = free_port(), free_port(), free_port()
    start("serve", "-http", f"127.0.0.1:{web}", "-grpc", f"127.0.0.1:{calls}")
    book = ledger.Book(tmp_path)
    words = ("-flow", f"plain=http://127.0.0.1:{web}/@100", "-stream", f"renewed=127.0.0.1:{calls}/200ms", "-stream", f"endless=127.0.0.1:{calls}")
    sender = start("send", "-control", f"127.0.0.1:{control}", "-ledger", str(tmp_path), *words)
    until(lambda: {name for name, flow in ledger.flows(taken(control)).items() if flow.sent > 80} >= {"plain", "renewed", "endless"})
    sender.terminate()
    assert sender.wait(5) == 0
    flows = ledger.flows(book.news())
    assert {name: (flow.lost, flow.breaks) for name, flow in flows.items()} == {"plain": (0, 0), "renewed": (0, 0), "endless": (0, 0)}
    assert min(flow.sent for flow in flows.values()) > 80


class Counting(http.server.BaseHTTPRequestHandler):
    """A server that keeps connections, and counts them."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[dict[str, set[tuple[str, int]]]] = {"/kept": set(), "/fresh": set()}

    def do_GET(self) -> None:
        self.connections[self.path].add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def test_a_fresh_flow_has_a_connection_for_each_request(start: Start) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address, control = f"http://127.0.0.1:{server.server_address[1]}", free_port()
        flows = [word for name in ("kept", "fresh") for word in ("-flow", f"{name}={address}/{name}@50")]
        start("send", "-control", f"127.0.0.1:{control}", *flows, "-fresh", "fresh")
        until(lambda: all(flow.sent > 20 for flow in ledger.flows(taken(control)).values()) and len(ledger.flows(taken(control))) == 2)
        told = ledger.flows(taken(control))
        server.shutdown()
    assert len(Counting.connections["/fresh"]) >= told["fresh"].sent
    assert len(Counting.connections["/kept"]) < told["kept"].sent / 2


class Stalling(http.server.BaseHTTPRequestHandler):
    """A server that answers at once, but not while it is closed."""

    is_open = threading.Event()

    def do_GET(self) -> None:
        self.is_open.wait()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing into the output of a test."""


def test_a_stall_does_not_keep_it_from_sending_and_every_request_waits_for_its_end(start: Start) -> None:
    """A closed loop would send only one request for each connection and report one slow answer."""
    Stalling.is_open.set()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stalling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        control = free_port()
        start("send", "-control", f"127.0.0.1:{control}", "-flow", f"plain=http://127.0.0.1:{server.server_address[1]}/@50")
        time.sleep(0.5)
        Stalling.is_open.clear()
        closed = time.time()
        time.sleep(1.0)
        Stalling.is_open.set()
        opened = time.time()
        until(lambda: any(request.due > opened + 0.2 for request in taken(control)))
        stalled = sorted(ledger.during(taken(control), closed, opened), key=lambda request: request.due)
        server.shutdown()
    assert len(stalled) == pytest.approx(50 * (opened - closed), abs=2)
    assert stalled[0].took == pytest.approx(opened - closed, abs=0.3)
    assert stalled[len(stalled) // 2].took == pytest.approx((opened - closed) / 2, abs=0.3)
    assert all(later.due - earlier.due == pytest.approx(0.02, abs=0.001) for earlier, later in itertools.pairwise(stalled))


def test_what_is_lost_says_how_far_it_had_come(start: Start) -> None:
    """One server takes connections and ends them at once: over TLS in the handshake, and without it before an answer. At the last address is nobody."""
    control, nobody = free_port(), free_port()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def end_them() -> None:
            while True:
                try:
                    one, _address = listening.accept()
                except OSError:
                    return
                one.recv(1)
                one.shutdown(socket.SHUT_WR)
                while one.recv(4096):
                    pass
                one.close()

        threading.Thread(target=end_them, daemon=True).start()
        address = f"127.0.0.1:{listening.getsockname()[1]}/"
        flows = {"tls": f"https://{address}", "plain": f"http://{address}", "none": f"http://127.0.0.1:{nobody}/"}
        start("send", "-control", f"127.0.0.1:{control}", *(word for name, place in flows.items() for word in ("-flow", f"{name}={place}@20")))
        until(lambda: len(ledger.flows(taken(control))) == 3)
        told = {request.flow: request.outcome for request in taken(control)}
    assert told["tls"].startswith("error in its TLS handshake: ") and told["tls"].endswith("EOF")
    assert told["plain"].startswith("error before an answer: ") and told["plain"].endswith("EOF")
    assert told["none"].startswith("error before it was connected: ") and "connection refused" in told["none"]


def test_its_tests_do_not_use_what_the_cache_holds_of_another_version() -> None:
    assert Path(TRAFFIC).parent.name.endswith(programs.PROGRAMS["traffic"].key)
