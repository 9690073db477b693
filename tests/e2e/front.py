# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy as many companies put in front of an API server: it serves a certificate of their own CA and passes requests on."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.meshops.lifecycle.tests.unit.support import authorities
from cryptography import x509


@dataclass
class Front:
    """A proxy: its address, the file of its CA, and how many connections it has passed on."""

    url: str
    ca: Path
    connections: int = 0


@contextmanager
def front(address: str, behind: str, trusted: bytes, folder: Path) -> Iterator[Front]:
    """Run a proxy at `address` during the block. `trusted` is the CA of the server `behind` it."""
    company = authorities.make("company CA")
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    own = authorities.make("front", company, authorities.key(number=1), ca=False, sign=None, extensions=((names, False),))
    (folder / "front.pem").write_bytes(own.pem + own.key_pem)
    (folder / "company-ca.pem").write_bytes(company.pem)
    here, there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cadata=trusted.decode())
    here.load_cert_chain(folder / "front.pem")
    host, port = urlsplit(behind).hostname, urlsplit(behind).port
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    found = Front("", folder / "company-ca.pem")

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        server_reader, server_writer = await asyncio.open_connection(host, port, ssl=there)
        await asyncio.gather(_pumped(reader, server_writer), _pumped(server_reader, writer))

    async def listening() -> asyncio.Server:
        return await asyncio.start_server(passed_on, address, 0, ssl=here)

    server = asyncio.run_coroutine_threadsafe(listening(), loop).result(10)
    found.url = f"https://{address}:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    writer.close()
