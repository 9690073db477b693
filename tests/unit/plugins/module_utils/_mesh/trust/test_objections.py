# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each reason to refuse a CA, with a real certificate to which it applies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Authority, Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.keys import UsableKeys
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import ISSUER, objections
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import ROOT as ROOT_CHAIN
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.keys import OF_ENVOY
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import (
    EAST,
    OTHER_ROOT,
    ROOT,
    issuer,
    key,
    make,
    root,
    seen,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization

EKU = x509.ExtendedKeyUsageOID
SERVES = make("serves", own=key(number=6), purposes=(EKU.SERVER_AUTH,))
ED25519 = key("Ed25519")
BY_ED25519 = make("a root with such a key", own=ED25519)
SUB = make("sub CA", ROOT, key(number=4), path_length=1)
BELOW_SUB = make("Intermediate CA east", SUB, key(number=3), path_length=0)
ENCRYPTED = key().private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
)


def told(ca: Authority, chain: tuple[object, ...]) -> dict[str, str]:
    return {one.reason: one.sentence for one in objections(ca, chain)}  # type: ignore[arg-type]


@pytest.mark.parametrize("material", [
    pytest.param(issuer(), id="an intermediate"),
    pytest.param(issuer(BELOW_SUB, SUB), id="two intermediates"),
    pytest.param(issuer(ROOT), id="the root itself signs"),
    pytest.param(issuer(under=(ROOT, OTHER_ROOT)), id="a bundle of two roots"),
    pytest.param(issuer(make("i", ROOT, key("RSA-2048"))), id="RSA 2048"),
    pytest.param(issuer(make("i", ROOT, key("P-384"))), id="P-384"),
    pytest.param(issuer(make("i", ROOT, sign=None)), id="no key usage at all"),
    pytest.param(issuer(make("i", ROOT, purposes=(EKU.SERVER_AUTH, EKU.CLIENT_AUTH))), id="for servers and clients"),
    pytest.param(issuer(under=(make("shop root", own=key(number=1)), ROOT)), id="a root reissued from its key"),
    pytest.param(issuer(certificate=EAST.pem.replace(b"\n", b"\r\n")), id="carriage returns"),
])  # fmt: skip
def test_a_good_issuer_is_taken(material: Material) -> None:
    assert told(seen(material), ISSUER) == {}


@pytest.mark.parametrize(("material", "reason", "words"), [
    pytest.param(issuer(key=b""), "missing_part", "ca-key.pem is missing", id="no key"),
    pytest.param(issuer(chain=b" \n"), "missing_part", "cert-chain.pem is missing", id="no chain"),
    pytest.param(issuer(roots=b""), "missing_part", "root-cert.pem is missing", id="no root"),
    pytest.param(issuer(certificate=b"", key=b""), "missing_part", "ca-cert.pem and ca-key.pem are missing", id="two parts"),
    pytest.param(issuer(certificate=b"x"), "unreadable", "ca-cert.pem holds no PEM certificate", id="no PEM"),
    pytest.param(issuer(key=b"x"), "unreadable", "ca-key.pem holds no PEM private key", id="no PEM key"),
    pytest.param(issuer(key=ENCRYPTED), "unreadable", "encrypted with a passphrase", id="a key with a passphrase"),
    pytest.param(issuer(certificate=b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "unreadable",
                 "block 1 in ca-cert.pem cannot be read", id="PEM around nonsense"),
    pytest.param(issuer(key=ROOT.key_pem), "key_does_not_match", "the key in ca-key.pem (EC P-256) does not match", id="another key"),
    pytest.param(issuer(key=make("x", own=key("RSA-2048")).key_pem), "key_does_not_match", "RSA 2048", id="another kind of key"),
    pytest.param(issuer(make("leaf", ROOT, ca=False, sign=None)), "not_a_ca", "CA:FALSE", id="CA:FALSE"),
    pytest.param(issuer(make("leaf", ROOT, ca=None, sign=None)), "not_a_ca", "is not a CA", id="no basic constraints"),
    pytest.param(issuer(make("i", ROOT, sign=False)), "cannot_sign", "lacks keyCertSign", id="key usage"),
    pytest.param(issuer(make("i", ROOT, purposes=(EKU.CLIENT_AUTH,))), "wrong_purpose", "leaves out TLS servers, and every proxy is both", id="clients alone"),
    pytest.param(issuer(make("i", ROOT, purposes=(EKU.SERVER_AUTH,))), "wrong_purpose", "leaves out TLS clients, and every proxy is both", id="servers alone"),
    pytest.param(issuer(make("i", ROOT, purposes=(EKU.ANY_EXTENDED_KEY_USAGE,))), "wrong_purpose", "leaves out TLS servers and clients", id="any purpose"),
    pytest.param(issuer(make("i", SERVES), under=(SERVES,)), "wrong_purpose", "the extended key usage of 'CN=serves'", id="a root for servers"),
    pytest.param(issuer(make("i", ROOT, days=(-20, -1))), "expired", "expired at 2026-08-26T12:00:00Z", id="expired"),
    pytest.param(issuer(make("i", ROOT, days=(1, 20))), "not_yet_valid", "not valid before 2026-08-28", id="not yet valid"),
    pytest.param(issuer(make("i", ROOT, key("RSA-1024"))), "weak_key", "RSA 1024", id="RSA 1024"),
    pytest.param(issuer(make("i", ROOT, key("P-224"))), "weak_key", "EC P-224", id="P-224"),
    pytest.param(issuer(under=(OTHER_ROOT,)), "chain_does_not_verify", "no path leads from", id="another root"),
    pytest.param(issuer(make("i", OTHER_ROOT, issuer="shop root")), "chain_does_not_verify", "did not sign", id="a false name"),
    pytest.param(issuer(BELOW_SUB), "chain_does_not_verify", "cert-chain.pem", id="a link of the chain is not there"),
    pytest.param(issuer(chain=ROOT.pem), "chain_lacks_signer", "cert-chain.pem lacks", id="the chain without the signer"),
    pytest.param(issuer(BELOW_SUB, make("sub CA", ROOT, key(number=4), path_length=0)), "path_too_short", "path length 0", id="path length"),
    pytest.param(issuer(EAST, under=(SUB,)), "root_not_self_signed", "issued by 'CN=shop root'", id="a root that is none"),
    pytest.param(issuer(under=(ROOT, make("x", serial=7), make("x", serial=7))), "duplicate_roots", "same subject and serial 7", id="twins"),
])  # fmt: skip
def test_a_bad_issuer_is_refused_by_name(material: Material, reason: str, words: str) -> None:
    found = told(seen(material), ISSUER)
    assert words in found[reason]
    assert found[reason].startswith("east: Secret istio-system/cacerts: ")
    assert found[reason].endswith(".")


@pytest.mark.parametrize(("material", "chain"), [
    pytest.param(issuer(make("i", ROOT, ED25519)), ISSUER, id="a CA"),
    pytest.param(issuer(make("i", BY_ED25519, key(number=3)), under=(BY_ED25519,)), ISSUER, id="the root of a CA"),
    pytest.param(root(make("r", own=ED25519)), ROOT_CHAIN, id="a root"),
])  # fmt: skip
def test_a_key_that_the_mesh_cannot_use_is_refused_in_the_words_of_the_mesh(material: Material, chain: tuple[object, ...]) -> None:
    said = told(replace(seen(material), keys=OF_ENVOY), chain)
    assert said.keys() == {"unusable_key"}
    assert said["unusable_key"].endswith("has a key of type Ed25519, which Envoy does not accept. Use EC P-256 or RSA.")
    assert told(seen(material), chain) == {}


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA-2048"])
def test_a_key_that_the_mesh_can_use_is_taken(kind: str) -> None:
    assert told(replace(seen(root(make("r", own=key(kind)))), keys=OF_ENVOY), ROOT_CHAIN) == {}


@pytest.mark.parametrize(("kind", "reasons"), [("P-256", set()), ("P-384", {"unusable_key"}), ("RSA-2048", {"unusable_key"}), ("RSA-1024", {"weak_key"})])
def test_another_mesh_may_take_one_type_alone(kind: str, reasons: set[str]) -> None:
    """A weak key is refused as weak, and not twice."""
    only = UsableKeys(("EC P-256",), "which paper does not carry. Use EC P-256.")
    assert told(replace(seen(root(make("r", own=key(kind)))), keys=only), ROOT_CHAIN).keys() == reasons


@pytest.mark.parametrize(("material", "refused"), [
    pytest.param(issuer(), False, id="EC below EC"),
    pytest.param(issuer(make("i", ROOT, key("P-384"))), False, id="another size of the same family"),
    pytest.param(issuer(make("i", ROOT, key("RSA-2048"))), True, id="RSA below EC"),
    pytest.param(issuer(make("i", BY_ED25519, key(number=3)), under=(BY_ED25519,)), True, id="EC below Ed25519"),
    pytest.param(issuer(ROOT), False, id="a root signs itself"),
    pytest.param(issuer(BELOW_SUB, SUB), False, id="only the next one above counts"),
])  # fmt: skip
def test_a_mesh_may_want_one_family_for_a_ca_and_its_signer(material: Material, refused: bool) -> None:
    keys = UsableKeys(one_family="and so it could never be replaced. Use EC.")
    said = told(replace(seen(material), keys=keys), ISSUER)
    assert said.keys() == ({"two_families"} if refused else set())
    assert all("which signed it, has one of type" in words and words.endswith("and so it could never be replaced. Use EC.") for words in said.values())
    assert told(seen(material), ISSUER) == {}


def test_sha1_in_a_chain_is_refused() -> None:
    """Current libraries no longer make such a certificate, so this test changes the facts of another one."""
    ca = seen(issuer())
    old = ca.path[0].__class__(**{**vars(ca.path[0]), "signature_algorithm": "RSA_WITH_SHA1"})
    assert "RSA_WITH_SHA1" in told(ca.__class__(**{**vars(ca), "path": (old, ca.path[1])}), ISSUER)["weak_signature"]


@pytest.mark.parametrize("material", [
    pytest.param(root(), id="a root"),
    pytest.param(root(make("r", path_length=1)), id="room for one intermediate"),
    pytest.param(root(certificate=ROOT.pem + ROOT.pem), id="the same twice"),
    pytest.param(root(certificate=b"  Subject: x\r\n" + ROOT.pem.replace(b"\n", b"\r\n    ")), id="text, indentation and CRLF"),
    pytest.param(root(certificate=ROOT.pem.replace(b"\n", b" ")), id="folded to one line by YAML"),
    pytest.param(root(key=b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ROOT.key_pem),
                 id="parameters before the key"),
])  # fmt: skip
def test_a_good_root_is_taken(material: Material) -> None:
    assert told(seen(material), ROOT_CHAIN) == {}


@pytest.mark.parametrize(("material", "reason", "words"), [
    pytest.param(root(key=b""), "missing_part", "private key is missing", id="no key"),
    pytest.param(root(key=OTHER_ROOT.key_pem), "key_does_not_match", "does not match", id="another key"),
    pytest.param(root(make("r", ca=False, sign=None)), "not_a_ca", "CA:FALSE", id="CA:FALSE"),
    pytest.param(root(make("r", path_length=0)), "no_room_for_intermediate", "path length 0", id="path length"),
    pytest.param(root(make("r", days=(-20, -1))), "expired", "expired at", id="expired"),
    pytest.param(root(make("r", days=(1, 20))), "not_yet_valid", "Check this machine's clock", id="not yet valid"),
    pytest.param(root(make("r", own=key("RSA-1024"))), "weak_key", "RSA 1024", id="weak key"),
    pytest.param(root(EAST), "root_not_self_signed", "not self-signed", id="an intermediate"),
    pytest.param(root(certificate=ROOT.pem + OTHER_ROOT.pem), "several_roots", "holds 2 certificates", id="a bundle"),
])  # fmt: skip
def test_a_bad_root_is_refused_by_name(material: Material, reason: str, words: str) -> None:
    assert words in told(seen(material, "The mesh's root"), ROOT_CHAIN)[reason]


def test_everything_wrong_is_said_at_once() -> None:
    bad = make("r", own=key("RSA-1024"), ca=False, sign=None, days=(-20, -1))
    assert set(told(seen(root(bad, key=ROOT.key_pem)), ROOT_CHAIN)) == {
        "key_does_not_match", "not_a_ca", "expired", "weak_key",
    }  # fmt: skip
