# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are issued here are accepted by istiod, Go and Envoy."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.name_constraints import signed_for
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import ISSUER, objections
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import ROOT as ROOT_CHAIN
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, pem, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.trial import tried
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import DAY, NOW, ROOT, alternative, constrained, issuer, key, make, root, seen
from cryptography import x509 as library
from cryptography.hazmat.primitives import serialization

SANS = ["istiod.istio-system.svc"]


def below(above: Material, key_type: str = "P-256", days: int = 730, name: str = "Intermediate CA east") -> Material:
    return issue.new_intermediate(above, name, "shop.example", SANS, key_type, NOW, days)


@pytest.mark.parametrize(("key_type", "said"), [
    pytest.param("P-256", "EC P-256", id="P-256"),
    pytest.param("RSA-2048", "RSA 2048", id="RSA"),
])  # fmt: skip
def test_a_new_root(key_type: str, said: str) -> None:
    made = issue.new_root("shop root", "shop.example", key_type, NOW, 3650)
    ca = seen(made)
    assert objections(ca, ROOT_CHAIN) == []
    own = ca.certificate
    assert own
    assert (own.subject, own.key_type, own.self_signed) == ("CN=shop root,O=shop.example", said, True)
    assert (own.not_before, own.not_after) == (NOW - timedelta(minutes=5), NOW + 3650 * DAY)
    assert own.key_usage == {"keyCertSign", "cRLSign"}


@pytest.mark.parametrize("key_type", ["P-256", "RSA-2048"])
@pytest.mark.parametrize("above", [
    pytest.param(issue.new_root("shop root", "shop.example", "P-256", NOW, 3650), id="generated"),
    pytest.param(root(), id="without key identifiers"),
    pytest.param(root(make("r", own=key("RSA-2048"))), id="RSA"),
    pytest.param(root(make("r", own=key("P-384"))), id="P-384"),
    pytest.param(root(make("r", own=key("P-521"))), id="P-521"),
    pytest.param(root(certificate=b"text\r\n" + ROOT.pem.replace(b"\n", b"\r\n")), id="CRLF and text"),
])  # fmt: skip
def test_a_new_intermediate(above: Material, key_type: str) -> None:
    made = below(above, key_type)
    ca = seen(made)
    assert objections(ca, ISSUER) == []
    own = ca.certificate
    assert own
    assert own.path_length == 0
    assert own.sans == tuple(SANS)
    assert own.key_usage == {"keyCertSign", "cRLSign", "digitalSignature"}
    assert own.aki
    assert own.ski
    assert own.aki == (ca.path[1].ski or own.aki)
    assert made.chain == made.certificate + made.roots
    assert made.key.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    for part in (made.certificate, made.roots):
        assert part.startswith(b"-----BEGIN CERTIFICATE-----\n")
        assert part.count(b"\r") == 0


def test_an_intermediate_lives_within_its_root() -> None:
    short = make("r", days=(0, 100))
    own = seen(below(root(short))).certificate
    assert own
    assert (own.not_before, own.not_after) == (NOW, NOW + 100 * DAY)


def test_it_is_valid_where_the_clock_is_behind() -> None:
    own = seen(below(root())).certificate
    assert own
    assert own.not_before == NOW - issue.BACKDATED


def test_each_is_its_own() -> None:
    first, second = below(root()), below(root())
    assert first.key != second.key
    assert first.certificate != second.certificate


def test_a_long_name_is_cut_to_what_a_common_name_holds() -> None:
    own = seen(below(root(), name="Intermediate CA " + "x" * 63)).certificate
    assert own
    assert own.subject == "CN=Intermediate CA " + "x" * 48 + ",O=shop.example"


def test_a_root_without_key_issues_nothing() -> None:
    with pytest.raises(MeshError, match="a part is missing"):
        below(root(key=b""))


def test_a_bad_key_is_never_quoted() -> None:
    bad = b"-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(b"SECRET" * 8) + b"\n-----END PRIVATE KEY-----\n"
    told = " ".join(one.sentence for one in objections(seen(root(key=bad)), ROOT_CHAIN))
    assert "cannot be read" in told
    assert "SECRET" not in told
    assert base64.b64encode(b"SECRET").decode() not in told


def test_the_path_goes_up_to_the_root_through_any_order_of_the_chain() -> None:
    sub = make("sub", ROOT, key(number=4))
    low = make("low", sub, key(number=3))
    ca = seen(replace(issuer(low), chain=ROOT.pem + sub.pem + low.pem))
    assert [one.subject for one in ca.path] == ["CN=low", "CN=sub", "CN=shop root"]
    assert ca.root == ca.path[-1]


def test_a_bundle_is_read_without_repetition_and_without_what_is_no_certificate() -> None:
    bundle = ROOT.pem + b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n" + ROOT.pem
    assert [one.subject for one in x509.bundle(bundle)] == ["CN=shop root"]
    assert x509.bundle(b"") == []


def test_a_missing_library_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pem, "MISSING", ImportError("No module named 'cryptography'"))
    with pytest.raises(MeshError, match=r"cryptography .* is missing"):
        x509.inspect(root(), "here", NOW)


@pytest.mark.parametrize(("key_type", "enciphers"), [("P-256", False), ("RSA-2048", True)])
def test_a_new_leaf_says_what_its_key_is_for(key_type: str, enciphers: bool) -> None:
    raw = pem.certificates(issue.new_leaf(root(), ["shop.example"], "shop.example", key_type, NOW, 30).certificate, "")[0][0]
    usage = raw.extensions.get_extension_for_class(library.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, enciphers, False)


def test_no_certificate_that_lies_in_wait_gets_by() -> None:
    """With any one byte changed, a certificate may be unreadable or refused, but no function raises an error."""
    chance, unread = random.Random(11), 0
    purposes = (library.ExtendedKeyUsageOID.SERVER_AUTH, library.ExtendedKeyUsageOID.CLIENT_AUTH)
    extensions = (alternative(*SANS), constrained(permits=(library.DNSName("svc"),)))
    own = make("Intermediate CA east", ROOT, key(number=3), path_length=0, purposes=purposes, extensions=extensions)
    for _turn in range(300):
        der = bytearray(own.raw.public_bytes(serialization.Encoding.DER))
        der[chance.randrange(len(der))] = chance.randrange(256)
        changed = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(bytes(der)) + b"-----END CERTIFICATE-----\n"
        for material in (issuer(own, certificate=changed), issuer(own, chain=changed + ROOT.pem)):
            ca = tried(seen(material), signed_for("shop.example", SANS))
            unread += bool(ca.unreadable)
            assert all(one.sentence for one in objections(ca, ISSUER))
    assert 100 < unread < 500


@pytest.mark.parametrize("part", [b"\x0c\x0aIntermedia", b"\xa0\x03\x02\x01\x02"], ids=["its subject is no UTF-8", "it is of version 5"])
def test_what_the_library_reads_late_is_unreadable_at_once(part: bytes) -> None:
    own = make("Intermedia", ROOT, key(number=3), path_length=0)
    der = own.raw.public_bytes(serialization.Encoding.DER)
    spoilt = part[:-1] + (b"\xff" if part[0] == 0x0C else b"\x04")
    assert der.count(part) == 1
    bad = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der.replace(part, spoilt)) + b"-----END CERTIFICATE-----\n"
    assert seen(issuer(own, certificate=bad)).unreadable == ("block 1 in ca-cert.pem cannot be read as a certificate",)
