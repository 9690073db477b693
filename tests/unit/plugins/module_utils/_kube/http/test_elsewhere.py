# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to servers that are no API servers, as gates of the user's ask them."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.elsewhere import fetch
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.user_gate import WebQuestion
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused, Unreachable
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import OTHER_ROOT, ROOT, alternative, make

TOKEN = "Bearer token-of-a-gate"
SERVER = make("localhost", ROOT, ca=False, sign=None, extensions=(alternative("localhost"),))
SEEN: list[tuple[str, str]] = []


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        SEEN.append((self.path, self.headers.get("Authorization", "")))
        status = {"/moved": 302, "/bad": 500}.get(self.path, 200)
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        for letter in "all well":
            with contextlib.suppress(OSError):
                self.wfile.write(letter.encode())
                time.sleep(0.5 if self.path == "/slow" else 0)

    def log_message(self, *_what: Any) -> None:
        pass


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    SEEN.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as listening:
        if tls:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield listening.server_port
        listening.shutdown()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    own = tmp_path / "server.pem"
    own.write_bytes(SERVER.pem + SERVER.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return context


def ask(url: str, **how: Any) -> tuple[int, str]:
    answer = fetch(WebQuestion(url, **how), "the gate shop")
    return answer.status, answer.body


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/bad", 500), ("/moved", 302)])
def test_the_answer_is_the_first_one_whatever_it_is(path: str, status: int) -> None:
    with serving() as port:
        assert ask(f"http://127.0.0.1:{port}{path}") == (status, "all well")
    assert [(path, "")] == SEEN


def test_a_server_is_believed_by_the_given_ca_only(tls: ssl.SSLContext, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
    good.write_bytes(ROOT.pem)
    bad.write_bytes(OTHER_ROOT.pem)
    headers = {"Authorization": TOKEN}
    with serving(tls) as port:
        assert ask(f"https://localhost:{port}/", ca=str(good), headers=headers) == (200, "all well")
        assert SEEN == [("/", TOKEN)]
        for ca in (str(bad), ""):
            with pytest.raises(Unreachable, match="the gate shop: https://localhost:[0-9]+ is not trusted"):
                ask(f"https://localhost:{port}/", ca=ca, headers=headers)
        with pytest.raises(Unreachable, match="is not trusted"):
            ask(f"https://127.0.0.1:{port}/", ca=str(good), headers=headers)
    assert len(SEEN) == 1


def test_all_of_an_answer_has_to_come_in_time() -> None:
    with serving() as port:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="does not answer in time"):
            ask(f"http://127.0.0.1:{port}/slow", seconds=0.5)
        assert time.monotonic() - begun < 3.5


@pytest.mark.parametrize(("url", "headers", "said"), [
    ("http://127.0.0.1:9", {}, "refuses connections"),
    ("http://127.0.0.1:9", {"Authorization": TOKEN}, "is an http:// address, so everybody on the way could read the token"),
    ("https://127.0.0.1:9", {"Authorization": f"{TOKEN}\r\nX: y"}, "the header 'Authorization' holds a line break"),
    ("https://127.0.0.1:9", {"Authorization": f"{TOKEN}\u2028"}, "or a letter that no header may hold"),
])  # fmt: skip
def test_why_there_is_no_answer_is_said_without_the_token(url: str, headers: dict[str, str], said: str) -> None:
    with pytest.raises((Unreachable, Refused), match=said) as failed:
        ask(url, headers=headers)
    assert "token-of-a-gate" not in str(failed.value)


def test_a_ca_that_is_not_there_is_named() -> None:
    with pytest.raises(MeshError, match="The ca of the gate shop /nowhere/ca.pem cannot be read"):
        ask("https://127.0.0.1:9", ca="/nowhere/ca.pem")
