# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules ca and ca_info as Ansible runs them, on a real API server: what they make and keep, and what they show and never show."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import issuer, key, make

from .conftest import BESIDE, OURS, Play, Step


def wish(name: str, admin: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Each test has a mesh of its own; the API server is also the trust cluster, reached by a second connection."""
    root = {"kube": admin, "namespace": f"{name}-root", **given.pop("root", {})}
    return {"mesh": name, "trust_domain": "shop.example", "namespace": f"{name}-system", "network": "onprem", "root": root, **given}


def secret(admin: dict[str, Any], name: str, namespace: str) -> dict[str, bytes]:
    found = connect(admin, environ={}).get(Ref("v1", "Secret", name, namespace))
    return {part: base64.b64decode(value) for part, value in (found or {}).get("data", {}).items()}


def forms(private: bytes) -> list[str]:
    """A key in PEM, its body, and parts of that; plain, base64 and hex."""
    lines = private.splitlines()
    body = b"".join(line for line in lines if not line.startswith(b"-----"))
    raw = [private, body, base64.b64decode(body), lines[1], body[:40], body[40:80]]
    plain = [one.decode() for one in (private, private.replace(b"\n", b"\\n"), lines[1], body[:40], body[40:80])]
    return [*plain, *(base64.b64encode(one).decode() for one in raw), *(one.hex() for one in raw)]


@pytest.mark.parametrize(("interpreter", "name"), [(OURS, "api-ca"), (BESIDE, "api-ca-beside")], ids=["in process", "as a module"])
def test_from_nothing_to_kept(play: Play, admin: dict[str, Any], name: str) -> None:
    options = wish(name, admin)
    ran = play(
        Step("ca_info", options), Step("ca", options, check=True), Step("ca", options), Step("ca", options),
        Step("ca", options, check=True), Step("ca_info", options),
    )  # fmt: skip
    before, planned, first, second, checked, after = ran.results
    assert [result["failed"] for result in ran.results] == [False] * 6, ran.output
    assert (before["action"], before["findings"], before["source"]) == ("issue", [], None)
    assert [change["object"] for change in planned["changes"]] == [change["object"] for change in first["changes"]]
    assert [result["changed"] for result in ran.results] == [False, True, True, False, False, False]
    assert planned["root"] is planned["intermediate"] is None
    assert first["root"]["fingerprint"] == first["source"] == after["trust"]["signs_under"]
    assert (second["action"], checked["action"], after["action"]) == ("kept", "kept", "keep")
    keys = [secret(admin, "cacerts", f"{name}-system")["ca-key.pem"], secret(admin, "meshops-root-ca", f"{name}-root")["root-key.pem"]]
    assert [form for key in keys for form in forms(key) if form in ran.output] == []
    space = connect(admin, environ={}).get(Ref("v1", "Namespace", f"{name}-system"))
    assert space
    assert space["metadata"]["labels"]["topology.istio.io/network"] == "onprem"


def test_a_given_root_is_never_shown(play: Play, admin: dict[str, Any]) -> None:
    made = issue.new_root("given root", "shop.example", "P-256", datetime.now(UTC), 30)
    root = {"source": "inline", "kube": None, "certificate": made.certificate.decode(), "private_key": made.key.decode()}
    wrong = {**root, "certificate": issue.new_root("x", "o", "P-256", datetime.now(UTC), 30).certificate.decode()}
    ran = play(*(Step("ca", wish("api-given", admin, root=one)) for one in (wrong, root)))
    refused, issued = ran.results
    assert refused["reasons"] == ["key_does_not_match"]
    assert refused["msg"].startswith("The mesh's root: the key in root.private_key (EC P-256) does not match the certificate 'CN=x,O=o'")
    assert issued["root"]["subject"] == "CN=given root,O=shop.example"
    assert "plan its rotation" in " ".join(issued["warnings"])
    assert [form for form in forms(made.key) if form in ran.output] == []


@pytest.mark.parametrize("options", [
    pytest.param({"key_type": "Ed25519"}, id="Ed25519"),
    pytest.param({"root": {"source": "secret", "name": "nowhere"}}, id="no such Secret"),
])  # fmt: skip
def test_what_is_refused_makes_nothing(play: Play, admin: dict[str, Any], options: dict[str, Any]) -> None:
    ran = play(Step("ca", wish("api-refused", admin, **options)))
    assert ran.results[0]["failed"]
    assert ran.results[0]["findings"]
    assert connect(admin, environ={}).get(Ref("v1", "Namespace", "api-refused-system")) is None


def test_an_expired_one_of_ours_is_replaced(play: Play, admin: dict[str, Any]) -> None:
    above = make("old root", own=key(number=1), days=(-3000, 5000))
    old = issuer(make("Intermediate CA east", above, key(number=3), path_length=0, days=(-2000, -1000)), under=(above,))
    cluster = connect(admin, environ={})
    cluster.apply([trust.namespace("api-expired-system")])
    cluster.create(trust.manifests(old, "api-expired-system", "api-expired")[0])
    root = {"source": "inline", "kube": None, "certificate": above.pem.decode(), "private_key": above.key_pem.decode()}
    options = wish("api-expired", admin, root=root)
    looked, issued, kept = play(Step("ca_info", options), Step("ca", options), Step("ca", options)).results
    assert (looked["action"], looked["expiry"]["intermediate"]["level"]) == ("issue", "expired")
    assert (issued["action"], issued["changed"], issued["expiry"]["intermediate"]["level"]) == ("issued", True, "ok")
    assert (kept["action"], kept["changed"]) == ("kept", False)
