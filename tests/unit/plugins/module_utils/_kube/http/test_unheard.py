# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that lets connections wait costs a task one time-out, however many requests it had."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.unheard import Unheard
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Unreachable

CONNECT = 0.4


def test_what_was_said_counts_for_a_moment() -> None:
    now = [100.0]
    unheard = Unheard(lambda: now[0])
    unheard.check()
    assert str(unheard.noted(Unreachable("east: nobody is there"))) == "east: nobody is there"
    now[0] += 0.5
    with pytest.raises(Unreachable, match="^east: nobody is there$"):
        unheard.check()
    now[0] += 1.0
    unheard.check()


@pytest.fixture
def waiting() -> Iterator[str]:
    """An address at which connections wait: the queue of the socket is full, and nobody accepts."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def asked(transport: Transport) -> str:
    try:
        transport.request("GET", "/version")
    except Unreachable as failed:
        return str(failed)
    return "answered"


def test_those_who_wait_for_their_turn_do_not_try_again(waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    transport, tried = Transport(Access(waiting), "east", limits=Limits(connect=CONNECT)), list[float]()
    once = transport._once
    monkeypatch.setattr(transport, "_once", lambda call: tried.append(time.monotonic()) or once(call))
    with ThreadPoolExecutor(4) as pool:
        said = set(pool.map(lambda _number: asked(transport), range(40)))
    assert 0 < len(tried) <= 4, "each of four threads tries once, for all of its requests"
    assert said == {f"east: the API server at {waiting} does not answer in time. Look at the network between here and there, and at the cluster."}
