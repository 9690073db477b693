# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of Vault's API on which the collection relies, asked of Vault's own PKI and AppRole engines and of the stand-in that other tests use.

Which token may do what, sealing and namespaces are not the engines' but Vault's core's: of those there is only the copy
(tests/unit/plugins/modules/test_ca_vault.py). An unknown token and an unknown mount are answered by the program in front of the engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import vault as signer
from ansible_collections.meshops.lifecycle.plugins.modules import ca
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import opened
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_vault import running
from ansible_collections.meshops.lifecycle.tests.unit.support.vault_wishes import failure, parts, wish
from cryptography import x509

from .vaults import Copied, Issuers, Real, real

ROOT = opened("company root", days=3650)
MESH_CA = opened("company mesh CA", ROOT, path_length=1)
OFFLINE = opened("CA below an offline root", opened("offline root"))
ISSUERS: Issuers = {"default": (ROOT, ()), "mesh": (MESH_CA, (ROOT,)), "offline": (OFFLINE, ())}
Either = Copied | Real


@pytest.fixture(params=["copied", "real"])
def vault(request: pytest.FixtureRequest) -> Iterator[Either]:
    if request.param == "real":
        with real(ISSUERS) as one:
            yield one
    else:
        with running(Copied(dict(ISSUERS))) as copied:
            yield copied  # type: ignore[misc]


def test_an_issuer_tells_anybody_its_line_up_to_the_root(vault: Either) -> None:
    found = x509.load_pem_x509_certificates(signer.Vault(vault.url, "pki", "mesh", True, 5).certificates())
    assert found == [one.certificate for one in (MESH_CA, MESH_CA, ROOT)]


def test_what_is_asked_for_is_signed(vault: Either) -> None:
    cluster, begun = FakeCluster(name="east"), datetime.now(UTC)
    result = ca.reconcile(cluster, wish(vault))
    assert (result["action"], result["root"]["subject"], result["chain"]) == ("issued", "CN=company root", True)
    own = x509.load_pem_x509_certificate(parts(cluster)["ca-cert.pem"])
    assert own.subject.rfc4514_string() == "CN=Intermediate CA east,O=shop.example"
    told = {type(one.value): one for one in own.extensions}
    assert told[x509.BasicConstraints].value == x509.BasicConstraints(ca=True, path_length=0)
    assert told[x509.BasicConstraints].critical
    assert told[x509.KeyUsage].value.key_cert_sign
    assert told[x509.SubjectAlternativeName].value.get_values_for_type(x509.DNSName) == ["istiod.istio-system.svc"]
    start, end = begun - timedelta(minutes=5), begun + timedelta(days=90)
    assert abs(own.not_valid_before_utc - start) < timedelta(seconds=30)
    assert abs(own.not_valid_after_utc - end) < timedelta(minutes=6)
    assert ca.reconcile(cluster, wish(vault))["action"] == "kept"


def test_below_an_intermediate(vault: Either) -> None:
    cluster = FakeCluster(name="east")
    ca.reconcile(cluster, wish(vault, issuer_ref="mesh"))
    held = parts(cluster)
    assert held["cert-chain.pem"] == held["ca-cert.pem"] + MESH_CA.pem + ROOT.pem
    assert held["root-cert.pem"] == ROOT.pem


def test_an_approle(vault: Either) -> None:
    role, secret = vault.role
    assert ca.reconcile(FakeCluster(name="east"), wish(vault, token=None, role_id=role, secret_id=secret))["action"] == "issued"


def test_a_mount_that_allows_less_signs_for_less(vault: Either) -> None:
    vault.allow(timedelta(days=18, hours=12))
    assert "in 18 days; plan its rotation" in " ".join(ca.reconcile(FakeCluster(name="east"), wish(vault))["warnings"])


def test_a_token_that_may_not(vault: Either) -> None:
    said = failure(vault, token="hvs.another")
    assert said.startswith(f"east: Vault at {vault.url}, mount pki refused to answer: ")
    assert "permission denied" in said
    assert said.endswith(". Check the token or AppRole, and that its policy allows that path.")


def test_an_approle_that_is_not_known(vault: Either) -> None:
    said = failure(vault, token=None, role_id="x", secret_id="y")
    assert said.startswith(f"east: Vault at {vault.url}, mount pki answered with an error: invalid role or secret ID.")


def test_another_mount(vault: Either) -> None:
    assert f"Vault at {vault.url}, mount pki_int: there is no issuer default there. Give the root as root.certificate" in failure(vault, mount="pki_int")


def test_an_issuer_that_is_not_there(vault: Either) -> None:
    said = failure(vault, issuer_ref="nowhere", certificate=ROOT.pem.decode())
    assert "mount pki answered with an error: " in said
    assert "unable to find PKI issuer for reference: nowhere" in said


def test_an_issuer_below_a_root_that_vault_does_not_have(vault: Either) -> None:
    assert "no root stands above its issuer offline: 'CN=CA below an offline root'" in failure(vault, issuer_ref="offline")
