# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a provider wants to know of a running process: it poses questions and never asks them itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tls:
    """How a port that speaks TLS is known: the CA that signed its certificate, as PEM, and the name that the certificate has to hold."""

    ca: bytes
    server_name: str


@dataclass(frozen=True)
class Question:
    """An HTTP request to `port` of a pod, asked through the API server; `about` tells the answers apart.

    `headers` may hold a token and `body` a key, so neither is shown. A port that speaks TLS is known by `tls`.
    """

    about: str
    namespace: str
    pod: str
    port: int
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    tls: Tls | None = None


# What each question was answered; None where a pod did not answer it.
Answers = Mapping[Question, str | None]


@dataclass(frozen=True)
class Greeting:
    """A TLS handshake at `port` of a pod, as a client that asks for `server_name` and offers the protocols `alpn`."""

    namespace: str
    pod: str
    port: int
    server_name: str = ""
    alpn: tuple[str, ...] = ()
    timeout: float = 15


@dataclass(frozen=True)
class Read:
    """Objects of one kind to be listed; `metadata_only` where the content is not needed (Secrets)."""

    api_version: str
    kind: str
    namespace: str | None = None
    labels: str | None = None
    metadata_only: bool = False
    fields: str | None = None
