# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a provider wants to know of a running process: it poses questions and never asks them itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """HTTP GET of `path` at `port` of a pod, asked through the API server; `about` tells the answers apart."""

    about: str
    namespace: str
    pod: str
    port: int
    path: str


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
