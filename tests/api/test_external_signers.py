# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A root whose key somebody else has, as Ansible runs the modules, on a real API server: a real program that signs, and what copies Vault's API."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support import external_ca
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import Office, asked, opened
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_vault import Vault, running
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_live import istio_csr
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks, outlets
from cryptography.hazmat.primitives import serialization

from .conftest import Play, Step
from .test_secrets import PIPELINING

WRONG = {
    "another key": "key_does_not_match",
    "no CA": "not_a_ca",
    "another root": "chain_does_not_verify",
    "expired": "expired",
    "garbage": "",
    "fails": "",
}


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = opened()
    made.store(tmp_path / "office")
    return made


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with running(Vault({"default": (opened("root of Vault"), ())}), tmp_path) as one:
        yield one


def by_command(name: str, folder: Path, how: str = "well", **more: Any) -> dict[str, Any]:
    words = [sys.executable, external_ca.__file__, str(folder), how]
    root = {"source": "command", "command": words, "certificate_file": str(folder / "ca.pem"), **more}
    return {"mesh": name, "trust_domain": "shop.example", "namespace": f"{name}-system", "root": root}


def by_vault(name: str, vault: Vault, folder: Path, **way: Any) -> dict[str, Any]:
    way = {"url": vault.url, "ca_cert": str(folder / "vault-ca.pem"), **(way or {"token": vault.token})}
    return {"mesh": name, "trust_domain": "shop.example", "namespace": f"{name}-system", "root": {"source": "vault", "vault": way}}


def key(cluster: Cluster, space: str) -> bytes:
    found = cluster.get(Ref("v1", "Secret", "cacerts", space))
    assert found
    return base64.b64decode(found["data"]["ca-key.pem"])


def test_a_command_from_nothing_to_kept(play: Play, cluster: Cluster, office: Office, tmp_path: Path) -> None:
    options = by_command("by-command", tmp_path / "office")
    ran = play(Step("ca_info", options), Step("ca", options, check=True), Step("ca", options), Step("ca", options), environ=PIPELINING)
    before, planned, first, second = ran.results
    assert [result["failed"] for result in ran.results] == [False] * 4, ran.output
    assert (before["action"], before["findings"], before["source"]) == ("issue", [], first["root"]["fingerprint"])
    assert [one["object"] for one in planned["changes"]] == [one["object"] for one in first["changes"]]
    assert [result["changed"] for result in ran.results] == [False, True, True, False]
    assert first["root"]["subject"] == "CN=company root"
    assert [one["told"]["MESHOPS_CLUSTER"] for one in asked(tmp_path / "office")] == ["east"]
    assert second["action"] == "kept"


def test_bad_answers_are_refused_before_a_write(play: Play, cluster: Cluster, office: Office, tmp_path: Path) -> None:
    ran = play(*(Step("ca", by_command("by-nobody", tmp_path / "office", how)) for how in WRONG), environ=PIPELINING)
    assert [result["failed"] for result in ran.results] == [True] * len(WRONG)
    assert [(result.get("reasons") or [""])[0] for result in ran.results] == list(WRONG.values()), ran.output
    assert cluster.get(Ref("v1", "Namespace", "by-nobody-system")) is None
    assert "did not sign and ended with 3: trying / the HSM is locked / slot 3 is empty" in ran.results[-1]["msg"]


def test_where_istio_csr_signs_nothing_is_written(play: Play, cluster: Cluster, office: Office, tmp_path: Path) -> None:
    cluster.apply([namespace("by-istio-csr-system"), *istio_csr("by-istio-csr-system")])
    options = by_command("by-istio-csr", tmp_path / "office")
    looked, left = play(Step("ca_info", options), Step("ca", options), environ=PIPELINING).results
    assert (looked["action"], looked["findings"], looked["present"]) == ("leave", [], False)
    assert (left["action"], left["changed"], left["changes"]) == ("left", False, [])
    assert "cert-manager's istio-csr (cert-manager-istio-csr.cert-manager.svc:443) signs this cluster's certificates instead" in " ".join(left["warnings"])
    assert cluster.get(Ref("v1", "Secret", "cacerts", "by-istio-csr-system")) is None
    assert asked(tmp_path / "office") == []


def test_what_is_missing_is_said_by_its_name(play: Play) -> None:
    given = {"mesh": "x", "root": {"source": "command"}}, {"mesh": "x", "root": {"source": "vault", "vault": {"url": "https://vault.example"}}}
    without_words, without_token = play(*(Step("ca", one) for one in given)).results
    assert "source is command but all of the following are missing: command" in without_words["msg"]
    assert "one of the following is required: token, role_id" in without_token["msg"]


def test_no_key_and_no_token_is_written_anywhere(play: Play, cluster: Cluster, office: Office, vault: Vault, tmp_path: Path) -> None:
    role, secret = vault.role
    steps = {
        "command": Step("ca", by_command("leaks-command", tmp_path / "office")),
        "command that fails": Step("ca", by_command("leaks-fails", tmp_path / "office", "fails")),
        "vault": Step("ca", by_vault("leaks-vault", vault, tmp_path)),
        "vault in check mode": Step("ca", by_vault("leaks-check", vault, tmp_path), check=True),
        "vault again": Step("ca", by_vault("leaks-vault", vault, tmp_path)),
        "a look": Step("ca_info", by_vault("leaks-vault", vault, tmp_path)),
        "approle": Step("ca", by_vault("leaks-approle", vault, tmp_path, role_id=role, secret_id=secret)),
        "another token": Step("ca", by_vault("leaks-denied", vault, tmp_path, token="hvs.CAESIK-of-somebody-else-entirely")),
        "an option that is not known": Step("ca", {**by_vault("leaks-wrong", vault, tmp_path), "rot": {}}),
        "an option of Vault that is not known": Step("ca", by_vault("leaks-wrong", vault, tmp_path, token=vault.token, tokn="x")),
    }
    with outlets() as out:
        surroundings = {**out.environ(), **PIPELINING}
        with out.watching() as watch:
            played = play(*steps.values(), environ=surroundings, verbosity="-vvvv")
        places = {**out.places(played.output, watch), "what the tasks returned": json.dumps(played.results).encode()}
    results = dict(zip(steps, played.results, strict=True))
    failing = {"command that fails", "another token", "an option that is not known", "an option of Vault that is not known"}
    assert {name for name, result in results.items() if result["failed"]} == failing, played.output
    assert "permission denied" in results["another token"]["msg"]
    form = serialization.PrivateFormat.PKCS8
    secrets = {f"the key of {name}": key(cluster, f"leaks-{name}-system") for name in ("command", "vault", "approle")}
    secrets |= {"the token": vault.token.encode(), "another token": b"hvs.CAESIK-of-somebody-else-entirely", "the secret ID": secret.encode()}
    secrets |= {"the signer's key": office.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())}
    assert leaks(secrets, places) == []
