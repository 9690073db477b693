# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that expires in a cluster in memory, with verdicts. No key and no token is shown."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.modules import certificates_info
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, NOW, OTHER_ROOT, ROOT, root
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import leaf
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

from .test_rotation_info import cluster

PARAMS = {"provider": "istio", "namespace": istio_live.NAMESPACE, "root_namespace": "meshops-system", "root_name": "meshops-root-ca",
          "ca_warn": 60, "ca_critical": 14, "leaf_warn": 40, "leaf_critical": 10, "gateway_warn": 25, "token_age": 365}  # fmt: skip
WEB = leaf("web.example", ROOT, days=(-80, 10))
SERVED = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "shop"}, "data": {
    "tls.crt": base64.b64encode(WEB.pem).decode(), "tls.key": base64.b64encode(WEB.key_pem).decode()}}  # fmt: skip
GATEWAY = {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "web", "namespace": "shop"},
           "spec": {"servers": [{"tls": {"credentialName": "web"}}]}}  # fmt: skip


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.meshops.lifecycle.plugins.module_utils._work.report.certificates_info.SystemClock", lambda: Ticking(start=NOW))


def jwt(**claims: Any) -> str:
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".c2ln"


def remote(token: str) -> dict[str, Any]:
    secret = istio_live.link("west")
    secret["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    secret["data"] = {"west": base64.b64encode(json.dumps({"users": [{"user": {"token": token}}]}).encode()).decode()}
    return secret


def told(*objects: dict[str, Any], **how: Any) -> dict[str, Any]:
    return certificates_info.reconcile(cluster(*objects, **how), PARAMS)


def listed(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["kind"], one["where"]): one for one in found["certificates"]}


def test_all_kinds_of_things() -> None:
    kept = root_secret.secret(root(), "meshops-root-ca", "meshops-system", "shop")
    coming = root_secret.secret(root(OTHER_ROOT), "meshops-root-ca-next", "meshops-system", "shop")
    found = listed(told(kept, coming, GATEWAY, SERVED, remote(jwt(sub="reader"))))
    assert found.keys() == {
        ("root", "istio-system"), ("intermediate", "istio-system"), ("root", "meshops-system/meshops-root-ca"),
        ("root", "meshops-system/meshops-root-ca-next"), ("leaf", "shop/Deployment/server"), ("control plane", "istio-system/Deployment/istiod-stable"),
        ("gateway", "shop/web"), ("token", "istio-system/istio-remote-secret-west"),
    }  # fmt: skip
    assert found["gateway", "shop/web"]["level"] == "warn"
    assert found["intermediate", "istio-system"]["fingerprint"] == EAST.fingerprint
    assert {one["level"] for key, one in found.items() if key[0] in ("root", "intermediate", "leaf")} == {"ok"}


def test_no_key_and_no_token_is_told() -> None:
    token = jwt(sub="reader")
    said = json.dumps(told(GATEWAY, SERVED, remote(token)))
    assert "PRIVATE" not in said
    assert token not in said and token.split(".")[1] not in said


@pytest.mark.parametrize(("token", "end", "level"), [
    pytest.param(jwt(sub="reader"), None, "warn", id="a legacy one by its age"),
    pytest.param("opaque", None, "warn", id="one that says nothing"),
    pytest.param(jwt(iat=(NOW - timedelta(days=1)).timestamp()), None, "ok", id="a young one"),
    pytest.param(jwt(iat=(NOW - timedelta(hours=20)).timestamp(), exp=(NOW + timedelta(hours=4)).timestamp()), "2026-08-27T16:00:00Z", "warn", id="bound"),
    pytest.param(jwt(exp=(NOW - timedelta(hours=4)).timestamp()), "2026-08-27T08:00:00Z", "expired", id="expired"),
    pytest.param(jwt(exp="soon"), None, "warn", id="nonsense"),
    pytest.param(jwt(exp=1e300), None, "warn", id="after all calendars"),
    pytest.param(jwt(exp=float("nan")), None, "warn", id="no number"),
])  # fmt: skip
def test_tokens(token: str, end: str | None, level: str) -> None:
    one = listed(told(remote(token)))["token", "istio-system/istio-remote-secret-west"]
    assert (one["end"], one["level"]) == (end, level)


def test_who_could_not_be_asked_is_named() -> None:
    found = told(answers={})
    assert found["unseen"] == ["proxy shop/server-5c9-abc could not be seen: east: Pod shop/server-5c9-abc is silent"]
    assert ("leaf", "shop/Deployment/server") not in listed(found)


def test_a_gateway_without_its_secret_is_no_failure() -> None:
    assert ("gateway", "shop/web") not in listed(told(GATEWAY))
