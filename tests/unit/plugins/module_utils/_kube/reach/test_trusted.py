# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CA bundles as kubectl takes them, against a server with real certificates."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach import trusted
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Made = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
NOW = datetime.now(UTC)


def made(name: str, by: Made | None, ca: bool) -> Made:
    """A CA without key identifiers and key usages, as many clusters have one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    building = x509.CertificateBuilder().subject_name(subject).issuer_name(by[0].subject if by else subject).public_key(key.public_key())
    building = building.serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    building = building.add_extension(x509.BasicConstraints(ca, None), critical=True)
    building = building if ca else building.add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example")]), critical=False)
    return building.sign(by[1] if by else key, hashes.SHA256()), key


ROOT = made("root", None, True)
BETWEEN = made("between", ROOT, True)
LEAF = made("leaf", BETWEEN, False)
OTHER = made("other", None, True)


def pem(one: Made) -> bytes:
    return one[0].public_bytes(Encoding.PEM)


def served(by: ssl.SSLContext, chain: bytes = pem(LEAF)) -> None:
    """Make a handshake in memory. It raises the errors of a real connection."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(chain + LEAF[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        kept.flush()
        server.load_cert_chain(kept.name)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [by.wrap_bio(back, there, server_hostname="api.example"), server.wrap_bio(there, back, server_side=True)]
    for _turn in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].version()


BUNDLES = {
    "a comment that is no ASCII": "# Autorité de certification, Főtanúsítvány\n".encode() + pem(BETWEEN) + "# é\n".encode("latin-1"),
    "several": pem(OTHER) + pem(ROOT) + pem(BETWEEN),
    "an intermediate as anchor": pem(BETWEEN),
    "the same twice": pem(BETWEEN) * 2,
    "beside one that cannot be read": b"-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n" + pem(BETWEEN),
    "beside no base64": b"".join(b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % one for one in (b"%%%%", b"A=AA")) + pem(BETWEEN),
    "carriage returns and one long line": b"-----BEGIN CERTIFICATE-----\r\n" + b"".join(pem(BETWEEN).splitlines()[1:-1]) + b"\r\n-----END CERTIFICATE-----",
    "beside a key": LEAF[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem(BETWEEN),
}


@pytest.mark.parametrize("bundle", BUNDLES.values(), ids=BUNDLES)
def test_what_kubectl_takes_is_taken(bundle: bytes) -> None:
    served(trusted.context(bundle, verify=True))


def test_a_root_is_enough_where_the_server_shows_the_way_to_it() -> None:
    served(trusted.context(pem(ROOT), verify=True), pem(LEAF) + pem(BETWEEN))
    with pytest.raises(ssl.SSLCertVerificationError):
        served(trusted.context(pem(ROOT), verify=True))


def test_nobody_else_is_trusted() -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        served(trusted.context(pem(OTHER), verify=True), pem(LEAF) + pem(BETWEEN))
    served(trusted.context(pem(OTHER), verify=False))


@pytest.mark.parametrize("bundle", [b"", b"no", b"-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n", b"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"])
def test_nothing_that_can_be_read_is_an_error(bundle: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate in it can be read"):
        trusted.context(bundle, verify=True)
