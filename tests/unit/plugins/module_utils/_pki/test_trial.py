# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CAs under which workloads would refuse each other: a trial with a throw-away leaf shows this before anything is signed."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.name_constraints import signed_for
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import ISSUER, objections
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import ROOT as ROOT_CHAIN
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.trial import tried
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import ROOT, Made, alternative, constrained, issuer, key, make, root, seen
from cryptography import x509

DNS, URI = x509.DNSName, x509.UniformResourceIdentifier
ISTIOD = "istiod.istio-system.svc"
BEARS = signed_for("shop.example", [ISTIOD])
CORP = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Corp")]))
RANGE = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)
EAST_CORP = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Corp"), x509.NameAttribute(x509.NameOID.COMMON_NAME, "east")])


def top(*extensions: Any, **how: Any) -> Made:
    return make("corp root", own=key(number=8), extensions=extensions, **how)


def below(above: Made, *extensions: Any, **how: Any) -> Made:
    return make("Intermediate CA east", above, key(number=9), path_length=0, extensions=(alternative(ISTIOD), *extensions), **how)


def told(material: Material, of_root: bool = False) -> dict[str, str]:
    chain = ROOT_CHAIN if of_root else ISSUER
    return {one.reason: one.sentence for one in objections(tried(seen(material), BEARS, root=of_root), chain)}


FREE = [
    pytest.param((), {}, id="no constraint"),
    pytest.param((constrained(permits=(DNS("svc"), URI("shop.example"))),), {}, id="what a mesh needs is permitted"),
    pytest.param((constrained(permits=(DNS(".istio-system.svc"), URI(".example"))),), {}, id="by names that begin with a dot"),
    pytest.param((constrained(permits=(RANGE,), excludes=(DNS("example.test"),)),), {}, id="constraints on other names"),
    pytest.param((constrained(permits=(CORP,)),), {"subject": EAST_CORP}, id="a subject that is permitted"),
]
CONSTRAINED = [
    pytest.param(
        constrained(permits=(DNS(".example.test"),)), f"permits no DNS but .example.test, so no CA below it could sign for DNS {ISTIOD}", id="other hosts"
    ),
    pytest.param(
        constrained(excludes=(DNS("svc"),)), f"excludes DNS svc, so no CA below it could sign for DNS {ISTIOD}", id="these hosts are excluded"
    ),
    pytest.param(
        constrained(permits=(URI("bank.example"),)),
        "permits no URI but bank.example, so no CA below it could sign for spiffe://shop.example/ns/x/sa/y",
        id="another domain",
    ),
    pytest.param(
        constrained(excludes=(URI(".example"),)),
        "excludes URI .example, so no CA below it could sign for spiffe://shop.example/ns/x/sa/y",
        id="the domain is excluded",
    ),
]


@pytest.mark.parametrize(("extensions", "how"), FREE)
def test_a_line_that_peers_accept(extensions: Any, how: Any) -> None:
    above = top(*extensions)
    assert told(issuer(below(above, **how), under=(above,))) == {}
    assert told(root(above), of_root=True) == {}


@pytest.mark.parametrize(("extension", "words"), CONSTRAINED)
def test_a_name_that_is_not_permitted_is_named_with_the_certificate_that_forbids_it(extension: Any, words: str) -> None:
    above = top(extension)
    for found in (told(root(above), of_root=True), told(issuer(below(above), under=(above,)))):
        assert list(found) == ["forbidden_name"]
        assert words in found["forbidden_name"]
        assert "'CN=corp root'" in found["forbidden_name"]
    between = make("sub CA", ROOT, key(number=4), extensions=(extension,))
    assert words in told(issuer(below(between), between))["forbidden_name"]


def test_what_is_permitted_by_subject_is_the_intermediates_too() -> None:
    above = top(constrained(permits=(CORP,)))
    words = told(issuer(below(above), under=(above,)))["forbidden_name"]
    assert "permits no directory name but O=Corp, so no CA below it could sign for directory name CN=Intermediate CA east" in words


@pytest.mark.parametrize("side", ["root", "intermediate"])
def test_what_only_the_verifier_knows_is_in_its_words(side: str) -> None:
    """The reason comes from the verifier, here for an unknown critical extension."""
    above = top(*([UNKNOWN] if side == "root" else []))
    own = below(above, *([UNKNOWN] if side == "intermediate" else []))
    found = told(issuer(own, under=(above,)))
    assert list(found) == ["refused_by_peers"]
    assert "a TLS verifier refuses a leaf below this CA: as a " in found["refused_by_peers"]


def test_a_signer_elsewhere_that_may_sign_no_ca_is_known_by_its_chain() -> None:
    """The CA that signs for the root may sign only leaves, so it cannot sign intermediates."""
    above = top()
    signer = make("Issuing CA", above, key(number=4), path_length=0)
    given = Material(above.pem, b"", chain=signer.pem, roots=above.pem)
    assert "a TLS verifier refuses" in told(given, of_root=True)["refused_by_peers"]
    wide = make("Issuing CA", above, key(number=4), path_length=1)
    assert set(told(Material(above.pem, b"", chain=wide.pem, roots=above.pem), of_root=True)) == {"missing_part"}


def test_it_takes_no_key_of_the_ca_and_no_moment() -> None:
    """The trial also takes an expired CA and one without a key, because other checks report these faults."""
    above = top(days=(-30, -1))
    assert set(told(issuer(below(above, days=(-30, -1)), under=(above,), key=b""))) == {"missing_part", "expired"}


def test_without_a_trust_domain_nothing_is_tried() -> None:
    assert signed_for("Not A Domain", [ISTIOD]) == ()
    assert tried(seen(issuer()), ()) == seen(issuer())
