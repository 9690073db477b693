# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program seals and opens bytes. Openssl, which is on every machine with these tests, stands for age and gpg."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.sealing import seal, unseal

PLAIN = bytes(range(256)) * 9000
TURNED = [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(each ^ 90 for each in sys.stdin.buffer.read()))"]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_was_sealed_is_opened() -> None:
    sealed = seal("east", TURNED, PLAIN, 30)
    assert PLAIN[:64] not in sealed
    assert unseal("east", TURNED, sealed, 30) == PLAIN


def test_a_public_key_is_enough_to_seal(tmp_path: Path) -> None:
    import subprocess

    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=backup"],
                   check=True, capture_output=True)  # fmt: skip
    away = key.rename(tmp_path / "elsewhere.pem")
    sealed = seal("east", ["openssl", "cms", "-encrypt", "-binary", "-stream", "-outform", "DER", "-aes256", str(certificate)], PLAIN, 30)
    assert unseal("east", ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", str(away)], sealed, 30) == PLAIN


@pytest.mark.parametrize(("words", "says"), [
    pytest.param([], "encrypt is empty. Give a command", id="no command"),
    pytest.param(["/nowhere/age"], "the command /nowhere/age of encrypt cannot be started: No such file", id="no program"),
    pytest.param(["age -r key"], "cannot be started", id="a shell's line"),
    pytest.param(python("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"), "passed the snapshot on as it is", id="cat"),
    pytest.param(python("import sys; sys.stdout.buffer.write(b'header' + sys.stdin.buffer.read())"), "passed the snapshot on as it is", id="a header only"),
    pytest.param(python("import sys; sys.stdin.buffer.read()"), "wrote nothing", id="nothing"),
    pytest.param(python("import sys; sys.stdin.buffer.read(); sys.exit('no recipient')"), "ended with 1: no recipient. Nothing was stored", id="it fails"),
    pytest.param(python("import sys; sys.exit('at once')"), "ended with 1: at once", id="it does not read"),
])
def test_a_program_that_does_not_seal_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(Refused, match="^east: ") as refused:
        seal("east", words, PLAIN, 30)
    assert says in str(refused.value)


def test_a_program_that_asks_for_a_password_is_ended() -> None:
    with pytest.raises(NotReady, match="did not end within 1 s. It must not ask for a password"):
        unseal("east", python("import time; time.sleep(60)"), b"sealed", 1)
