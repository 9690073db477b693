# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seal bytes with a program of the user, such as age or gpg, and open them again. What is plain passes through pipes only, and never through a file.

To seal takes a public key. Nothing here knows a private one: the program that opens finds it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from .._mesh.errors import NotReady, Refused

_SHOWN = 300
_PROBE = 64  # bytes of the plain text that no sealed one holds


def seal(cluster: str, words: Sequence[str], plain: bytes, timeout: float) -> bytes:
    """Return what the program made of the bytes. Refuse a program that lets them through."""
    sealed = _through(cluster, "encrypt", words, plain, timeout)
    if not sealed or plain[:_PROBE] in sealed:
        fault = "wrote nothing" if not sealed else "passed the snapshot on as it is"
        raise Refused(f"{cluster}: the command {words[0]} of encrypt {fault}. Nothing was stored. Give a command that encrypts its standard input.")
    return sealed


def unseal(cluster: str, words: Sequence[str], sealed: bytes, timeout: float) -> bytes:
    return _through(cluster, "decrypt", words, sealed, timeout)


def _through(cluster: str, option: str, words: Sequence[str], given: bytes, timeout: float) -> bytes:
    if not words:
        raise Refused(f"{cluster}: {option} is empty. Give a command, such as age or gpg, as a list of words. It reads its standard input.")
    where = f"{cluster}: the command {words[0]} of {option}"
    pipe = subprocess.PIPE
    try:
        # In a session of its own, so that its child processes end with it.
        process = subprocess.Popen(list(words), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)  # pylint: disable=ansible-bad-function
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"{where} cannot be started: {reason}. Its first word must be a program, because no shell reads it.") from error
    with process:
        made, said = _answer(process, given, timeout, where)
    if process.returncode:
        raise Refused(f"{where} ended with {process.returncode}{_short(said)}. Nothing was stored.")
    return made


def _answer(process: subprocess.Popen[bytes], given: bytes, timeout: float, where: str) -> tuple[bytes, bytes]:
    try:
        return process.communicate(given, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise NotReady(f"{where} did not end within {timeout:.0f} s. It must not ask for a password.") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _short(said: bytes) -> str:
    text = " / ".join(line.strip() for line in said.decode(errors="replace").splitlines() if line.strip())
    return f": {text[-_SHOWN:].rstrip('.')}" if text else ""
