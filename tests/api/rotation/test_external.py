# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations to a root whose key somebody else has, on two real API servers with a stand-in for istiod on each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.tests.unit.support import external_ca
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import Office, asked, opened
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_vault import Vault, running

from .play import SPECS, Stopped
from .stand_in import CACERTS
from .two import Two, fingerprints


def by_command(folder: Path, office: Office, how: str = "well") -> dict[str, Any]:
    words = [sys.executable, external_ca.__file__, str(folder), how]
    return {"source": "command", "command": words, "certificate": office.pem.decode()}


def ends(two: Two) -> list[dict[str, Any]]:
    found = two.state()
    return [{part: found[name][part] for part in ("signs", "trusts", "handed out", "kept")} for name in ("east", "west")]


def under(pem: bytes, two: Two) -> bool:
    """Whether both clusters sign under this root, trust nothing else, and keep nothing."""
    own = fingerprints(pem)
    held = [two.clusters[name].get(CACERTS) or {} for name in ("east", "west")]
    bundles = [fingerprints(decoded(one["data"]["root-cert.pem"])) for one in held]
    return bundles == [own, own] and [one["kept"] for one in ends(two)] == [False, False]


def test_from_a_generated_root_to_an_external_one(two: Two, tmp_path: Path) -> None:
    """With the playbook itself."""
    office = opened()
    office.store(tmp_path)
    shown = two.rotate("--check", mesh_root=by_command(tmp_path, office)).succeeded()
    assert "introduce in east, west" in shown.said
    assert asked(tmp_path) == []
    two.rotate(mesh_root=by_command(tmp_path, office)).succeeded()
    assert under(office.pem, two)
    assert sorted(one["told"]["MESHOPS_CLUSTER"] for one in asked(tmp_path)) == ["east", "west"]
    again = two.rotate(mesh_root=by_command(tmp_path, office)).succeeded()
    assert again.changed == 0
    assert len(asked(tmp_path)) == 2


def test_intermediates_of_an_external_root(two: Two, tmp_path: Path) -> None:
    office = opened()
    office.store(tmp_path)
    two.play(root=by_command(tmp_path, office)).run()
    before = [(two.clusters[name].get(CACERTS) or {})["data"]["ca-cert.pem"] for name in ("east", "west")]
    two.play(root=by_command(tmp_path, office), kind="intermediate", min_age=0).run()
    after = [(two.clusters[name].get(CACERTS) or {})["data"]["ca-cert.pem"] for name in ("east", "west")]
    assert not set(before) & set(after)
    assert under(office.pem, two)
    assert len(asked(tmp_path)) == 4


@pytest.mark.parametrize(("how", "said"), [
    ("another key", "the key in the signing request (EC P-256) does not match"),
    ("another root", "the chain does not verify"),
    ("fails", "did not sign and ended with 3"),
])  # fmt: skip
def test_a_signer_that_does_not_is_repaired_and_the_run_repeated(two: Two, tmp_path: Path, how: str, said: str) -> None:
    """When it fails, both roots are trusted and no cluster signs under the new one."""
    office = opened()
    office.store(tmp_path)
    with pytest.raises(Stopped, match="stops after reissue") as stopped:
        two.play(root=by_command(tmp_path, office, how)).run()
    assert said in str(stopped.value)
    assert [one["signs"] for one in ends(two)] == ["old", "old"]
    assert {len(one["trusts"]) for one in ends(two)} == {2}
    two.play(root=by_command(tmp_path, office)).run()
    assert under(office.pem, two)


def test_to_a_root_in_vault(two: Two) -> None:
    office = opened("root of Vault")
    with running(Vault({"default": (office, ())})) as vault:
        way = {"url": vault.url, "token": vault.token}
        two.play(root={"source": "vault", "vault": way}, plan=True).run()
        assert {method for method, _path, _body in vault.asked} == {"GET"}
        two.play(root={"source": "vault", "vault": way}).run()
    assert under(office.pem, two)
    signed = [body["common_name"] for _method, path, body in vault.asked if path.endswith("sign-intermediate")]
    assert sorted(signed) == ["Intermediate CA east", "Intermediate CA west"]
    chain = x509.bundle(decoded((two.clusters["east"].get(CACERTS) or {})["data"]["cert-chain.pem"]))
    assert [one.subject for one in chain] == ["CN=Intermediate CA east,O=shop.example", "CN=root of Vault"]


def test_turned_back_the_signer_is_not_asked(two: Two, tmp_path: Path) -> None:
    office = opened()
    office.store(tmp_path)

    def between(step: str) -> None:
        if step == "retire":
            raise Stopped("by hand")

    with pytest.raises(Stopped, match="by hand"):
        two.play(root=by_command(tmp_path, office), between=between).run()
    two.play(root=by_command(tmp_path, office), rollback=True).run()
    assert [one["signs"] for one in ends(two)] == ["old", "old"]
    assert len(asked(tmp_path)) == 2


def test_the_specs_know_the_signers() -> None:
    assert all("command" in spec["root"]["options"] for module, spec in SPECS.items() if "root" in spec), list(SPECS)
