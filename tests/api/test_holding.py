# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about trust on a server without running pods: the CA, the trust bundles, pods that cannot answer, and what expires."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import OTHER_ROOT, ROOT, issuer
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import bundle, config_map, proxied

from .conftest import Play, Step
from .istio_crds import istio_crds
from .spaces import removed
from .test_ca import forms

SYSTEM = "held-system"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyZWFkZXIifQ.c2lnbmF0dXJl"
REMOTE = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "istio-remote-secret-west", "namespace": SYSTEM, "labels": {"istio/multiCluster": "true"}},
    "data": {"west": base64.b64encode(f'{{"users": [{{"user": {{"token": "{TOKEN}"}}}}]}}'.encode()).decode()},
}  # fmt: skip
GATEWAY = {
    "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "web", "namespace": "held-shop"},
    "spec": {"selector": {"istio": "nobody"}, "servers": [{"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": ["*"],
                                                          "tls": {"mode": "SIMPLE", "credentialName": "web"}}]},
}  # fmt: skip
SERVED = {
    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "web", "namespace": "held-shop"},
    "data": {"tls.crt": base64.b64encode(OTHER_ROOT.pem).decode(), "tls.key": base64.b64encode(OTHER_ROOT.key_pem).decode()},
}  # fmt: skip


def space(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def pod(cluster: Cluster, name: str, phase: str) -> dict[str, Any]:
    """A pod with the status that a kubelet would report. There is no kubelet, so no port-forward reaches it."""
    made = proxied(name, "held-shop", owner=None)
    made["metadata"] = {"name": name, "namespace": "held-shop"}
    ours = [{"name": "CA_ADDR", "value": f"istiod.{SYSTEM}.svc:15012"}]
    made["spec"] = {"automountServiceAccountToken": False, "containers": [{"name": "istio-proxy", "image": "proxyv2", "env": ours}]}
    status = {**made.pop("status"), "phase": phase}
    status["containerStatuses"] = [{**status["containerStatuses"][1], "image": "x", "imageID": "x", "ready": True, "restartCount": 0}]
    cluster.create(made)
    path = f"/api/v1/namespaces/held-shop/pods/{name}/status"
    answer = cluster._server.transport.request("PATCH", path, body={"status": status}, content_type="application/merge-patch+json")
    assert answer.ok, answer.body
    return made


@pytest.fixture(scope="module")
def there(admin: dict[str, Any]) -> Iterator[Cluster]:
    cluster = connect(admin, environ={})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "held-shop"}}
    (cacerts,) = trust.manifests(issuer(), SYSTEM, "held")
    objects = [space(SYSTEM), space("held-shop"), space("held-odd"), account, cacerts, config_map("held-shop", bundle(ROOT)), config_map("held-odd", None)]
    cluster.apply([*objects, REMOTE, SERVED, istio_crds()["gateways.networking.istio.io"], GATEWAY])
    pods = [pod(cluster, name, phase) for name, phase in (("runs", "Running"), ("ended", "Succeeded"))]
    yield cluster
    removed(cluster, [*objects, REMOTE, SERVED, GATEWAY, *pods])


def test_bundles_and_pods_are_measured_by_the_ca(there: Cluster, play: Play) -> None:
    ran = play(Step("rotation_info", {"namespace": SYSTEM, "mesh": "held"}), Step("rotation_info", {"namespace": SYSTEM, "mesh": "other", "limit": 1}))
    told, other = ran.results
    assert not told["failed"], ran.output
    assert told["standing"]["trusts"] == [ROOT.fingerprint]
    assert told["faults"] == []
    ours = [one for one in told["laggards"] if " held-" in one]
    assert len(ours) == 2, told["laggards"]
    assert ours[0] == "trust bundle held-odd/istio-ca-root-cert could not be seen: it has no root-cert.pem"
    assert ours[1].startswith("proxy held-shop/runs could not be seen: east:")
    assert other["faults"] == ["east: its CA was made for the mesh held, not for other."]
    assert (other["laggard_count"], len(other["laggards"])) == (told["laggard_count"], 1)
    assert [form for form in forms(issuer().key) if form in ran.output] == []


def test_a_bundle_that_was_tampered_with_is_named(there: Cluster, play: Play) -> None:
    there.apply([config_map("held-odd", bundle(ROOT, OTHER_ROOT))], force=True)
    (told,) = play(Step("rotation_info", {"namespace": SYSTEM})).results
    (laggard,) = [one for one in told["laggards"] if "held-odd" in one]
    assert OTHER_ROOT.fingerprint[:12] in laggard


def test_all_that_expires(there: Cluster, play: Play) -> None:
    ran = play(Step("certificates_info", {"namespace": SYSTEM, "root_namespace": "held-root"}))
    (told,) = ran.results
    assert not told["failed"], ran.output
    found = {(one["kind"], one["where"]): one for one in told["certificates"]}
    assert found["gateway", "held-shop/web"]["fingerprint"] == OTHER_ROOT.fingerprint
    assert found["token", f"{SYSTEM}/istio-remote-secret-west"]["level"] == "ok"
    assert {("root", SYSTEM), ("intermediate", SYSTEM)} <= found.keys()
    assert [one for one in told["unseen"] if one.startswith("proxy held-shop/runs")]
    assert TOKEN not in ran.output
    assert [form for form in forms(OTHER_ROOT.key_pem) if form in ran.output] == []


def test_without_rights_it_says_which(way: Any, play: Play) -> None:
    (told,) = play(Step("rotation_info", {"namespace": SYSTEM, "context": "reader"})).results
    assert told["failed"]
    assert told["msg"].startswith("east: not allowed to")
