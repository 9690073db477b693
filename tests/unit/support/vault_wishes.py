# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of `ca` with a root in Vault, and checks of the result, for the stand-in and for Vault's own engines."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.modules import ca
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

CACERTS = Ref("v1", "Secret", "cacerts", "istio-system")


def wish(vault: Any, **given: Any) -> dict[str, Any]:
    way = {"url": vault.url, "mount": "pki", "issuer_ref": "default", "namespace": None, "token": vault.token, "role_id": None, "secret_id": None,
           "approle_mount": "approle", "ca_cert": None, "validate_certs": True}  # fmt: skip
    root = dict.fromkeys(("kube", "certificate", "certificate_file", "private_key", "private_key_file", "chain", "chain_file", "command"))
    root |= {"source": "vault", "namespace": "meshops-system", "name": "x", "timeout": 5}
    root |= {key: value for key, value in given.items() if key in root}
    root["vault"] = {**way, **{key: value for key, value in given.items() if key in way}}
    params = {"provider": "istio", "mesh": "shop", "trust_domain": "shop.example", "namespace": "istio-system", "network": "",
              "key_type": "P-256", "intermediate_days": 90, "root_days": 3650}  # fmt: skip
    return {**params, "root": root}


def parts(cluster: FakeCluster) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in (cluster.get(CACERTS) or {}).get("data", {}).items()}


def failure(vault: Any, **given: Any) -> str:
    cluster = FakeCluster(name="east")
    with pytest.raises(MeshError) as failed:
        ca.reconcile(cluster, wish(vault, **given))
    told = f"{failed.value} {json.dumps(failed.value.facts)}"
    assert cluster.writes == []
    assert [one for one in (vault.token, vault.role[1], *getattr(vault, "tokens", ())) if one in told] == []
    return str(failed.value)
