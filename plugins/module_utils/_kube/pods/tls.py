# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS session over a forwarded port: it turns plain bytes into encrypted ones and back."""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable
from typing import TypeVar

from ..._mesh.errors import MeshError

T = TypeVar("T")


class HungUp(ConnectionError):
    """The pod ended the connection without ending the session."""


class Session(io.RawIOBase):
    """`send` and `stream` carry the encrypted bytes; the user of the session sends and reads plain ones.

    `who` names the cluster, the pod and its port in messages: a TLS error comes from the pod, not from the API server in between.
    """

    def __init__(self, send: Callable[[bytes], None], stream: io.BufferedIOBase, context: ssl.SSLContext, server_name: str, who: str) -> None:
        self._send, self._stream, self._who = send, stream, who
        self._of = f" for {server_name}" if server_name else ""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)

    def shake_hands(self) -> Session:
        """Do the handshake. Flush its last bytes even if it fails, so that the server sees an orderly end and logs no error."""
        what = f"does not complete a TLS handshake{self._of}"
        try:
            self._exchange(self.tls.do_handshake)
        except HungUp as failed:
            raise self._failed(what, str(failed)) from failed
        except ssl.SSLCertVerificationError as failed:
            raise self._failed(what, f"its certificate is not trusted: {failed.verify_message.rstrip('.')}") from failed
        except ssl.SSLError as failed:
            raise self._failed(what, failed.reason or "it speaks no TLS") from failed
        return self

    def send(self, data: bytes) -> None:
        self._exchange(lambda: self.tls.write(data))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._exchange(lambda: self.tls.read(len(buffer)))
        except ssl.SSLZeroReturnError:
            return 0
        except ssl.SSLError as failed:
            raise self._failed(f"ends the TLS session{self._of}", failed.reason or "it speaks no TLS") from failed
        buffer[: len(data)] = data
        return len(data)

    def _exchange(self, step: Callable[[], T]) -> T:
        """Repeat the step until the pod has sent all that it needs, and return its outcome."""
        while True:
            try:
                outcome = step()
            except ssl.SSLWantReadError:
                self._flush()
            else:
                self._flush()
                return outcome
            data = self._stream.read1()
            if not data:
                raise HungUp("it hangs up")
            self._incoming.write(data)

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._send(data)

    def _failed(self, what: str, why: str) -> MeshError:
        return MeshError(f"{self._who} {what}: {why}.")
