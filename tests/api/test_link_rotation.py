# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules link_rotation and gateway_certificates on a real API server, which runs no control plane and no gateway."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret

from .conftest import Play, Step

SPACE = "api-relink"
NAME = "istio-reader-service-account-istio-remote-secret-token"
ROOT = issue.new_root("shop root", "shop.example", "P-256", datetime.now(UTC), 30)


def coded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.fixture
def controller(admin: dict[str, Any]) -> Iterator[None]:
    """Fill in tokens, as the token controller of a cluster does."""
    cluster, over = connect(admin, environ={}), threading.Event()

    def fill() -> None:
        while not over.is_set():
            for secret in cluster.list("v1", "Secret", SPACE, fields="type=kubernetes.io/service-account-token"):
                if not (secret.get("data") or {}).get("token"):
                    data = {"token": coded(f"eyJ.{secret['metadata']['name']}"), "ca.crt": coded("a CA")}
                    cluster.amend(secret, {"data": data}, exact=False)
            time.sleep(0.2)

    thread = threading.Thread(target=fill)
    thread.start()
    yield
    over.set()
    thread.join()


def held(admin: dict[str, Any]) -> str:
    return remote_secret.token(connect(admin, environ={}).get(remote_secret.linking("west", SPACE)) or {}, "west").decode()


@pytest.mark.usefixtures("controller")
def test_a_link_gets_the_second_token_and_keeps_it(play: Play, admin: dict[str, Any]) -> None:
    cluster = connect(admin, environ={})
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio-ca-root-cert", "namespace": SPACE}}
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}, {**config, "data": {"root-cert.pem": ROOT.roots.decode()}}])
    link = Step("links", {"namespace": SPACE, "cluster": "east", "links": [{"name": "west", "kube": admin, "server": "https://west.example:6443"}]})
    wish = {"mesh": "shop", "namespace": SPACE, "cluster": "west", "server": "https://west.example:6443", "timeout": 0}
    wish["consumers"] = [{"name": "east", "kube": admin}]
    young, rotate = Step("link_rotation", wish), Step("link_rotation", {**wish, "min_age": 0})
    ran = play(link, young, Step("link_rotation", {**wish, "min_age": 0}, check=True), rotate, link, Step("link_rotation", wish, check=True))
    linked, left, planned, rotated, again, after = ran.results
    assert linked["failed"] is left["failed"] is planned["failed"] is False, ran.output
    assert (left["changed"], left["steps"]) == (False, [])
    assert (planned["changed"], len(planned["steps"]), planned["changes"]) == (True, 3, [])
    assert "east: no control plane runs there" in rotated["msg"]
    assert [change["action"] for change in rotated["changes"]] == ["created", "updated"]
    assert (again["failed"], again["changed"], held(admin)) == (False, False, f"eyJ.{NAME}-2")
    assert after["steps"] == [f"west: revoke {NAME}, and check that they still discover the cluster"]
    assert cluster.get(Ref("v1", "Secret", NAME, SPACE))
    assert f"eyJ.{NAME}" not in ran.output


GATEWAYS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "gateways.gateway.networking.k8s.io", "annotations": {"api-approved.kubernetes.io": "unapproved, a test"}},
    "spec": {"group": "gateway.networking.k8s.io", "scope": "Namespaced",
             "names": {"kind": "Gateway", "listKind": "GatewayList", "plural": "gateways", "singular": "gateway"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]},
}  # fmt: skip
FRONT = {
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "front", "namespace": "api-front"},
    "spec": {"listeners": [{"name": "https", "port": 443, "hostname": "shop.example", "tls": {"certificateRefs": [{"name": "front"}]}}]},
}  # fmt: skip


def leaf() -> Material:
    return issue.new_leaf(ROOT, ["shop.example"], "shop.example", "P-256", datetime.now(UTC), 20)


def test_a_certificate_is_replaced_in_one_write_and_then_left(play: Play, admin: dict[str, Any]) -> None:
    """The Secret exists before and afterwards, so of the twelve steps only those of a change apply, twice."""
    cluster, first, new = connect(admin, environ={}), leaf(), leaf()
    data = {"tls.crt": coded(first.certificate), "tls.key": coded(first.key)}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "front", "namespace": "api-front"}, "data": data}
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "api-front"}}, GATEWAYS, FRONT])
    cluster.create(secret)
    entry = {"namespace": "api-front", "name": "front"}
    given = {**entry, "certificate": new.certificate.decode(), "private_key": new.key.decode()}
    root = {"source": "inline", "certificate": ROOT.certificate.decode(), "private_key": ROOT.key.decode()}
    wishes = [{"mesh": "shop", "certificates": [given]}, {"mesh": "shop", "certificates": [entry], "issue_days": 20, "root": root}]
    steps = [Step("gateway_certificates", wish, check=check) for wish in wishes for check in (True, False, True, False)]
    steps[4] = Step("gateway_certificates", {**wishes[1], "min_age": 0}, check=True)
    steps[5] = Step("gateway_certificates", {**wishes[1], "min_age": 0})
    before = cluster.get(Ref.of(secret))
    ran = play(*steps[:1])
    assert ran.results[0]["changed"] is True
    assert cluster.get(Ref.of(secret)) == before
    ran = play(*steps[1:])
    assert [result["failed"] for result in ran.results] == [False] * 7, ran.output
    assert [result["changed"] for result in ran.results] == [True, False, False, True, True, False, False]
    told = "east: Secret api-front/front: Gateway api-front/front has no ready pod, so this run cannot verify that the gateway serves it."
    assert ran.results[0]["warnings"] == [told]
    for private in (first.key, new.key, ROOT.key):
        assert private.decode().splitlines()[1] not in ran.output
