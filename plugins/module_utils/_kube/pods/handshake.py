# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate a port of a pod serves, whatever was once written to a Secret."""

from __future__ import annotations

import ssl

from ..._mesh.errors import MeshError
from ..._mesh.question import Greeting
from ..http.transport import Transport
from .portforward import Forwarded, forward


def greet(transport: Transport, greeting: Greeting) -> bytes:
    """The served chain as PEM, its leaf first. Before Python 3.13 only the leaf can be had. Nothing of it is verified."""
    return forward(transport, greeting, lambda opened: _shake(opened, greeting, transport.name))


def _shake(opened: Forwarded, greeting: Greeting, cluster: str) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = _context(greeting).wrap_bio(incoming, outgoing, server_hostname=greeting.server_name or None)
    while True:
        try:
            tls.do_handshake()
            _flush(outgoing, opened)  # so that the server sees an end and no failure to log
            return _chain(tls)
        except ssl.SSLWantReadError:
            _flush(outgoing, opened)
        except ssl.SSLError as failed:
            raise _no_handshake(greeting, cluster, failed.reason or "it speaks no TLS") from failed
        data = opened.stream.read1()
        if not data:
            raise _no_handshake(greeting, cluster, "it hangs up")
        incoming.write(data)


def _flush(outgoing: ssl.MemoryBIO, opened: Forwarded) -> None:
    if outgoing.pending:
        opened.send(outgoing.read())


def _no_handshake(greeting: Greeting, cluster: str, what: str) -> MeshError:
    asked = f" for {greeting.server_name}" if greeting.server_name else ""
    return MeshError(f"{cluster}: Pod {greeting.namespace}/{greeting.pod}, port {greeting.port}, does not complete a TLS handshake{asked}: {what}.")


def _context(greeting: Greeting) -> ssl.SSLContext:
    """What is wrong with a certificate shall be seen, so it must not end the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if greeting.alpn:
        context.set_alpn_protocols(list(greeting.alpn))
    return context


def _chain(tls: ssl.SSLObject) -> bytes:
    whole = getattr(tls, "get_unverified_chain", None)
    served = whole() if whole else [tls.getpeercert(binary_form=True)]
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in served if der).encode()
