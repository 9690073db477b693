# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation writes of Istio."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation import rotation
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.quirks import quirks
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import ROOT, issuer

CACERTS = Ref("v1", "Secret", "cacerts", "mesh")
SECRET: dict[str, Any] = {
    "metadata": {"name": "cacerts", "namespace": "mesh", "annotations": {"meshops.lifecycle/epoch": "3"}, "labels": {"a": "b"}},
    "data": {"ca-cert.pem": "YQ==", "ca-key.pem": "Yg==", "cert-chain.pem": "Yw==", "root-cert.pem": "ZA==", "tls.key": "ZQ=="},
}


def test_what_is_kept_is_a_ca_and_nothing_else() -> None:
    made = rotation.kept({CACERTS: SECRET}, "mesh", "shop")
    assert made["metadata"]["name"] == "cacerts-previous"
    assert made["metadata"]["namespace"] == "mesh"
    assert made["metadata"]["labels"]["meshops.lifecycle/mesh"] == "shop"
    assert set(made["data"]) == {"ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"}


def test_a_bundle_alone_leaves_the_ca_as_it_is() -> None:
    assert rotation.patches("mesh", b"roots") == [(CACERTS, {"data": {"root-cert.pem": base64.b64encode(b"roots").decode()}})]


def test_a_new_ca_comes_with_its_bundle_in_one_write() -> None:
    ((ref, made),) = rotation.patches("mesh", ROOT.pem, issuer())
    assert ref == CACERTS
    assert set(made["data"]) == {"ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"}
    assert base64.b64decode(made["data"]["root-cert.pem"]) == ROOT.pem


@pytest.mark.parametrize(("version", "number"), [("1.17.2", 2), ("1.19.0", 2), ("1.20.1", 2), ("1.27.3", 3), ("1.29.0", 2), ("1.30.0", 1), ("1.32.0", 0)])
def test_what_a_version_gets_wrong(version: str, number: int) -> None:
    assert len(quirks([version])) == number


def test_each_quirk_is_said_once_and_with_its_source() -> None:
    told = quirks(["1.29.0", "1.29.1", "1.30.0"])
    assert len(told) == 2
    assert all(line.endswith(")") for line in told)
