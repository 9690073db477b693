# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from meshbench.distance import LOOPBACK, far_away

ONE_WAY = 0.05
LARGE = 1 << 20


@pytest.fixture
def echo() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        threading.Thread(target=_answer, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _answer(server: socket.socket) -> None:
    while True:
        try:
            connection, _address = server.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


def asked(connection: socket.socket, data: bytes) -> float:
    before = time.monotonic()
    connection.sendall(data)
    left = len(data)
    while left:
        left -= len(connection.recv(1 << 16))
    return time.monotonic() - before


def test_a_new_connection_waits_two_round_trips_for_its_first_answer_and_then_one(echo: int) -> None:
    """A machine that has something else to do may let one of them wait longer, but not each."""
    took = []
    for _time in range(5):
        with far_away(ONE_WAY, [echo, echo]) as ports:
            assert len(set(ports)) == 2
            with socket.create_connection((LOOPBACK, ports[1])) as connection:
                took.append((asked(connection, b"a"), asked(connection, b"b")))
        if took[-1][0] < 8 * ONE_WAY and took[-1][1] < 4 * ONE_WAY:
            break
    assert min(first for first, _second in took) >= 4 * ONE_WAY
    assert min(second for _first, second in took) >= 2 * ONE_WAY
    assert took[-1][0] < 8 * ONE_WAY, took
    assert took[-1][1] < 4 * ONE_WAY, took


def test_nothing_is_lost_and_much_takes_no_longer_than_little(echo: int) -> None:
    with far_away(ONE_WAY, [echo]) as ports, socket.create_connection((LOOPBACK, ports[0])) as connection:
        asked(connection, b"a")
        with_much = threading.Thread(target=connection.sendall, args=(b"x" * LARGE,))
        before = time.monotonic()
        with_much.start()
        left = LARGE
        while left:
            left -= len(connection.recv(1 << 16))
        assert 2 * ONE_WAY <= time.monotonic() - before < 20 * ONE_WAY


def test_the_end_of_one_side_is_told_to_the_other(echo: int) -> None:
    with far_away(ONE_WAY, [echo]) as ports, socket.create_connection((LOOPBACK, ports[0]), timeout=5) as connection:
        asked(connection, b"a")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
