# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate as users have one: an HTTP address that answers 200 as long as all is well, and 503 when it is not."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Well = Callable[[], bool]


def always() -> bool:
    return True


@dataclass
class Gate:
    """`well` is asked for each answer, so it may be changed meanwhile; `refused` counts the answers of 503."""

    url: str
    well: Well = always
    refused: int = 0


@contextmanager
def gate() -> Iterator[Gate]:
    """Listens on loopback while the block runs."""
    made = Gate("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            well = made.well()
            made.refused += not well
            body = b"well\n" if well else b"not well\n"
            self.send_response(200 if well else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """A drill has a table of its own."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()
