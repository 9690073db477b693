# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What expires in Istio beside the certificates of istiod's CA."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.gateways.certificates import LinkToken
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.gateways import expiring, gateways
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import ROOT
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_live import link


def gateway(spec: dict[str, Any], namespace: str = "shop") -> dict[str, Any]:
    return {"kind": "Gateway", "metadata": {"name": "g", "namespace": namespace}, "spec": spec}


def of_istio(selector: dict[str, str] | None = None, **tls: Any) -> dict[str, Any]:
    return gateway({"selector": selector or {}, "servers": [{"tls": {"mode": "SIMPLE", **tls}}, {"port": {}}]})


def of_kubernetes(*refs: dict[str, str]) -> dict[str, Any]:
    return gateway({"listeners": [{"tls": {"certificateRefs": list(refs)}}, {"name": "http"}]})


PODS = [{"metadata": {"namespace": space, "labels": {"istio": "ingress", "app": "x"}}} for space in ("edge", "edge", "dmz")]


@pytest.mark.parametrize(("found", "secrets"), [
    pytest.param(of_istio(credentialName="web"), ["shop/web"], id="no pods"),
    pytest.param(of_istio({"istio": "ingress"}, credentialName="web"), ["dmz/web", "edge/web"], id="where its pods are"),
    pytest.param(of_istio({"istio": "other"}, credentialName="web"), ["shop/web"], id="its pods are not there"),
    pytest.param(of_istio(credentialNames=["rsa", "ecdsa"]), ["shop/rsa", "shop/ecdsa"], id="two"),
    pytest.param(of_istio(credentialName="kubernetes://certs/web"), ["certs/web"], id="with its namespace"),
    pytest.param(of_istio(credentialName="kubernetes-gateway://certs/web"), ["certs/web"], id="as the Gateway API's references become"),
    pytest.param(of_istio(credentialNames=["sds://socket", "kubernetes-gateway://", "kubernetes://certs/", "Not_A_Name", "kubernetes://web"]),
                 ["shop/web"], id="others that are no Secret"),
    pytest.param(of_istio(mode="PASSTHROUGH"), [], id="none"),
    pytest.param(of_kubernetes({"name": "web"}), ["shop/web"], id="Gateway API"),
    pytest.param(of_kubernetes({"name": "web", "namespace": "certs", "kind": "Secret"}), ["certs/web"], id="Gateway API, another namespace"),
    pytest.param(of_kubernetes({"name": "web", "kind": "Vault"}), [], id="Gateway API, no Secret"),
])  # fmt: skip
def test_from_where_a_gateway_serves(found: dict[str, Any], secrets: list[str]) -> None:
    refs = expiring.judge({"Gateway": [found, found], "Pod": PODS}, {}).secrets
    assert [f"{ref.namespace}/{ref.name}" for ref in refs] == secrets


@pytest.mark.parametrize("key", ["tls.crt", "cert"])
def test_the_certificate_of_a_gateway_without_its_key(key: str) -> None:
    secret = {"data": {key: base64.b64encode(ROOT.pem).decode(), "tls.key": base64.b64encode(ROOT.key_pem).decode()}}
    assert gateways.served(secret).certificate == ROOT.pem
    assert gateways.served({}).certificate == b""


def test_a_generic_secret_keeps_its_words_for_the_certificate_and_the_key() -> None:
    secret = {"data": {"cert": "b2xk", "key": "b2xk", "cacert": "Y2E="}}
    assert gateways.served(secret).certificate == b"old"
    assert set(gateways.patch(secret, b"new", b"new")["data"]) == {"cert", "key"}


def test_webhooks_of_the_mesh_once_each() -> None:
    ca = {"clientConfig": {"caBundle": base64.b64encode(ROOT.pem).decode()}}
    kind = "MutatingWebhookConfiguration"
    ours = {"metadata": {"name": "injector", "labels": {"app": "sidecar-injector"}}, "webhooks": [ca, ca, {"clientConfig": {}}]}
    others = {"metadata": {"name": "other"}, "webhooks": [ca]}
    assert expiring.judge({kind: [ours, others]}, {}).authorities == [(f"{kind}/injector", ROOT.pem)]


@pytest.mark.parametrize("kubeconfig", [
    json.dumps({"users": [{"name": "west", "user": {"token": "a.b-c_d.e"}}]}),
    "users:\n- name: west\n  user:\n    token: a.b-c_d.e\n",
    "users: [{name: west, user: {token: 'a.b-c_d.e'}}]",
])  # fmt: skip
def test_the_token_of_a_remote_secret(kubeconfig: str) -> None:
    secret = link("west")
    secret["metadata"]["creationTimestamp"] = "2026-08-27T12:00:00Z"
    secret["data"] = {"west": base64.b64encode(kubeconfig.encode()).decode()}
    assert expiring.judge({"Secret": [secret]}, {}).tokens == [LinkToken("istio-system/istio-remote-secret-west", "2026-08-27T12:00:00Z", "a.b-c_d.e")]


@pytest.mark.parametrize("content", ["", "AAAA", "x"])
def test_a_remote_secret_without_a_token(content: str) -> None:
    assert expiring.judge({"Secret": [{**link("west"), "data": {"west": content}}]}, {}).tokens == []
