# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests against a server that misbehaves by script."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import THREADS, Transport, encode
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access, bearer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Denied, MeshError, Unreachable

OK, RESET, TRUNCATED = (200, {}), "reset", "truncated"
EMPTY, CUT, DRIP = "empty", "cut", "drip"


@contextmanager
def server(*script: Any) -> Iterator[tuple[Access, list[Any]]]:
    """A server that answers by a script: a status with headers, or a way to break. The last entry repeats."""
    seen: list[Any] = []

    class Scripted(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            step = script[min(len(seen), len(script) - 1)]
            seen.append((self.command, self.path, dict(self.headers.items()), body))
            if step == RESET:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            status, headers = OK if isinstance(step, str) else step
            told = {EMPTY: b"", CUT: b'{"kind": '}.get(step if isinstance(step, str) else "", b'{"kind": "Status", "message": "told", "reason": "Some"}')
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in told if step == DRIP else b"":
                self.wfile.write(bytes([byte]))
                time.sleep(0.02)
            self.wfile.write(b"" if step == DRIP else told[:9] if step == TRUNCATED else told)
            self.close_connection = step == TRUNCATED

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *_what: Any) -> None:
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    with ThreadingHTTPServer(("127.0.0.1", 0), Scripted) as listening:
        listening.handle_error = lambda *_what: None  # type: ignore[method-assign]
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield Access(f"http://127.0.0.1:{listening.server_port}", headers=(bearer("one"),)), seen
        listening.shutdown()


@pytest.fixture
def pauses() -> list[float]:
    return []


def transport(access: Access, pauses: list[float]) -> Transport:
    return Transport(access, "east", pause=pauses.append)


@pytest.mark.parametrize("trouble", [(429, {}), (500, {}), (502, {}), (503, {}), (504, {}), RESET, TRUNCATED, EMPTY, CUT])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_can_be_repeated_is(method, trouble, pauses):
    with server(trouble, trouble, OK) as (access, seen):
        assert transport(access, pauses).request(method, "/x", body={"a": 1}).ok
    assert [request[3] for request in seen] == [b'{"a":1}'] * 3
    assert len(pauses) == 2


def test_the_server_says_for_how_long_to_pause(pauses):
    with server((429, {"Retry-After": "2"}), OK) as (access, _seen):
        transport(access, pauses).request("GET", "/x")
    assert 2 <= pauses[0] <= 2.4


def test_trouble_that_lasts_is_returned_or_raised(pauses):
    with server((503, {})) as (access, seen):
        assert transport(access, pauses).request("GET", "/x").status == 503
    assert len(seen) == 10
    with server(RESET) as (access, _seen):
        with pytest.raises(Unreachable, match="east: the API server at http://127.0.0.1:[0-9]+ broke the connection"):
            transport(access, pauses).request("GET", "/x")


@pytest.mark.parametrize(("trouble", "requests"), [((500, {}), 1), ((503, {}), 1), ((429, {}), 2), ((409, {}), 1)])
def test_a_creation_is_repeated_only_when_it_was_turned_away(trouble, requests, pauses):
    with server(trouble, OK) as (access, seen):
        transport(access, pauses).request("POST", "/x", body={}, repeat=False)
    assert len(seen) == requests


def test_a_creation_whose_answer_is_lost_is_left_to_the_caller(pauses):
    with server(RESET, OK) as (access, seen):
        with pytest.raises(Unreachable):
            transport(access, pauses).request("POST", "/x", body={}, repeat=False)
    assert len(seen) == 1


@pytest.mark.parametrize("trouble", [EMPTY, CUT, TRUNCATED])
def test_a_creation_whose_answer_is_not_whole_is_left_to_the_caller(trouble, pauses):
    with server(trouble, OK) as (access, seen):
        with pytest.raises(Unreachable, match="east: "):
            transport(access, pauses).request("POST", "/x", body={}, repeat=False)
    assert len(seen) == 1


def test_bytes_now_and_then_do_not_extend_the_deadline(pauses):
    limits = Limits(read=0.2, attempts=3)
    with server(DRIP) as (access, seen):
        start = time.monotonic()
        with pytest.raises(Unreachable, match="does not answer in time"):
            Transport(access, "east", pause=pauses.append, limits=limits).request("GET", "/x")
        assert time.monotonic() - start < 5
    assert len(seen) == 3


def test_writes_take_turns_and_so_do_their_repeats(pauses):
    limits = Limits(write_rate=0.1, patience=60)
    with server((503, {"Retry-After": "0"}), OK) as (access, _seen):
        slow = Transport(access, "east", pause=pauses.append, limits=limits)
        slow.request("PATCH", "/x", body={})
        slow.request("GET", "/x")
        slow.request("PATCH", "/x", {"dryRun": "All"}, {})
    assert [round(pause) for pause in pauses] == [0, 10]


def test_who_has_less_time_waits_less(pauses):
    with server(DRIP) as (access, seen):
        with pytest.raises(Unreachable, match="does not answer in time"):
            transport(access, pauses).request("GET", "/x", within=0.1)
    assert len(seen) == 1


def test_a_connection_that_breaks_while_tls_is_negotiated_is_made_again(pauses):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_hang_up, args=(listening,), daemon=True).start()
        access = Access(f"https://127.0.0.1:{listening.getsockname()[1]}", verify=False)
        with pytest.raises(Unreachable, match="broke the connection"):
            Transport(access, "east", pause=pauses.append, limits=Limits(attempts=4)).request("GET", "/x")
    assert len(pauses) == 3


def _hang_up(listening: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _address = listening.accept()
            connection.recv(10)
            connection.close()


def test_nobody_there_is_said_at_once(pauses):
    with pytest.raises(Unreachable, match="refuses connections: it is down, or the address is wrong"):
        transport(Access("http://127.0.0.1:1"), pauses).request("GET", "/x")
    assert pauses == []


def test_a_credential_that_ran_out_is_renewed_once(pauses):
    with server((401, {}), OK) as (access, seen):
        renewing = replace(access, renew=lambda: replace(access, headers=(bearer("two"),)))
        assert transport(renewing, pauses).request("GET", "/x").ok
    assert [request[2]["Authorization"] for request in seen] == ["Bearer one", "Bearer two"]
    with server((401, {})) as (access, seen):
        assert transport(replace(access, renew=lambda: access), pauses).request("GET", "/x").status == 401
    assert len(seen) == 1


def each_of_eight(work):
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, range(40)))


@pytest.mark.parametrize("fresh", ["one", None], ids=["the same", "an error"])
def test_a_credential_that_cannot_be_renewed_is_asked_for_once(fresh, pauses):
    calls: list[int] = []

    def renew() -> Access:
        calls.append(1)
        if fresh is None:
            raise MeshError("the plugin failed")
        return replace(access, headers=(bearer(fresh),))

    with server((401, {})) as (access, _seen):
        spent = transport(replace(access, renew=renew), pauses)

        def ask(_number: int) -> str:
            try:
                return str(spent.request("GET", "/x").status)
            except Denied as denied:
                return str(denied)

        told = set(each_of_eight(ask))
    assert len(calls) == 1
    assert told == ({"401"} if fresh else {"east: the API server does not accept the credential any more (401), and its renewal failed: the plugin failed"})


def test_no_connection_is_discarded_and_none_is_too_many(pauses, caplog):
    """If there are more threads than connections, threads wait for a free connection, as in ask_all. No connection is thrown away."""
    with server(OK) as (access, _seen), caplog.at_level("DEBUG", "urllib3"):
        one = transport(access, pauses)
        with ThreadPoolExecutor(32) as pool:
            assert all(pool.map(lambda _number: one.request("GET", "/x").ok, range(200)))
    told = [record.getMessage() for record in caplog.records]
    assert not [line for line in told if "pool is full" in line or "Resetting" in line]
    assert 1 <= sum("Starting new HTTP connection" in line for line in told) <= THREADS


def test_impersonated_groups_are_sent_one_by_one(pauses):
    groups = (("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
    with server(OK) as (access, seen):
        transport(replace(access, headers=groups), pauses).request("GET", "/x", {"q": "a b&c"})
    assert seen[0][1] == "/x?q=a+b%26c"


def test_bodies_are_json_that_yaml_reads_the_same():
    assert encode({"a": "\ud800"}) == b'{"a":"\\ud800"}'
    text = "\x7f \x85 \u2028 \ufeff é 😀 \t\n"
    body = encode({"a": text})
    assert json.loads(body) == {"a": text}
    assert not set("\x7f\x85\u2028\ufeff") & set(body.decode())
    assert "😀" in body.decode()


def test_what_is_too_large_is_not_sent(pauses):
    with server(OK) as (access, seen):
        answer = transport(access, pauses).request("PATCH", "/x", body={"a": "x" * 3 * 2**20})
    assert (answer.status, seen) == (413, [])
    assert "too large" in answer.refusal["message"]


def test_no_connection_alters_what_others_begin_with() -> None:
    """All threads share one TLS context. If urllib3 set its protocols for each connection, another handshake at this moment would send freed memory."""
    shared = Access("https://api.example").tls()
    assert shared
    shared.set_alpn_protocols(["h2"])
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        shared.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="api.example").do_handshake()
    assert b"\x00\x10\x00\x0b\x00\x09\x08http/1.1" in sent.read()
