# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ca with a root whose key another program has. The program really runs."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.modules import ca, ca_info
from ansible_collections.meshops.lifecycle.tests.unit.support import external_ca
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import Office, asked, bad, opened
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT
from cryptography import x509
from cryptography.hazmat.primitives import serialization

CACERTS = Ref("v1", "Secret", "cacerts", "istio-system")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = opened()
    made.store(tmp_path)
    return made


def words(folder: Path, how: str = "well") -> list[str]:
    return [sys.executable, external_ca.__file__, str(folder), how]


def wish(command: list[str] | None, certificate: bytes = b"", **given: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("kube", "certificate_file", "private_key", "private_key_file", "chain", "chain_file", "vault"))
    root = {**nothing, "source": "command", "namespace": "meshops-system", "name": "x", "command": command, "timeout": 30, "certificate": certificate.decode()}
    params = {"provider": "istio", "mesh": "shop", "trust_domain": "shop.example", "namespace": "istio-system", "network": "",
              "key_type": "P-256", "intermediate_days": 730, "root_days": 3650}  # fmt: skip
    return {**params, **{key: value for key, value in given.items() if key not in root}, "root": {**root, **{k: v for k, v in given.items() if k in root}}}


def parts(cluster: FakeCluster) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in (cluster.get(CACERTS) or {}).get("data", {}).items()}


class TestSigned:
    def test_the_request_goes_out_and_the_key_stays(self, office: Office, tmp_path: Path) -> None:
        cluster = FakeCluster(name="east")
        result = ca.reconcile(cluster, wish(words(tmp_path), office.pem))
        assert (result["action"], result["changed"], result["chain"]) == ("issued", True, True)
        held = parts(cluster)
        key = serialization.load_pem_private_key(held["ca-key.pem"], None)
        (request,) = asked(tmp_path)
        csr = x509.load_pem_x509_csr(request["request"].encode())
        assert csr.public_key() == key.public_key() == x509.load_pem_x509_certificate(held["ca-cert.pem"]).public_key()
        assert "PRIVATE" not in request["request"]
        assert held["cert-chain.pem"] == held["ca-cert.pem"] + office.pem
        assert held["root-cert.pem"] == office.pem
        assert not [name for name in (one["object"] for one in result["changes"]) if "root-ca" in name]

    def test_the_request_is_as_our_own_intermediates_are(self, office: Office, tmp_path: Path) -> None:
        ca.reconcile(FakeCluster(name="east"), wish(words(tmp_path), office.pem, key_type="RSA-2048"))
        csr = x509.load_pem_x509_csr(asked(tmp_path)[0]["request"].encode())
        assert csr.is_signature_valid
        assert csr.subject.rfc4514_string() == "CN=Intermediate CA east,O=shop.example"
        constraints = csr.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
        usage = csr.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature, usage.key_encipherment) == (True, True, True, False)
        assert csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == ["istiod.istio-system.svc"]
        assert csr.public_key().key_size == 2048

    def test_it_is_told_what_for(self, office: Office, tmp_path: Path) -> None:
        ca.reconcile(FakeCluster(name="east"), wish(words(tmp_path), office.pem, intermediate_days=90))
        told = asked(tmp_path)[0]["told"]
        assert {name: told[f"MESHOPS_{name}"] for name in ("CLUSTER", "COMMON_NAME", "DAYS")} == {
            "CLUSTER": "east", "COMMON_NAME": "Intermediate CA east", "DAYS": "90",
        }  # fmt: skip
        start, end = (datetime.fromisoformat(told[f"MESHOPS_{name}"]) for name in ("NOT_BEFORE", "NOT_AFTER"))
        assert timedelta(minutes=4) < datetime.now(UTC) - start < timedelta(minutes=7)
        assert end - start == timedelta(days=90, minutes=5)

    def test_never_longer_than_the_root(self, office: Office, tmp_path: Path) -> None:
        ca.reconcile(FakeCluster(name="east"), wish(words(tmp_path), office.pem))
        told = asked(tmp_path)[0]["told"]
        assert datetime.fromisoformat(told["MESHOPS_NOT_AFTER"]) == office.certificate.not_valid_after_utc
        assert int(told["MESHOPS_DAYS"]) in (364, 365)

    @pytest.mark.parametrize("given", ["in the answer", "as an option"])
    def test_through_a_ca_between(self, tmp_path: Path, given: str) -> None:
        top = opened("company root")
        between = opened("company mesh CA", top)
        between.store(tmp_path)
        option = {"chain": between.pem.decode()} if given == "as an option" else {}
        if not option:
            (tmp_path / "chain.pem").write_bytes(top.pem + between.pem)
        cluster = FakeCluster(name="east")
        result = ca.reconcile(cluster, wish(words(tmp_path), top.pem, **option))
        held = parts(cluster)
        assert held["cert-chain.pem"] == held["ca-cert.pem"] + between.pem + top.pem
        assert held["root-cert.pem"] == top.pem
        assert result["root"]["subject"] == "CN=company root"

    def test_by_a_certificate_in_a_file(self, office: Office, tmp_path: Path) -> None:
        options = wish(words(tmp_path), certificate_file=str(tmp_path / "ca.pem"))
        assert ca.reconcile(FakeCluster(name="east"), options)["source"] == ca_info.reconcile(FakeCluster(name="east"), options)["source"]

    def test_by_openssl_as_the_documentation_has_it(self, office: Office, tmp_path: Path) -> None:
        script = tmp_path / "sign-mesh-ca"
        guide = (CHECKOUT / "docs/docsite/rst/install.rst").read_text("utf-8")
        line = next(line.strip() for line in guide.splitlines() if "exec openssl x509" in line)
        line = line.replace("/etc/pki/mesh/root.pem", f"{tmp_path}/ca.pem").replace("/etc/pki/mesh/root-key.pem", f"{tmp_path}/ca-key.pem")
        script.write_text(f"#!/bin/sh -e\n{line}\n")
        script.chmod(0o755)
        cluster = FakeCluster(name="east")
        ca.reconcile(cluster, wish([str(script)], office.pem, intermediate_days=30))
        own = x509.load_pem_x509_certificate(parts(cluster)["ca-cert.pem"])
        assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
        assert (own.not_valid_after_utc - own.not_valid_before_utc) == timedelta(days=30)

    def test_again_nobody_is_asked(self, office: Office, tmp_path: Path) -> None:
        cluster, options = FakeCluster(name="east"), wish(words(tmp_path), office.pem)
        ca.reconcile(cluster, options)
        again = ca.reconcile(cluster, options)
        assert (again["action"], again["changed"], len(asked(tmp_path))) == ("kept", False, 1)

    def test_looking_and_check_mode_ask_nobody(self, office: Office, tmp_path: Path) -> None:
        options = wish(words(tmp_path), office.pem)
        assert ca_info.reconcile(FakeCluster(name="east"), options)["action"] == "issue"
        planned = ca.reconcile(FakeCluster(name="east", dry_run=True), options)
        assert [one["object"] for one in planned["changes"]] == ["Namespace istio-system", "Secret istio-system/cacerts"]
        assert (planned["action"], planned["intermediate"]) == ("issued", None)
        assert asked(tmp_path) == []


REFUSED = {
    "another key": r"the key in the signing request \(EC P-256\) does not match the certificate 'CN=Intermediate CA east,O=shop.example'",
    "no CA": r"is not a CA \(CA:FALSE\)",
    "another root": r"the chain does not verify: no path leads from",
    "a namesake": r"the chain does not verify: 'CN=company root' .* has the issuer's name but did not sign",
    "expired": r"expired at \d{4}-",
    "not yet valid": r"is not valid before",
    "may not sign": r"lacks keyCertSign",
    "for servers alone": r"leaves out TLS clients, and every proxy is both",
    "garbage": r"returned no certificate: the answer holds no PEM certificate",
    "nothing": r"returned no certificate: the answer is empty",
    "fails": r"did not sign and ended with 3: trying / the HSM is locked / slot 3 is empty\.$",
}


class TestRefused:
    def test_all_bad_answers_are_tried(self, office: Office) -> None:
        assert set(bad(office, b"", (datetime.now(UTC), datetime.now(UTC)))) <= REFUSED.keys()

    @pytest.mark.parametrize(("how", "said"), REFUSED.items(), ids=list(REFUSED))
    def test_before_a_write(self, office: Office, tmp_path: Path, how: str, said: str) -> None:
        cluster = FakeCluster(name="east")
        with pytest.raises(Refused, match=said) as refused:
            ca.reconcile(cluster, wish(words(tmp_path, how), office.pem))
        assert str(refused.value).startswith("east: ")
        assert f"the command {sys.executable}" in str(refused.value)
        assert len(asked(tmp_path)) == 1
        assert cluster.writes == []

    def test_a_chain_that_may_not_sign_what_a_mesh_needs_before_anybody_is_asked(self, tmp_path: Path) -> None:
        """The signer's own CA may sign only leaves, so it cannot sign intermediates."""
        top = opened("company root")
        between = opened("company issuing CA", top, path_length=0)
        between.store(tmp_path)
        options = wish(words(tmp_path), top.pem, chain=between.pem.decode())
        assert ca_info.reconcile(FakeCluster(name="east"), options)["reasons"] == ["refused_by_peers"]
        with pytest.raises(Refused, match="The mesh's root: a TLS verifier refuses a leaf below this CA"):
            ca.reconcile(FakeCluster(name="east"), options)
        assert asked(tmp_path) == []

    def test_one_that_hangs_is_ended_with_what_it_started(self, office: Office, tmp_path: Path) -> None:
        pid = tmp_path / "pid"
        # The child keeps the pipes open, so that ending the parent alone would not do.
        shell = ["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"]
        begun = time.monotonic()
        with pytest.raises(NotReady, match=r"^east: the command sh did not sign within 1 s, so it was ended"):
            ca.reconcile(FakeCluster(name="east"), wish(shell, office.pem, timeout=1))
        assert time.monotonic() - begun < 20
        child = pid.read_text().strip()
        for _attempt in range(50):
            state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True, check=False).stdout.strip()
            if not state or state.startswith("Z"):
                return
            time.sleep(0.1)
        raise AssertionError(f"{child} still runs: {state}")

    @pytest.mark.parametrize("command", [["/nowhere/sign"], [os.devnull], [""]], ids=["not there", "no program", "empty"])
    def test_what_cannot_be_started(self, office: Office, command: list[str]) -> None:
        with pytest.raises(Refused, match="cannot be started"):
            ca.reconcile(FakeCluster(name="east"), wish(command, office.pem))

    def test_an_empty_command(self, office: Office) -> None:
        with pytest.raises(Refused, match=r"root\.command is empty"):
            ca.reconcile(FakeCluster(name="east"), wish([], office.pem))

    def test_without_the_roots_certificate(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match=r"root\.certificate is missing"):
            ca.reconcile(FakeCluster(name="east"), wish(words(tmp_path)))
        assert asked(tmp_path) == []

    def test_with_a_certificate_that_is_no_root(self, tmp_path: Path) -> None:
        between = opened("company mesh CA", opened())
        with pytest.raises(MeshError, match="is no root: it is not self-signed"):
            ca.reconcile(FakeCluster(name="east"), wish(words(tmp_path), between.pem))
        assert asked(tmp_path) == []
