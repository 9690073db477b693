# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ca with a root whose key Vault has, with the real client and a stand-in for Vault: see support/fake_vault.py."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import vault as signer
from ansible_collections.meshops.lifecycle.plugins.modules import ca, ca_info
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import opened
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_vault import Vault, running
from ansible_collections.meshops.lifecycle.tests.unit.support.vault_wishes import failure, parts, wish
from cryptography import x509

ROOT = opened("company root")
MESH_CA = opened("company mesh CA", ROOT)
OFFLINE = opened("CA below an offline root", opened("offline root"))


@pytest.fixture
def vault() -> Iterator[Vault]:
    with running(Vault({"default": (ROOT, ()), "mesh": (MESH_CA, (ROOT,)), "offline": (OFFLINE, ())})) as one:
        yield one


def signings(vault: Vault) -> list[dict[str, Any]]:
    return [body for _method, path, body in vault.asked if path.endswith("/sign-intermediate")]


class TestContract:
    """The parts of Vault's API on which the collection relies, by their names there."""

    def test_reading_an_issuer(self, vault: Vault) -> None:
        """GET /v1/:mount/issuer/:issuer_ref/json, without a token: `certificate`, and `ca_chain` from it up to the root."""
        made = signer.Vault(vault.url, "pki", "mesh", True, 5)
        assert x509.load_pem_x509_certificates(made.certificates()) == [one.certificate for one in (MESH_CA, MESH_CA, ROOT)]
        assert [(method, path) for method, path, _body in vault.asked] == [("GET", "pki/issuer/mesh/json")]

    def test_signing(self, vault: Vault) -> None:
        """POST /v1/:mount/issuer/:issuer_ref/sign-intermediate."""
        ca.reconcile(FakeCluster(name="east"), wish(vault))
        (method, path, body) = vault.asked[-1]
        assert (method, path) == ("POST", "pki/issuer/default/sign-intermediate")
        assert x509.load_pem_x509_csr(body.pop("csr").encode()).is_signature_valid
        assert body == {
            "common_name": "Intermediate CA east",
            "use_csr_values": True,  # else Vault takes neither subject nor names nor key usage from the request
            "max_path_length": 0,
            "format": "pem",
            "ttl": f"{90 * 86400}s",
            "not_before_duration": "300s",
        }

    def test_approle(self, vault: Vault) -> None:
        """POST /v1/auth/:mount/login with `role_id` and `secret_id`; the token is `auth.client_token`."""
        role, secret = vault.role
        result = ca.reconcile(FakeCluster(name="east"), wish(vault, token=None, role_id=role, secret_id=secret))
        assert result["action"] == "issued"
        assert ("POST", "auth/approle/login", {"role_id": role, "secret_id": secret}) in vault.asked

    def test_a_namespace(self, vault: Vault) -> None:
        """The header X-Vault-Namespace, in every request."""
        vault.namespace = "platform/mesh"
        assert ca.reconcile(FakeCluster(name="east"), wish(vault, namespace="platform/mesh"))["action"] == "issued"


class TestSigned:
    @pytest.mark.parametrize("certificate", [None, ROOT.pem.decode()], ids=["Vault says the root", "the root is given"])
    def test_from_nothing_to_kept(self, vault: Vault, certificate: str | None) -> None:
        cluster, options = FakeCluster(name="east"), wish(vault, certificate=certificate)
        result = ca.reconcile(cluster, options)
        assert (result["action"], result["root"]["subject"], result["chain"]) == ("issued", "CN=company root", True)
        own = x509.load_pem_x509_certificate(parts(cluster)["ca-cert.pem"])
        assert own.subject.rfc4514_string() == "CN=Intermediate CA east,O=shop.example"
        assert ca.reconcile(cluster, options)["action"] == "kept"
        assert len(signings(vault)) == 1

    def test_below_an_intermediate_of_vault(self, vault: Vault) -> None:
        cluster = FakeCluster(name="east")
        ca.reconcile(cluster, wish(vault, issuer_ref="mesh"))
        held = parts(cluster)
        assert held["cert-chain.pem"] == held["ca-cert.pem"] + MESH_CA.pem + ROOT.pem
        assert held["root-cert.pem"] == ROOT.pem

    def test_looking_and_check_mode_sign_nothing(self, vault: Vault) -> None:
        assert ca_info.reconcile(FakeCluster(name="east"), wish(vault))["action"] == "issue"
        assert ca.reconcile(FakeCluster(name="east", dry_run=True), wish(vault))["action"] == "issued"
        assert {method for method, _path, _body in vault.asked} == {"GET"}

    def test_a_mount_that_allows_less_is_seen(self, vault: Vault) -> None:
        vault.longest *= 0.005
        result = ca.reconcile(FakeCluster(name="east"), wish(vault))
        assert "in 18 days; plan its rotation" in " ".join(result["warnings"])

    def test_by_tls(self, tmp_path: Path) -> None:
        with running(Vault({"default": (ROOT, ())}), tmp_path) as vault:
            with pytest.raises(MeshError, match=r"could not be reached: .*CERTIFICATE_VERIFY_FAILED.*\. Check the address, ca_cert"):
                ca.reconcile(FakeCluster(name="east"), wish(vault))
            assert ca.reconcile(FakeCluster(name="east"), wish(vault, ca_cert=str(tmp_path / "vault-ca.pem")))["action"] == "issued"
            assert ca.reconcile(FakeCluster(name="east"), wish(vault, validate_certs=False))["action"] == "issued"


class TestRefused:
    def test_a_token_that_may_not(self, vault: Vault) -> None:
        said = failure(vault, token="hvs.another")
        assert said == (
            f"east: Vault at {vault.url}, mount pki refused to answer: 1 error occurred: * permission denied. "
            "Check the token or AppRole, and that its policy allows that path."
        )

    @pytest.mark.parametrize("token", ["hvs.one\nhvs.two", "hvs.\u2019"])
    def test_a_token_that_no_header_may_hold_and_nobody_is_told(self, vault: Vault, token: str) -> None:
        """The library would quote it."""
        said = failure(vault, token=token)
        assert "root.vault.token holds a line break, or a letter that no header may hold. Nothing was sent. Give it as one line." in said
        assert "hvs." not in said

    def test_an_approle_that_is_not_known(self, vault: Vault) -> None:
        said = failure(vault, token=None, role_id="x", secret_id="y")
        assert said.startswith(f"east: Vault at {vault.url}, mount pki answered with an error: invalid role or secret ID.")

    def test_another_mount(self, vault: Vault) -> None:
        said = failure(vault, mount="pki_int")
        assert f"Vault at {vault.url}, mount pki_int: there is no issuer default there. Give the root as root.certificate" in said

    def test_an_issuer_that_is_not_there(self, vault: Vault) -> None:
        said = failure(vault, issuer_ref="nowhere", certificate=ROOT.pem.decode())
        assert "mount pki answered with an error: 1 error occurred: * could not fetch the CA certificate (was one set?): unable to find PKI issuer" in said

    def test_an_issuer_below_a_root_that_vault_does_not_have(self, vault: Vault) -> None:
        assert "no root stands above its issuer offline: 'CN=CA below an offline root'" in failure(vault, issuer_ref="offline")

    def test_sealed(self, vault: Vault) -> None:
        vault.sealed = True
        assert "cannot answer now: Vault is sealed. Run again when it can." in failure(vault)

    def test_nobody_there(self, vault: Vault) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            vault.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert "could not be reached: [Errno 111] Connection refused. Check the address" in failure(vault)

    def test_an_answer_in_time(self, vault: Vault) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            vault.url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            assert "could not be reached: timed out" in failure(vault, timeout=1)

    @pytest.mark.parametrize("answer", [{}, {"certificate": "x"}, {"certificate": None}], ids=["empty", "no PEM", "null"])
    def test_an_answer_without_a_certificate(self, vault: Vault, answer: dict[str, Any]) -> None:
        vault.answer = answer
        assert f"east: Vault at {vault.url}, mount pki returned no certificate: " in failure(vault)

    def test_anothers_certificate(self, vault: Vault) -> None:
        vault.answer = {"certificate": MESH_CA.pem.decode()}
        assert f"east: the answer of Vault at {vault.url}, mount pki: the key in the signing request (EC P-256) does not match" in failure(vault)

    def test_the_root_of_another_issuer(self, vault: Vault) -> None:
        assert "the chain does not verify" in failure(vault, certificate=opened("another root").pem.decode())

    def test_without_the_library(self, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signer, "MISSING", ImportError("No module named 'hvac'"))
        assert "the Python library hvac (at least 2.0) is missing where this task runs" in failure(vault)


def test_what_lies_around_is_not_used(vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The client alone would take a token and an address from the environment."""
    monkeypatch.setenv("VAULT_TOKEN", vault.token)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(vault.token)
    with pytest.raises(Refused, match="answered with an error: invalid role or secret ID"):
        ca.reconcile(FakeCluster(name="east"), wish(vault, token=None, role_id="x", secret_id="y"))
    assert signings(vault) == []


def test_no_secret_is_in_a_repr() -> None:
    shown = repr(signer.Vault("https://vault", "pki", "default", True, 5, token="hvs.x", role_id="role", secret_id="the-secret"))
    assert not [secret for secret in ("hvs.x", "the-secret") if secret in shown]
