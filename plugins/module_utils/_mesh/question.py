# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a provider wants to read from clusters and running pods, as data. The provider describes the requests; other code sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tls:
    """How to verify a port that speaks TLS: the CA of its certificate as PEM, and the name that the certificate must hold."""

    ca: bytes
    server_name: str


@dataclass(frozen=True)
class Question:
    """An HTTP request to `port` of a pod, sent through the API server; `about` distinguishes the answers.

    `headers` may hold a token and `body` a key, so repr shows neither. `tls` is set if the port speaks TLS.
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


@dataclass(frozen=True)
class PodReply:
    """What a pod answered, whatever its status: some products say in it what is wrong. The body may hold what is secret, so repr does not show it."""

    status: int
    body: bytes = field(default=b"", repr=False)


class Answers(dict[Question, "str | None"]):
    """The text of each answer with status 200; None for all others. `replies` has the status and the bytes of each pod that answered at all.

    `shown` has the certificates that each greeted port showed, as PEM; empty for a port that showed none.
    """

    def __init__(self, texts: Mapping[Question, str | None] | None = None, replies: Mapping[Question, PodReply] | None = None) -> None:
        super().__init__(texts or {})
        self.replies: Mapping[Question, PodReply] = replies or {}
        self.shown: Mapping[Greeting, bytes] = {}

    @classmethod
    def of(cls, replies: Mapping[Question, PodReply | None]) -> Answers:
        """Return the answers for what came back; None stands for a pod that did not answer."""
        texts = {question: reply.body.decode(errors="replace") if reply and reply.status == 200 else None for question, reply in replies.items()}
        return cls(texts, {question: reply for question, reply in replies.items() if reply})

    def add(self, others: Answers) -> None:
        """Take in what came back for questions that followed from the first answers."""
        self.update(others)
        self.replies = {**self.replies, **others.replies}


@dataclass(frozen=True)
class Greeting:
    """A TLS handshake with `port` of a pod, as a client that asks for `server_name` and offers the protocols `alpn`."""

    namespace: str
    pod: str
    port: int
    server_name: str = ""
    alpn: tuple[str, ...] = ()
    timeout: float = 15


@dataclass(frozen=True)
class Read:
    """Objects of one kind to be listed, with `metadata_only` if the content is not needed (Secrets).

    `without` are paths, as in spec.containers, of what is not needed of many large objects.
    """

    api_version: str
    kind: str
    namespace: str | None = None
    labels: str | None = None
    metadata_only: bool = False
    fields: str | None = None
    without: tuple[str, ...] = ()
