# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions of a test that are called between the tasks of a playbook: a task asks for its number and waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@contextmanager
def turns(functions: Sequence[Callable[[], Any]]) -> Iterator[str]:
    """An error in a function is raised at the end."""
    raised: list[BaseException] = []

    class Turn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                functions[int(self.path.strip("/"))]()
                said = b"done"
            except BaseException as error:
                raised.append(error)
                said = b"failed"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_what: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Turn) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            if raised:
                raise raised[0]
