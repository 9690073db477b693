# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secret that keeps a root."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material

ROOT = Material(b"certificate", b"key", roots=b"certificate")


def data(**values: bytes) -> dict[str, str]:
    return {name.replace("_", "-", name.count("_") - 1).replace("_", "."): base64.b64encode(value).decode()
            for name, value in values.items()}  # fmt: skip


def test_what_is_kept_is_read_again() -> None:
    manifest = root_secret.secret(ROOT, "meshops-root-ca", "meshops-system", "shop")
    read = root_secret.read(manifest)
    assert (read.certificate, read.key, read.roots, read.chain) == (b"certificate", b"key", b"certificate", None)
    assert manifest["type"] == "Opaque"
    assert root_secret.is_ours(manifest, "shop")
    assert not root_secret.is_ours(manifest, "bank")
    assert root_secret.mesh_of(manifest) == "shop"


@pytest.mark.parametrize(("held", "certificate", "key"), [
    pytest.param(data(tls_crt=b"c", tls_key=b"k", ca_crt=b"x"), b"c", b"k", id="kubernetes.io/tls"),
    pytest.param(data(ca_cert_pem=b"c", ca_key_pem=b"k", root_cert_pem=b"c", key_pem=b""), b"c", b"k", id="a self-signed istiod's"),
    pytest.param(data(root_cert_pem=b"c"), b"c", b"", id="the key is not there"),
    pytest.param({}, b"", b"", id="nothing is there"),
    pytest.param(None, b"", b"", id="not even data"),
])  # fmt: skip
def test_other_secrets_are_understood(held: dict[str, str] | None, certificate: bytes, key: bytes) -> None:
    read = root_secret.read({"metadata": {}, "data": held})
    assert (read.certificate, read.key) == (certificate, key)
