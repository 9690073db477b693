# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signer that is a program on this machine. It may ask an HSM, the service of a CA department, or a person."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from .._mesh.errors import NotReady, Refused
from .._mesh.trust.certificate import iso
from .signer import SigningRequest

_SHOWN_LINES, _SHOWN_LENGTH = 3, 400


@dataclass(frozen=True)
class Command:
    """The program reads the request on its standard input and writes the certificate to its standard output. No shell runs it."""

    words: Sequence[str]
    timeout: float

    def __str__(self) -> str:
        return f"the command {self.words[0]}"

    def sign(self, request: SigningRequest) -> bytes:
        where = f"{request.cluster}: {self}"
        pipe = subprocess.PIPE
        try:
            # In a session of its own, so that its child processes end with it. Ansible's run_command has no time-out, and this layer imports no Ansible.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                self.words, stdin=pipe, stdout=pipe, stderr=pipe, env=_environ(request), start_new_session=True
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise Refused(f"{where} cannot be started: {reason}. Check root.command: its first word must be a program, because no shell reads it.") from error
        with process:
            answer, stderr = self._answer(process, request, where)
        if process.returncode:
            raise Refused(f"{where} did not sign and ended with {process.returncode}{_last_lines(stderr)}.")
        return answer

    def _answer(self, process: subprocess.Popen[bytes], request: SigningRequest, where: str) -> tuple[bytes, bytes]:
        try:
            return process.communicate(request.pem, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            raise NotReady(f"{where} did not sign within {self.timeout} s, so it was ended. Raise root.timeout, or find out why the command hangs.") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _environ(request: SigningRequest) -> dict[str, str]:
    variables = {
        "CLUSTER": request.cluster,
        "COMMON_NAME": request.common_name,
        "DAYS": str(request.days),
        "NOT_BEFORE": iso(request.not_before),
        "NOT_AFTER": iso(request.not_after),
    }
    return {**os.environ, **{f"MESHOPS_{name}": value for name, value in variables.items()}}


def _last_lines(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    return f": {' / '.join(lines[-_SHOWN_LINES:])[-_SHOWN_LENGTH:].rstrip('.')}" if lines else ""
