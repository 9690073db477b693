# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy that delays, as if clusters were far away. It runs as a program of its own.

It takes a delay in seconds (one way) and target ports, and prints the ports it listens on, one line of JSON. A new connection pays a round trip before
its first byte goes on, as TCP's handshake would; the kernel's own handshake on loopback takes no time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
CHUNK = 1 << 16
Late = asyncio.Queue[tuple[float, bytes]]


@contextlib.contextmanager
def far_away(one_way: float, targets: Sequence[int]) -> Iterator[list[int]]:
    """A port for each target, as long as the `with` block runs."""
    command = [sys.executable, str(Path(__file__).resolve()), str(one_way), *map(str, targets)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline() if process.stdout else "[]")
        finally:
            process.kill()


async def _listen(one_way: float, target: int) -> int:
    async def connected(near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far, to_far = await asyncio.open_connection(LOOPBACK, target)
            accepted = asyncio.get_running_loop().time() + 2 * one_way
            await asyncio.gather(_carry(near, to_far, one_way, accepted), _carry(far, to_near, one_way, 0.0))

    server = await asyncio.start_server(connected, LOOPBACK, 0, backlog=1024)
    return int(server.sockets[0].getsockname()[1])


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, one_way: float, not_before: float) -> None:
    late: Late = asyncio.Queue()
    await asyncio.gather(_take(source, late, one_way, not_before), _give(late, target))


async def _take(source: asyncio.StreamReader, late: Late, one_way: float, not_before: float) -> None:
    """An empty piece is the end."""
    clock = asyncio.get_running_loop().time
    data = b"-"
    while data:
        try:
            data = await source.read(CHUNK)
        except OSError:
            data = b""
        late.put_nowait((max(clock(), not_before) + one_way, data))


async def _give(late: Late, target: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    with contextlib.suppress(OSError):
        while True:
            due, data = await late.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                break
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError):
        target.close()


async def main(one_way: float, targets: Sequence[int]) -> None:
    print(json.dumps([await _listen(one_way, target) for target in targets]), flush=True)
    # Until whoever started us goes away.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
