# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace the certificate of a gateway while every request makes a TLS handshake with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate
from ansible_collections.meshops.lifecycle.tests.e2e.under_load import under_load

SPACE, HOST = "istio-system", "shop.example"
GATEWAY = {
    "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "front", "namespace": SPACE},
    "spec": {"selector": {"istio": "eastwestgateway"}, "servers": [
        {"port": {"number": 8443, "name": "https", "protocol": "HTTPS"}, "hosts": [HOST], "tls": {"mode": "SIMPLE", "credentialName": "front"}}]},
}  # fmt: skip
PUBLIC = issue.new_root("a public CA", "ca.example", "P-256", datetime.now(UTC), 30)


def leaf(*hosts: str) -> Material:
    return issue.new_leaf(PUBLIC, hosts, "ca.example", "P-256", datetime.now(UTC), 20)


def wish(made: Material | None = None) -> dict[str, Any]:
    given = {"certificate": made.certificate.decode(), "private_key": made.key.decode()} if made else {}
    return {"cluster": "east", "namespace": SPACE, "name": "front", **given}


@pytest.fixture(scope="module")
def front(estate: Estate, app: Estate) -> Iterator[str]:
    """Let the east-west gateway of east also serve a host with a certificate. Return the address of its pod."""
    first = leaf(HOST)
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": GATEWAY["metadata"],
              "stringData": {"tls.crt": first.certificate.decode(), "tls.key": first.key.decode()}}  # fmt: skip
    for manifest in (json.dumps(secret), json.dumps(GATEWAY)):
        estate.kubectl("east", "apply", "-f", "-", given=manifest)
    yield estate.get("east", "pods", "-n", SPACE, "-l", "istio=eastwestgateway")["items"][0]["status"]["podIP"]
    for words in (("-n", SPACE, "secret/front"), ("-n", SPACE, "gateways.networking.istio.io/front")):
        estate.kubectl("east", "delete", *words, "--wait=true")


def test_a_given_one_is_served_and_no_handshake_fails(estate: Estate, front: str) -> None:
    estate.play("rotate", rotate="gateways", rotate_certificates=[wish(leaf(HOST))]).succeeded()
    made = leaf(HOST)
    # Nothing is routed, so each answer is a 404: what counts is that it comes.
    words = ("-k", "-keepalive=false", "-allow-initial-errors", "-resolve", front, "-qps", "50", "-c", "2")
    with under_load(estate, *words, f"https://{HOST}:8443/") as codes:
        run = estate.play("rotate", "-v", "--diff", rotate="gateways", rotate_certificates=[wish(made)]).succeeded()
    print(f"{run.seconds:.1f} s; {dict(codes)}")
    assert list(codes) == ["404"]
    assert made.key.decode().splitlines()[1] not in run.output
    assert estate.play("rotate", rotate="gateways", rotate_certificates=[wish(made)]).succeeded().changed == {"east": 0, "west": 0}


def test_one_for_another_host_is_refused(estate: Estate, front: str) -> None:
    run = estate.play("rotate", rotate="gateways", rotate_certificates=[wish(leaf("other.example"))])
    assert run.failed
    assert run.lines("does not cover shop.example")


def test_the_root_issues_one_on_request(estate: Estate, front: str) -> None:
    run = estate.play("rotate", "-v", rotate="gateways", rotate_certificates=[wish()], rotate_gateway_issue=20).succeeded()
    assert run.changed["east"] >= 1
    again = estate.play("rotate", rotate="gateways", rotate_certificates=[wish()], rotate_gateway_issue=20).succeeded()
    assert again.changed == {"east": 0, "west": 0}
