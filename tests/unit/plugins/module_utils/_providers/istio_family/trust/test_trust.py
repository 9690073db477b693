# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secret `cacerts`, as istiod reads it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust

MATERIAL = Material(b"certificate", b"-----BEGIN PRIVATE KEY-----", b"chain", b"roots")


ROOTS = {"data": {"root-cert.pem": "-----BEGIN handed out"}}
GIVEN = {"data": {"root-cert.pem": b64encode(b"-----BEGIN given").decode()}}


def secret(name: str = "cacerts", **data: bytes) -> dict[str, object]:
    held = {key.replace("__", "-").replace("_", "."): b64encode(value).decode() for key, value in data.items()}
    return {"metadata": {"name": name}, "data": held}


def test_what_istiod_is_given() -> None:
    assert trust.manifests(MATERIAL, "istio-system", "shop") == [{
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "cacerts",
            "namespace": "istio-system",
            "labels": {"app.kubernetes.io/managed-by": "meshops.lifecycle", "meshops.lifecycle/mesh": "shop"},
        },
        "type": "Opaque",
        "data": {
            "ca-cert.pem": "Y2VydGlmaWNhdGU=",
            "ca-key.pem": "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
            "cert-chain.pem": "Y2hhaW4=",
            "root-cert.pem": "cm9vdHM=",
        },
    }]  # fmt: skip


def test_what_was_given_is_read_again() -> None:
    read = trust.material_in(trust.manifests(MATERIAL, "istio-system", "shop")[0])
    assert (read.certificate, read.key, read.chain, read.roots) == (
        MATERIAL.certificate, MATERIAL.key, MATERIAL.chain, MATERIAL.roots,
    )  # fmt: skip
    assert not read.self_made
    assert read.faults == ()


def test_a_part_that_is_not_there_is_empty() -> None:
    read = trust.material_in({"metadata": {"name": "cacerts"}})
    assert (read.certificate, read.key, read.chain, read.roots) == (b"", b"", b"", b"")


def test_a_tls_secret_is_read_as_istiod_does() -> None:
    read = trust.material_in(secret(tls_crt=b"own\n", tls_key=b"key", ca_crt=b"root\n"))
    assert (read.certificate, read.chain, read.roots) == (b"own\n", b"own\nroot\n", b"root\n")
    assert read.names.key == "tls.key"


def test_what_istiod_made_for_itself_is_known() -> None:
    assert trust.material_in(secret(istio__generated=b"", ca__cert_pem=b"x")).self_made
    own = trust.material_in(secret("istio-ca-secret", ca__cert_pem=b"c", ca__key_pem=b"k"))
    assert own.self_made
    assert (own.certificate, own.roots, own.key) == (b"c", b"c", b"k")


@pytest.mark.parametrize(("key", "fault"), [
    pytest.param(b"-----BEGIN EC PRIVATE KEY-----", False, id="SEC 1"),
    pytest.param(b"-----BEGIN RSA PRIVATE KEY-----", False, id="PKCS 1"),
    pytest.param(b"-----BEGIN EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----", True, id="openssl ecparam -genkey"),
])  # fmt: skip
def test_istiod_reads_the_first_block_only(key: bytes, fault: bool) -> None:
    assert bool(trust.material_in(secret(ca__key_pem=key)).faults) is fault


@pytest.mark.parametrize(("network", "labels"), [
    pytest.param("onprem", {"topology.istio.io/network": "onprem"}, id="network"),
    pytest.param(None, None, id="no network"),
])  # fmt: skip
def test_the_namespace_says_its_network(network: str | None, labels: dict[str, str] | None) -> None:
    assert trust.namespace("istio-system", network)["metadata"].get("labels") == labels


@pytest.mark.parametrize(("config", "secret", "pem"), [
    pytest.param(ROOTS, GIVEN, "-----BEGIN handed out", id="what istiod hands out goes first"),
    pytest.param(None, GIVEN, "-----BEGIN given", id="before istiod runs: what it is given"),
    pytest.param({"data": {}}, GIVEN, "-----BEGIN given", id="an empty ConfigMap says nothing"),
    pytest.param({"data": None}, None, "", id="nothing in it"),
    pytest.param(None, {"data": {}}, "", id="a Secret without roots"),
    pytest.param(None, None, "", id="nothing at all"),
])
def test_the_bundle_of_a_cluster(config: Any, secret: Any, pem: str) -> None:
    wanted = trust.bundle("mesh")
    assert [(ref.kind, ref.name, ref.namespace) for ref in wanted.reads] == [("ConfigMap", "istio-ca-root-cert", "mesh"), ("Secret", "cacerts", "mesh")]
    live = {kind: [one] for kind, one in (("ConfigMap", config), ("Secret", secret)) if one is not None}
    assert wanted.judge(live, {}) == pem.encode()
