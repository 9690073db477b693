# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explain to people why no answer came. The libraries wrap their errors in each other."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

_SIGNS = [
    (re.compile(sign), words)
    for sign, words in (
        ("gaierror|NameResolution", "cannot be found: its name does not resolve. Check the address, or the name server of this machine."),
        ("ConnectionRefused", "refuses connections: it is down, or the address is wrong. Start it, or correct the address."),
        (r"verify failed: ([^(\]]+?) *[(\]]", r"is not trusted: \1. Give its CA with ca_cert or the kubeconfig."),
        ("ALERT_.*CERT|CERTIFICATE_REQUIRED", "does not accept the client certificate. Give one that its CA signed and that has not expired."),
        ("No route to host|Network is unreachable", "cannot be reached: there is no route to it. Look at the network between here and there."),
        ("TimeoutError|ConnectTimeout|ReadTimeout", "does not answer in time. Look at the network between here and there, and at the cluster."),
        ("Tunnel connection failed: ([^.]+)", r"is out of reach: the proxy says \1. Let the proxy pass it, or name it in NO_PROXY."),
    )
]


def why(error: BaseException) -> str:
    """Return the end of the sentence "the API server at ...", whichever library raised the error."""
    chain = list(_causes(error))
    for cause in chain:
        for sign, words in _SIGNS:
            match = sign.search(f"{type(cause).__name__}: {cause}")
            if match:
                return match.expand(words)
    said = " ".join(str(chain[-1]).split())[:160].rstrip(".")
    return f"broke the connection: {said}. Run again; if it stays so, look at what lies between, such as a proxy or a firewall."


def untrusted(error: BaseException) -> bool:
    """Return whether one side rejects the other's certificate. No repeat helps then."""
    return any(isinstance(cause, ssl.SSLError) and ("CERT" in str(cause) or "ALERT" in str(cause)) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the causes from the innermost, which is the most specific, to the error itself."""
    inner = getattr(error, "reason", None)
    if not isinstance(inner, BaseException):
        inner = error.__cause__ or error.__context__
    if inner is not None:
        yield from _causes(inner)
    yield error
