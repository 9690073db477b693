# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Port-forwards one after the other over real TLS: whether a later connection resumes the TLS session of an earlier one."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods.portforward import ask
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue

from .test_portforward import ANSWERS, Peer, question, refuses

NAME = "api.example"
ROOT, OTHER_ROOT = (issue.new_root(name, "o", "P-256", datetime.now(UTC), 1) for name in ("root", "other root"))
API = issue.new_leaf(ROOT, [NAME], "o", "P-256", datetime.now(UTC), 1)


def api(tickets: int = 2, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(API.certificate + API.key)
        kept.flush()
        made.load_cert_chain(kept.name)
    made.maximum_version, made.num_tickets = highest, tickets
    if not tickets:
        made.options |= ssl.OP_NO_TICKET
    return made


@contextmanager
def server(contexts: Sequence[ssl.SSLContext], script: Callable[[Peer], None] = ANSWERS) -> Iterator[tuple[Transport, list[bool]]]:
    """A server that takes one connection for each context and notes whether it resumed a session."""
    resumed: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for each in contexts:
                with suppress(OSError), each.wrap_socket(listening.accept()[0], server_side=True) as connection:
                    resumed.append(bool(connection.session_reused))
                    script(Peer(connection))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        access = Access(f"https://127.0.0.1:{listening.getsockname()[1]}", ca=ROOT.certificate, tls_server_name=NAME)
        yield Transport(access, "east"), resumed


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_later_connections_resume_the_first(highest: ssl.TLSVersion) -> None:
    with server([api(highest=highest)] * 4) as (transport, resumed):
        answers = [ask(transport, question()) for _time in range(4)]
    assert [answer.status for answer in answers] == [200] * 4
    assert resumed == [False, True, True, True]


def test_a_server_that_gives_nothing_or_forgot_is_met_anew() -> None:
    first, restarted = api(), api()
    with server([api(tickets=0), api(tickets=0), first, first, restarted, restarted]) as (transport, resumed):
        answers = [ask(transport, question()) for _time in range(6)]
    assert [answer.status for answer in answers] == [200] * 6
    assert resumed == [False, False, False, True, False, True]


def test_another_identity_takes_nothing_over() -> None:
    with server([api()] * 3) as (transport, resumed):
        ask(transport, question())
        transport.access = replace(transport.access, headers=(("Authorization", "Bearer other"),))
        ask(transport, question())
        ask(transport, question())
    assert resumed == [False, False, True]


def test_a_server_that_is_not_trusted_is_never_resumed() -> None:
    with server([api()] * 2) as (transport, resumed):
        ask(transport, question())
        transport.access = replace(transport.access, ca=OTHER_ROOT.certificate)
        with pytest.raises(MeshError, match="certificate"):
            ask(transport, question())
    assert resumed == [False]


def test_a_refusal_is_told_over_a_resumed_connection_too() -> None:
    turns = iter([ANSWERS, refuses("403 Forbidden", "no")])

    def script(peer: Peer) -> None:
        next(turns)(peer)

    with server([api()] * 2, script) as (transport, resumed):
        ask(transport, question())
        with pytest.raises(MeshError, match="no"):
            ask(transport, question())
    assert resumed == [False, True]
