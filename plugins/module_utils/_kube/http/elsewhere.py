# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a server that is no API server, from this machine, once: TLS is verified, nothing is followed elsewhere, and all of the answer has to come in time."""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

try:
    import urllib3
    from urllib3 import exceptions as broken
except ImportError:
    pass  # the transport reports it

from ..._mesh.cutover.user_gate import WebAnswer, WebQuestion
from ..._mesh.errors import Refused, Unreachable
from ..reach import proxy
from ..reach.access import Access, read_file, safe, unsendable
from . import dial
from .failure import why

_CONNECT, _LARGEST = 10.0, 4 << 20


def fetch(question: WebQuestion, whose: str) -> WebAnswer:
    """Return the answer, whatever its status. A redirection is an answer: headers with a token go to nobody but the server that was named.

    Raise Refused or Unreachable if there is none. `whose` begins the sentence. No message holds the value of a header.
    """
    access = _access(question, whose)
    pool = dial.pool(access, 1)
    begun = time.monotonic()
    timeout = urllib3.Timeout(connect=min(_CONNECT, question.seconds), read=question.seconds)
    headers = {"Accept": "*/*", "User-Agent": "meshops.lifecycle", **question.headers}
    try:
        reply = pool.request("GET", question.url, headers=headers, redirect=False, timeout=timeout, preload_content=False)
        body = reply.read(_LARGEST)
    except (broken.HTTPError, OSError) as failed:
        raise Unreachable(f"{whose}: {access.server}{access.through} {why(failed)}") from failed
    finally:
        pool.clear()
    return WebAnswer(reply.status, body.decode(errors="replace"), time.monotonic() - begun)


def _access(question: WebQuestion, whose: str) -> Access:
    if wrong := unsendable(question.headers.items()):
        raise Refused(f"{whose}: the header {wrong!a} holds a line break or a letter that no header may hold.")
    parts = urlsplit(question.url)
    ca = read_file(question.ca, f"ca of {whose}") if question.ca else None
    found = Access(f"{parts.scheme}://{parts.netloc}", ca, headers=tuple(question.headers.items()))
    return safe(Access(found.server, ca, headers=found.headers, proxy=proxy.of_environment(parts, found.port, os.environ)))
