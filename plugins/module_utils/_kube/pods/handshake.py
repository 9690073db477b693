# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the certificate that a pod's port really serves, which may differ from the one in a Secret."""

from __future__ import annotations

import ssl

from ..._mesh.question import Greeting
from ..http.transport import Transport
from . import tls
from .portforward import Forwarded, forward


def greet(transport: Transport, greeting: Greeting) -> bytes:
    """Return the served chain as PEM, leaf first; before Python 3.13 only the leaf. Nothing is verified."""
    return forward(transport, greeting, lambda opened: _chain(_shaken(opened, greeting, transport.name)))


def _shaken(opened: Forwarded, greeting: Greeting, cluster: str) -> ssl.SSLObject:
    who = f"{cluster}: Pod {greeting.namespace}/{greeting.pod}, port {greeting.port},"
    return tls.Session(opened.send, opened.stream, _context(greeting), greeting.server_name, who).shake_hands().tls


def _context(greeting: Greeting) -> ssl.SSLContext:
    """Return a context that verifies nothing, so that the handshake also shows a wrong certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if greeting.alpn:
        context.set_alpn_protocols(list(greeting.alpn))
    return context


def _chain(session: ssl.SSLObject) -> bytes:
    whole = getattr(session, "get_unverified_chain", None)
    served = whole() if whole else [session.getpeercert(binary_form=True)]
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in served if der).encode()
