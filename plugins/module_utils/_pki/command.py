# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signer that is a program on this machine: in front of an HSM, a CA department's service, or a person."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from .._mesh.errors import NotReady, Refused
from .._mesh.trust.certificate import iso
from .signer import Request

_TOLD_LINES, _TOLD_LENGTH = 3, 400


@dataclass(frozen=True)
class Command:
    """The request on its standard input, the certificate on its standard output. There is no shell between."""

    words: Sequence[str]
    timeout: float

    def __str__(self) -> str:
        return f"the command {self.words[0]}"

    def sign(self, request: Request) -> bytes:
        where = f"{request.cluster}: {self}"
        pipe = subprocess.PIPE
        try:
            # A session of its own, so that whatever it starts ends with it. Ansible's run_command knows no time-out, and no Ansible is known here.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                self.words, stdin=pipe, stdout=pipe, stderr=pipe, env=_environ(request), start_new_session=True
            )
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or error
            raise Refused(f"{where} cannot be started: {told}. Check root.command; its first word is a program, and no shell reads it.") from error
        with process:
            answer, said = self._answer(process, request, where)
        if process.returncode:
            raise Refused(f"{where} did not sign and ended with {process.returncode}{_last(said)}.")
        return answer

    def _answer(self, process: subprocess.Popen[bytes], request: Request, where: str) -> tuple[bytes, bytes]:
        try:
            return process.communicate(request.pem, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            raise NotReady(f"{where} did not sign within {self.timeout} s and was ended. Give it more with root.timeout, or look why it hangs.") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _environ(request: Request) -> dict[str, str]:
    told = {
        "CLUSTER": request.cluster,
        "COMMON_NAME": request.common_name,
        "DAYS": str(request.days),
        "NOT_BEFORE": iso(request.not_before),
        "NOT_AFTER": iso(request.not_after),
    }
    return {**os.environ, **{f"MESHOPS_{name}": value for name, value in told.items()}}


def _last(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return f": {' / '.join(lines[-_TOLD_LINES:])[-_TOLD_LENGTH:].rstrip('.')}" if lines else ""
