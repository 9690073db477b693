# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP over TLS through a port-forward: which certificate is accepted, and what reaches the pod."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.pods.portforward import ask
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Tls
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue

from .test_portforward import DATA, OPEN, SHORT, UPGRADED, Peer, frame, server

NAME = "vault.mesh.svc"
ROOT, OTHER_ROOT = (issue.new_root(name, "o", "P-256", datetime.now(UTC), 1) for name in ("root", "other root"))
POD, STRANGER = (issue.new_leaf(root, [NAME], "o", "P-256", datetime.now(UTC), 1) for root in (ROOT, OTHER_ROOT))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def context(served: Material = POD, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.maximum_version = highest
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(served.certificate + served.key)
        kept.flush()
        made.load_cert_chain(kept.name)
    return made


class Served:
    """A pod that speaks TLS. `heard` has the requests in plain text."""

    def __init__(self, *answers: bytes, on: ssl.SSLContext | None = None, end: bool = True) -> None:
        self.answers, self.context, self.end = answers, on or context(), end
        self.heard: list[bytes] = []

    def __call__(self, peer: Peer) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        peer.say(UPGRADED, OPEN)
        with suppress(ssl.SSLError, IndexError, OSError):
            self._done(peer, self._tls.do_handshake)
            self.heard.append(self._done(peer, lambda: self._tls.read(1 << 20)))
            for answer in self.answers:
                self._done(peer, lambda answer=answer: self._tls.write(answer))
            if self.end:
                with suppress(ssl.SSLWantReadError):
                    self._tls.unwrap()
        self._flush(peer)
        with suppress(OSError):
            peer.say(frame(b"", code=8))

    def _done(self, peer: Peer, step: Callable[[], bytes]) -> bytes:
        while True:
            try:
                outcome = step()
            except ssl.SSLWantReadError:
                self._flush(peer)
                self._incoming.write(peer.hear()[1:])
            else:
                self._flush(peer)
                return outcome

    def _flush(self, peer: Peer) -> None:
        data = self._outgoing.read()
        with suppress(OSError):
            peer.say(*(frame(DATA + data[at : at + 700]) for at in range(0, len(data), 700)))


@contextmanager
def pods(*served: Served) -> Iterator[Transport]:
    with server(*served) as (transport, _peers):
        yield transport


def question(ca: bytes = ROOT.certificate, name: str = NAME, **changed: object) -> PodRequest:
    return PodRequest("mesh", "vault-0", 8200, "/v1/ca", tls=Tls(ca, name), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_a_question_over_tls_is_answered(highest: ssl.TLSVersion) -> None:
    pod = Served(ANSWER, on=context(highest=highest))
    with pods(pod) as transport:
        assert ask(transport, question()).json() == {}
    assert pod.heard[0].startswith(b"GET /v1/ca HTTP/1.1\r\nHost: localhost:8200\r\n")


def test_method_headers_and_body_arrive_and_nothing_of_them_is_in_the_open() -> None:
    seen: list[bytes] = []
    pod = Served(ANSWER)

    def listening(peer: Peer) -> None:
        hear = peer.hear
        peer.hear = lambda: seen.append(hear()) or seen[-1]  # type: ignore[method-assign, func-returns-value]
        pod(peer)

    with server(listening) as (transport, _peers):
        ask(transport, question(method="PUT", headers=(("X-Token", "s3cret"),), body=b"k3y"))
    head, _empty, body = pod.heard[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"PUT /v1/ca HTTP/1.1"
    assert {b"X-Token: s3cret", b"Content-Length: 3"} <= set(head.split(b"\r\n"))
    assert body == b"k3y"
    assert b"s3cret" not in b"".join(seen)


@pytest.mark.parametrize("size", [200, 70_000, 3_000_000])
def test_answers_of_any_length(size: int) -> None:
    with pods(Served(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, b"x" * size)) as transport:
        assert ask(transport, question()).body == b"x" * size


@pytest.mark.parametrize(("asked", "served", "said"), [
    pytest.param(question(), STRANGER, f"for {NAME}: its certificate is not trusted: unable to get local issuer certificate", id="of another CA"),
    pytest.param(question(name="other.svc"), POD, "for other.svc: its certificate is not trusted: Hostname mismatch.*", id="of another name"),
])  # fmt: skip
def test_who_is_not_believed_is_asked_nothing(asked: PodRequest, served: Material, said: str) -> None:
    pod = Served(ANSWER, on=context(served))
    with pods(pod) as transport, pytest.raises(MeshError, match=rf"^east: Pod mesh/vault-0, port 8200, does not complete a TLS handshake {said}\.$"):
        ask(transport, asked)
    assert pod.heard == []


def test_a_ca_that_cannot_be_read_is_said() -> None:
    with pods(Served(ANSWER)) as transport, pytest.raises(MeshError, match="cannot be verified with the given CA: no certificate in it can be read"):
        ask(transport, question(ca=b"no PEM"))


def test_a_port_that_speaks_no_tls() -> None:
    with server(lambda peer: peer.say(UPGRADED, OPEN, frame(DATA + SHORT))) as (transport, _peers):
        with pytest.raises(MeshError, match=rf"does not complete a TLS handshake for {NAME}: [A-Z_]+\."):
            ask(transport, question())


def test_a_pod_that_wants_a_certificate_ends_the_session() -> None:
    strict = context()
    strict.load_verify_locations(cadata=ROOT.certificate.decode())
    strict.verify_mode = ssl.CERT_REQUIRED
    with pods(Served(ANSWER, on=strict)) as transport, pytest.raises(MeshError, match=rf"ends the TLS session for {NAME}: .*CERTIFICATE_REQUIRED"):
        ask(transport, question())


def test_a_get_that_breaks_off_is_asked_again_and_an_end_must_be_said() -> None:
    cut = Served(b"HTTP/1.0 200 OK\r\n\r\nhalf of", end=False)
    whole = Served(b"HTTP/1.0 200 OK\r\n\r\nhalf of it")
    with pods(cut, whole) as transport:
        assert ask(transport, question()).body == b"half of it"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_writes_is_sent_once(method: str) -> None:
    cut = Served(b"HTTP/1.0 200 OK\r\n\r\nhalf of", end=False)
    with pods(cut, Served(ANSWER)) as transport, pytest.raises(Unreachable, match="could not be asked"):
        ask(transport, question(method=method))
    assert len(cut.heard) == 1


def test_no_secret_is_in_what_is_said_of_a_question() -> None:
    secret = question(method="PUT", headers=(("X-Token", "s3cret\n"),), body=b"s3cret")
    with pods() as transport, pytest.raises(MeshError, match="gets no request: the value of the header X-Token contains a line break") as failed:
        ask(transport, secret)
    assert "s3cret" not in repr(secret) + str(failed.value) + repr(failed.value)
