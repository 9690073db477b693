# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.crd_owner import owner
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.gateway_api import notices, too_old


def crd(kind: str = "httproutes", bundle: str | None = "v1.2.1", channel: str | None = "standard", **whose: Any) -> dict[str, Any]:
    return {"name": f"{kind}.gateway.networking.k8s.io", "bundle": bundle, "channel": channel, **whose}


@pytest.mark.parametrize(("crds", "least", "words"), [
    pytest.param([crd(release="consul/consul"), crd("gateways", release="consul/consul")], (1, 5), "belong to the Helm release consul/consul", id="too old"),
    pytest.param([crd(bundle="v1.5.1")], (1, 5), "", id="new enough"),
    pytest.param([crd(bundle="v1.10.0")], (1, 5), "", id="numbers are no text"),
    pytest.param([crd()], None, "", id="a mesh that asks for none"),
    pytest.param([crd(bundle=None)], (1, 5), "", id="one that does not tell"),
    pytest.param([crd(bundle="v1.5.0"), crd("grpcroutes", "v1.1.0", managers=["kubectl"])], (1, 5), "to the field manager kubectl", id="mixed"),
    pytest.param([], (1, 5), "", id="none are there"),
    pytest.param([{"name": "gateways.networking.istio.io", "bundle": "v1.0.0"}], (1, 5), "", id="Istio's own gateways"),
])
def test_what_is_too_old_is_said_with_its_owner(crds: list[dict[str, Any]], least: tuple[int, int] | None, words: str) -> None:
    found = too_old(crds, least, "Istio 1.31")
    assert len(found) == bool(words)
    assert all(words in text and "Istio 1.31 needs v1.5 or later" in text and "this collection never writes them" in text for text in found)


def test_version_channel_and_owner_are_told_in_any_case() -> None:
    theirs = crd("tcproutes", "v1.5.1", "experimental", keeper="Argo CD")
    assert notices([crd(bundle="v1.5.1", managers=["ingress-operator"]), theirs, {"name": "x.istio.io"}]) == [
        "the CRDs of the Gateway API are of version v1.5.1 (experimental) and belong to Argo CD",
        "the CRDs of the Gateway API are of version v1.5.1 (standard) and belong to OpenShift's Ingress Operator",
    ]
    assert notices([crd(bundle=None, channel=None)]) == ["the CRDs of the Gateway API are of an unknown version and belong to an unknown owner"]


@pytest.mark.parametrize(("whose", "name"), [
    ({"keeper": "Flux, for its Kustomization crds", "release": "a/b"}, "Flux, for its Kustomization crds"),
    ({"release": "a/b", "managers": ["helm"]}, "the Helm release a/b"),
    ({"operators": ["servicemesh"], "managed_by": "x"}, "the operator servicemesh"),
    ({"managed_by": "x", "managers": ["y"]}, "x"),
    ({"managers": ["kube-apiserver", "y"]}, "the field manager y"),
    ({"managers": ["kube-apiserver"]}, "an unknown owner"),
])
def test_whose_a_crd_is(whose: dict[str, Any], name: str) -> None:
    assert owner(whose) == name
