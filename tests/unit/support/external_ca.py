# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA that shares no code with the collection. It signs requests correctly, or wrongly in one of several ways.

As a program it is what `root.command` names: `python external_ca.py <folder> [how]`. The folder holds `ca.pem` and `ca-key.pem`, and keeps what it was asked.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM
TOLD = "the HSM is locked\nslot 3 is empty"


@dataclass(frozen=True)
class Office:
    """A CA: a certificate and its key. `period` overrides the requested lifetime."""

    certificate: Any
    key: Any

    @property
    def pem(self) -> bytes:
        return bytes(self.certificate.public_bytes(PEM))

    def sign(self, request: bytes, period: tuple[datetime, datetime], ca: bool = True, key: Any = None, usage: bool = True, serves: bool = False) -> bytes:
        csr = x509.load_pem_x509_csr(request)
        if not csr.is_signature_valid:
            raise ValueError("the request's signature is not valid")
        builder = _begun(csr.subject, self.certificate.subject, key or csr.public_key(), period)
        for extension in csr.extensions:
            if isinstance(extension.value, x509.BasicConstraints):
                builder = builder.add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
            elif usage or not isinstance(extension.value, x509.KeyUsage):
                builder = builder.add_extension(extension.value, extension.critical)
        if not usage:
            builder = builder.add_extension(_usage(False), critical=True)
        if serves:
            builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(PEM))

    def store(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.pem").write_bytes(self.pem)
        form = serialization.PrivateFormat.PKCS8
        (folder / "ca-key.pem").write_bytes(self.key.private_bytes(PEM, form, serialization.NoEncryption()))

    @classmethod
    def load(cls, folder: Path) -> Office:
        key = serialization.load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
        return cls(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), key)


def opened(name: str = "company root", above: Office | None = None, days: float = 365, now: datetime | None = None, path_length: int | None = None) -> Office:
    """Make a root, or a CA below one."""
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = _begun(subject, above.certificate.subject if above else subject, key.public_key(), (now - timedelta(days=1), now + timedelta(days=days)))
    builder = builder.add_extension(x509.BasicConstraints(True, path_length), critical=True).add_extension(_usage(True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if above:  # Vault goes by it from a certificate to the one above
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key()), critical=False)
    return Office(builder.sign(above.key if above else key, hashes.SHA256()), key)


def _begun(subject: Any, issuer: Any, public: Any, period: tuple[datetime, datetime]) -> Any:
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    return begun.serial_number(x509.random_serial_number()).not_valid_before(period[0]).not_valid_after(period[1])


def _usage(sign: bool) -> Any:
    rest = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=True, key_cert_sign=sign, crl_sign=sign, **rest)


def bad(office: Office, request: bytes, period: tuple[datetime, datetime]) -> Mapping[str, Callable[[], bytes]]:
    """Answers that must be refused, by what is wrong with them."""
    long_ago = (period[0] - timedelta(days=400), period[0] - timedelta(days=399))
    to_come = (period[0] + timedelta(days=2), period[1])
    return {
        "another key": lambda: office.sign(request, period, key=ec.generate_private_key(ec.SECP256R1()).public_key()),
        "no CA": lambda: office.sign(request, period, ca=False),
        "another root": lambda: opened("other root", now=period[0]).sign(request, period),
        "a namesake": lambda: opened(office.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value, now=period[0]).sign(request, period),
        "expired": lambda: office.sign(request, long_ago),
        "not yet valid": lambda: office.sign(request, to_come),
        "may not sign": lambda: office.sign(request, period, usage=False),
        "for servers alone": lambda: office.sign(request, period, serves=True),
        "garbage": lambda: b"Dear customer, your request was received.\n",
        "nothing": lambda: b"",
    }


def main(folder: Path, how: str = "well") -> int:
    request, told = sys.stdin.buffer.read(), {name: value for name, value in os.environ.items() if name.startswith("MESHOPS_")}
    with (folder / "asked.jsonl").open("a") as book:
        book.write(json.dumps({"request": request.decode(), "told": told}) + "\n")
    if how == "fails":
        print(f"trying\n{TOLD}", file=sys.stderr)
        return 3
    office = Office.load(folder)
    period = datetime.fromisoformat(told["MESHOPS_NOT_BEFORE"]), datetime.fromisoformat(told["MESHOPS_NOT_AFTER"])
    print("a word to the person who runs it", file=sys.stderr)
    sys.stdout.buffer.write(office.sign(request, period) if how == "well" else bad(office, request, period)[how]())
    if how == "well" and (folder / "chain.pem").exists():
        sys.stdout.buffer.write((folder / "chain.pem").read_bytes())
    return 0


def asked(folder: Path) -> list[dict[str, Any]]:
    book = folder / "asked.jsonl"
    return [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
