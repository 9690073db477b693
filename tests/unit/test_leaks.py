# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scan for secrets finds them in every form in which they could leak, and reports nothing public."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT, Made, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import files, leaks, watching
from cryptography.hazmat.primitives import serialization

RSA = make("rsa root", own=key("RSA-2048", 9))
TOKEN = b"eyJhbGciOiJSUzI1NiIsImtpZCI6IkxhYiJ9.eyJhdWQiOlsiaHR0cHM6Ly9rdWJlcm5ldGVzIl19.c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1pcy1zZWNyZXQ"


def der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"-----")))


def traditional(pem: bytes) -> bytes:
    """PKCS#1 or SEC1, as OpenSSL writes keys."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return serialization.load_pem_private_key(pem, None).private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def line(number: int) -> Callable[[bytes], bytes]:
    return lambda pem: pem.splitlines()[number]


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda pem: pem,
    "its first line": line(1),
    "its second line": line(2),
    "in JSON": lambda pem: json.dumps({"key": pem.decode()}).encode(),
    "in JSON in JSON": lambda pem: json.dumps(json.dumps({"key": pem.decode()})).encode(),
    "a representation": lambda pem: repr(pem).encode(),
    "in a block of YAML": lambda pem: pem.replace(b"\n", b"\n      "),
    **{f"base64, {shift} bytes after": lambda pem, shift=shift: base64.b64encode(b"x" * shift + pem) for shift in range(3)},
    **{f"base64 of the DER, {shift} bytes after": lambda pem, shift=shift: base64.b64encode(b"x" * shift + der(pem)) for shift in range(3)},
    **{f"base64 of base64, {shift} bytes after": lambda pem, shift=shift: base64.b64encode(b"y" * shift + base64.b64encode(pem)) for shift in range(3)},
    "base64 of base64 of the DER": lambda pem: base64.b64encode(base64.b64encode(der(pem))),
    "base64 for addresses": lambda pem: base64.urlsafe_b64encode(der(pem)),
    "base64 in lines": base64.encodebytes,
    "the DER": der,
    "hex": lambda pem: pem.hex().encode(),
    "HEX": lambda pem: pem.hex().upper().encode(),
    "hex of the DER": lambda pem: der(pem).hex().encode(),
    "hex of the DER with colons": lambda pem: der(pem).hex(":").encode(),
    "another PEM of the same key": traditional,
    "cut off": lambda pem: base64.b64encode(pem)[:150],
}


# The secret numbers of an RSA key come late in it, behind the modulus, which is public.
PUBLIC_OF_RSA = ("cut off", "its first line", "its second line")


@pytest.mark.parametrize(
    ("form", "made"),
    [
        *(pytest.param(form, ROOT, id=f"P-256 {form}") for form in FORMS),
        *(pytest.param(form, RSA, id=f"RSA {form}") for form in FORMS if form not in PUBLIC_OF_RSA),
    ],
)
def test_a_key_is_found(form: str, made: Made) -> None:
    text = b"before " + FORMS[form](made.key_pem) + b" after"
    assert leaks({"key": made.key_pem, "other": EAST.key_pem}, {"output": text, "log": b"nothing"}) == ["key in output"]


@pytest.mark.parametrize("form", [name for name in FORMS if "DER" not in name and "line" not in name and name not in
                                  ("another PEM of the same key", "the DER", "base64 for addresses")])  # fmt: skip
def test_a_token_is_found(form: str) -> None:
    assert leaks({"token": TOKEN}, {"output": b"before " + FORMS[form](TOKEN) + b" after"}) == ["token in output"]


def test_the_beginning_of_another_token_is_not_taken_for_it() -> None:
    other = TOKEN.rpartition(b".")[0] + b"." + base64.urlsafe_b64encode(b"the signature of another token, much like it")
    assert leaks({"token": TOKEN}, {name: form(other) for name, form in FORMS.items() if name in ("as it is", "base64, 1 bytes after", "hex")}) == []


def test_nothing_public_is_taken_for_a_key() -> None:
    """Neither the certificate of a key, which has its public half, nor another key, which begins in the same way, counts as a leak."""
    for kind in ("P-256", "RSA-2048"):
        made, other = (issue.new_root(name, "shop.example", kind, datetime.now(UTC), 30) for name in ("one", "other"))
        public = serialization.load_pem_private_key(made.key, None).public_key()
        for body in (made.certificate, public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo), other.key):
            places = {name: form(body) for name, form in FORMS.items() if form is not traditional or body is other.key}
            assert leaks({"key": made.key}, places) == []


def test_a_file_that_came_and_went_and_an_argument_are_seen(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "old").write_bytes(TOKEN)
    program = "import os, sys, time; f = open(sys.argv[1] + '/new', 'w'); f.write(sys.argv[2]); f.flush(); time.sleep(0.3); os.remove(f.name)"
    with watching(tmp_path / "kept", place) as watch:
        subprocess.run([sys.executable, "-c", program, str(place), TOKEN.decode()], check=True)
    assert leaks({"token": TOKEN}, watch.places()) == ["token in arguments of a process", f"token in while it ran: {place}/new"]
    assert leaks({"token": TOKEN}, files(place)) == [f"token in {place}/old"]
