# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that a real API server is asked to make and does not, injected by a webhook that counts who called it."""

from __future__ import annotations

import base64
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_compare, cutover_trial
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import ROOT, alternative, make
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace

from .istio_crds import istio_crds
from .journal import Journal, dry, said, writes

_NUMBERS = itertools.count(1)
REV = "istio.io/rev"
HOOK, VALIDATOR = "rev.namespace.sidecar-injector.istio.io", "rev.validation.istio.io"
UNPRIVILEGED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
SERVER = make("localhost", ROOT, ca=False, sign=None, extensions=(alternative("localhost"),))


class Webhook:
    """Injects as `revision`, and refuses hosts of `refused`. `connections` are the ports from which it was called, `calls` all calls."""

    def __init__(self, pem: Path) -> None:
        self.revision, self.calls = "", 0
        self.connections: set[int] = set()
        self.fails: Callable[[], bool] = lambda: False
        self.refused: set[str] = set()
        outer = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
                outer.connections.add(self.client_address[1])
                outer.calls += 1
                time.sleep(0.02)  # as long as istiod takes
                told = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": outer.answer(asked)}).encode()
                self.send_response(500 if outer.fails() else 200)
                self.send_header("Content-Length", str(len(told)))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_what: Any) -> None:
                pass

        pem.write_bytes(SERVER.pem + SERVER.key_pem)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)
        self.server = ThreadingHTTPServer(("localhost", 0), Answering)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.client = {"url": f"https://localhost:{self.server.server_port}/x", "caBundle": base64.b64encode(ROOT.pem).decode()}
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["kind"]["kind"] != "Pod":
            bad = self.refused & set(asked["object"]["spec"].get("hosts") or ())
            return {"uid": asked["uid"], "allowed": not bad, **({"status": {"message": f"configuration is invalid: {min(bad)}"}} if bad else {})}
        limits = {"resources": {"limits": {"cpu": "10m"}}, "securityContext": UNPRIVILEGED}
        proxy = {"op": "add", "path": "/spec/containers/-", "value": {"name": "istio-proxy", "image": "proxy", **limits}}
        note = {"op": "add", "path": "/metadata/annotations", "value": {REV: self.revision}}
        patch = base64.b64encode(json.dumps([proxy, note]).encode()).decode()
        return {"uid": asked["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}


def wait_until(held: Callable[[], bool]) -> None:
    """An API server takes a second to know a new webhook or policy."""
    end = time.monotonic() + 20
    while not held():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.fixture
def webhook(tmp_path: Path) -> Iterator[Webhook]:
    made = Webhook(tmp_path / "webhook.pem")
    yield made
    made.server.shutdown()


def rule(group: str, *resources: str) -> dict[str, Any]:
    return {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": list(resources)}


def hooked(kind: str, name: str, hook: str, webhook: Webhook, revision: str, **selecting: Any) -> dict[str, Any]:
    rest = {"clientConfig": webhook.client, "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "timeoutSeconds": 5}
    meta = {"name": name, "labels": {REV: revision}}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": meta, "webhooks": [{"name": hook, **rest, **selecting}]}


def selector(revision: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": REV, "operator": "In", "values": [revision]}]}


@pytest.fixture
def space(cluster: Cluster, webhook: Webhook) -> Iterator[str]:
    """A namespace of a revision of its own, with a Deployment, and the webhook of that revision."""
    name = f"trial-{next(_NUMBERS):03}"
    webhook.revision = name
    labels = {"app": "shop"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "shop", "image": "shop", "securityContext": UNPRIVILEGED}]}}
    meta = {"name": "shop", "namespace": name}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"selector": {"matchLabels": labels}, "template": template}}
    configuration = hooked(
        "MutatingWebhookConfiguration", f"injector-{name}", HOOK, webhook, name, rules=[rule("", "pods")], namespaceSelector=selector(name)
    )
    spaced = namespace(name)
    spaced["metadata"]["labels"] = {REV: name}
    cluster.apply([spaced, account, made, configuration])
    wait_until(lambda: bool(proved(cluster, name, requests=1, timeout=0)["trials"][0]["answered"]))
    webhook.calls = 0
    webhook.connections.clear()
    yield name
    cluster.delete([Ref.of(one) for one in (configuration, made)])


def proved(cluster: Cluster, where: str | None, **how: Any) -> dict[str, Any]:
    known = {"provider": "istio", "namespace": "istio-system", "primary_kube": None, "revision": where, "space": where, "requests": 5, "timeout": 20}
    return cutover_trial.reconcile(cluster, {**known, **how})


def test_pods_are_injected_as_they_would_be_and_none_is_stored(cluster: Cluster, api_server: Any, webhook: Webhook, space: str) -> None:
    journal = Journal(api_server)
    journal.read()
    target = proved(cluster, space)
    now = proved(cluster, None, timeout=0)  # other tests leave namespaces here whose pods nobody injects: asked again, ours would be, too
    asked = [event for event in writes(journal.read()) if "pods" in said(event)]
    assert (target["faults"], target["trials"]) == ([], [{"namespace": space, "expected": space, "stands_for": 1, "answered": 5}])
    assert [one for one in now["trials"] if one["namespace"] == space] == target["trials"]
    assert (webhook.calls, len(asked) >= 10, {dry(event) for event in asked}) == (10, True, {True})
    assert cluster.list("v1", "Pod", space) == []


def test_more_at_once_are_more_connections_and_so_more_replicas(cluster: Cluster, webhook: Webhook, space: str) -> None:
    """An API server keeps its connections to a webhook, and asks one request after the other on each."""
    seen = []
    webhook.fails = lambda: bool(time.sleep(0.1))  # so that requests overlap on a busy machine, too
    for at_once in (1, 1, 8, 32):
        webhook.connections.clear()
        assert all(answer.live for answer in cluster.rehearse_all([bare(space)] * 32, at_once))
        seen.append(len(webhook.connections))
    assert seen[0] == seen[1] == 1
    assert 4 < seen[2] <= 8 < seen[3]


def test_a_webhook_that_is_late_is_waited_for_and_one_that_fails_is_named(cluster: Cluster, webhook: Webhook, space: str) -> None:
    webhook.fails = lambda: webhook.calls < 8
    assert proved(cluster, space)["faults"] == []
    webhook.fails = lambda: True
    (fault,) = proved(cluster, space, timeout=1)["faults"]
    assert fault.startswith(f'east: a trial pod in namespace {space} was refused: Internal error occurred: failed calling webhook "{HOOK}"')


def test_a_pod_is_its_workloads_own_and_so_passes_the_policy_that_refuses_another(cluster: Cluster, space: str) -> None:
    strict = namespace(space)
    strict["metadata"]["labels"] = {REV: space, "pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply([strict])
    wait_until(lambda: not all(answer.live for answer in cluster.rehearse_all([bare(space)], 1)))
    own = proved(cluster, None, timeout=0)  # other tests leave namespaces here whose pods nobody injects
    assert [(one["answered"], one["namespace"]) for one in own["trials"] if one["namespace"] == space] == [(5, space)]
    assert ([fault for fault in own["faults"] if space in fault], proved(cluster, space)["faults"]) == ([], [])


def test_what_a_policy_refuses_proves_nothing(cluster: Cluster, space: str) -> None:
    limits = [{"type": "Container", "max": {"cpu": "5m"}}]
    cluster.apply([{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small", "namespace": space}, "spec": {"limits": limits}}])
    wait_until(lambda: not all(answer.live for answer in cluster.rehearse_all([bare(space)], 1)))
    refused = proved(cluster, space, timeout=1)
    assert refused["faults"] == []
    assert "proves nothing, because others refuse it" in refused["notices"][0]


def bare(space: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-", "namespace": space}, "spec": {"containers": [{"name": "x", "image": "x"}]}}


def test_the_target_validates_copies_of_what_users_configured(cluster: Cluster, webhook: Webhook, space: str) -> None:
    cluster.apply([istio_crds()["virtualservices.networking.istio.io"]])
    meta = {"namespace": space, "labels": {"team": "x"}}
    route = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService"}
    cluster.apply([{**route, "metadata": {**meta, "name": host}, "spec": {"hosts": [host]}} for host in ("a", "b")])
    validator = hooked(
        "ValidatingWebhookConfiguration", f"validator-{space}", VALIDATOR, webhook, space,
        rules=[rule("networking.istio.io", "*")], objectSelector=selector(space),
    )  # fmt: skip
    (change,) = cluster.apply([validator])
    webhook.refused = {"b"}
    try:
        options = {"provider": "istio", "namespace": "istio-system", "target": space, "former": "none", "allowed": {}, "images": "said"}
        wait_until(lambda: bool(cutover_compare.reconcile(cluster, options)["differences"]))
        compared = cutover_compare.reconcile(cluster, options)
        told = f'admission webhook "{VALIDATOR}" denied the request: configuration is invalid: b'
        expected = f"east: {space} does not accept VirtualService {space}/b ({told}); mend the object first."
        assert [one for one in compared["differences"] if "accept" in one] == [expected]
        assert {one["metadata"]["name"] for one in cluster.list("networking.istio.io/v1", "VirtualService", space)} == {"a", "b"}
    finally:
        cluster.delete([change.ref])
