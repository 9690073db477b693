# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of clusters and inventories: one clear sentence each, and nothing is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate, Run, inventory_with


def _kube(estate: Estate, **changes: Any) -> dict[str, Any]:
    return {"mesh_kube": {"kubeconfig": estate.kubeconfig, "context": "{{ inventory_hostname }}", **changes}}


@pytest.fixture(scope="module", autouse=True)
def there(mesh: Estate) -> None:
    """All tests here need an installed mesh."""


def _sentence(run: Run, *words: str) -> str:
    """The one line with the message. There must be no traceback."""
    assert run.rc != 0, run.output
    assert "Traceback" not in run.output
    found = [line for line in run.lines(*words) if "ERROR" in line or "msg" in line or "fatal" in line or line.lstrip().startswith(("- ", '"'))]
    assert found, run.output[-4000:]
    return found[0]


def test_a_context_that_is_not_there_is_named_with_those_that_are(estate: Estate, tmp_path: Path) -> None:
    wrong = inventory_with(estate, tmp_path / "inventory", _kube(estate, context="wset"))
    _sentence(wrong.play("preflight"), "west", "wset", "east")


def test_a_context_of_another_cluster_is_stopped_by_the_pin(estate: Estate, tmp_path: Path) -> None:
    uid = estate.get("west", "namespace", "kube-system")["metadata"]["uid"]
    wrong = inventory_with(estate, tmp_path / "inventory", {**_kube(estate, context="east"), "mesh_cluster_uid": uid})
    _sentence(wrong.play("site"), "west", uid, "kube-system")


def test_two_names_for_one_cluster_are_found_without_a_pin(estate: Estate, tmp_path: Path) -> None:
    wrong = inventory_with(estate, tmp_path / "inventory", _kube(estate, context="east"))
    _sentence(wrong.play("preflight"), "east and west lead to the same cluster")


def _api(estate: Estate, cluster: str) -> tuple[str, Path]:
    """The URL and the CA file of a cluster's API server."""
    config = yaml.safe_load(Path(estate.kubeconfig).read_text())
    found = next(entry["cluster"] for entry in config["clusters"] if entry["name"] == cluster)
    return found["server"], base64.b64decode(found["certificate-authority-data"])


def _token(estate: Estate, tmp_path: Path, token: str) -> Estate:
    server, ca = _api(estate, "west")
    (tmp_path / "ca.crt").write_bytes(ca)
    kube = {"host": server, "api_key": token, "ca_cert": str(tmp_path / "ca.crt")}
    return inventory_with(estate, tmp_path / "inventory", {"mesh_kube": kube})


def test_a_token_that_is_no_longer_valid_is_told_as_such(estate: Estate, tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1}).encode()).decode().rstrip("=")
    run = _token(estate, tmp_path, f"eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl").play("preflight")
    _sentence(run, "west", "401")
    assert claims not in run.output


@pytest.fixture
def reader(estate: Estate) -> Iterator[str]:
    """A token for west that may read and not write."""
    estate.kubectl("west", "create", "serviceaccount", "onlooker", "-n", "default")
    estate.kubectl("west", "create", "clusterrolebinding", "onlooker", "--clusterrole=view", "--serviceaccount=default:onlooker")
    yield estate.kubectl("west", "create", "token", "onlooker", "-n", "default").strip()
    estate.kubectl("west", "delete", "clusterrolebinding", "onlooker")
    estate.kubectl("west", "delete", "serviceaccount", "onlooker", "-n", "default")


def _versions(estate: Estate) -> dict[str, str]:
    """The versions of all objects of the mesh that a run could have written, without the Leases of istiod's leader election."""
    found = {}
    for cluster in ("east", "west"):
        for item in estate.get(cluster, "secrets,services,deployments,configmaps,gateways.networking.istio.io", "-n", "istio-system")["items"]:
            meta = item["metadata"]
            if "control-plane.alpha.kubernetes.io/leader" not in (meta.get("annotations") or {}):
                found[f"{cluster} {item['kind']} {meta['name']}"] = str(meta.get("generation") or meta["resourceVersion"])
    return found


def test_missing_permissions_are_listed_before_the_first_write(estate: Estate, tmp_path: Path, reader: str) -> None:
    before = _versions(estate)
    run = _token(estate, tmp_path, reader).play("site")
    _sentence(run, "west", "may not", "create secrets in istio-system")
    assert run.failed == ["west"], "east is red although nothing is wrong with it"
    assert run.lines("east: this cluster has no findings, but the run writes nothing anywhere")
    assert reader not in run.output
    assert _versions(estate) == before


def test_a_crd_of_another_owner_is_named_with_its_owner(estate: Estate) -> None:
    estate.kubectl("west", "annotate", "crd", "gateways.networking.istio.io", "meta.helm.sh/release-name=mesh-of-others", "--overwrite")
    try:
        _sentence(estate.play("preflight"), "west", "gateways.networking.istio.io", "mesh-of-others")
    finally:
        estate.kubectl("west", "annotate", "crd", "gateways.networking.istio.io", "meta.helm.sh/release-name=istio-base", "--overwrite")


def test_one_cluster_that_is_cut_off_is_named_and_the_other_finishes(estate: Estate) -> None:
    estate.lab("cut", "west")
    try:
        run = estate.play("site")
        _sentence(run, "west", "198.18.")
        assert run.failed == ["west"], run.output
        assert run.recap["east"].ok > 5
    finally:
        estate.lab("mend", "west")
    again = estate.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_clusters_of_two_roots_are_refused_by_name(estate: Estate) -> None:
    """West's trust bundle is replaced by one that shares nothing with east's; the links must not be touched."""
    secret = estate.get("west", "secret", "cacerts", "-n", "istio-system")
    held = estate.get("west", "configmap", "istio-ca-root-cert", "-n", "istio-system")["data"]["root-cert.pem"]
    assert held.startswith("-----BEGIN CERTIFICATE-----")
    other = _other_root()
    stranger = {**secret["data"], "root-cert.pem": base64.b64encode(other).decode()}
    estate.kubectl("west", "patch", "secret", "cacerts", "-n", "istio-system", "--type=merge", "-p", json.dumps({"data": stranger}))
    try:
        _sentence(estate.play("site"), "west")
        links = estate.names("east", "secrets", "-n", "istio-system", "-l", "istio/multiCluster=true")
        assert links == ["istio-remote-secret-west"]
    finally:
        estate.kubectl("west", "patch", "secret", "cacerts", "-n", "istio-system", "--type=merge", "-p", json.dumps({"data": secret["data"]}))
    estate.play("site").succeeded()


def _other_root() -> bytes:
    from datetime import UTC, datetime

    from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.issue import new_root

    return new_root("stranger", "elsewhere", "P-256", datetime.now(UTC), 30).certificate
