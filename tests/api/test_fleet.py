# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet plugin as ansible-inventory runs it, with a real API server as the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

from .conftest import Way

GROUP = "cluster.open-cluster-management.io"
NOW = "2026-01-01T00:00:00Z"
UID = "0d6f4c8e-3a51-4b7e-9d0f-1c2b3a4d5e6f"
CLUSTERS: dict[str, dict[str, Any]] = {
    "east": {
        "labels": {"meshops.lifecycle/mesh": "shop", "meshops.lifecycle/site": "dc1", "environment": "prod", f"{GROUP}/clusterset": "shop"},
        "claims": {"id.k8s.io": UID, "region.open-cluster-management.io": "eu-1"},
        "available": "True",
    },
    "rosa": {
        "labels": {"meshops.lifecycle/mesh": "shop", "environment": "prod"},
        "claims": {"id.k8s.io": UID[::-1].replace("-", "0"), "product.open-cluster-management.io": "ROSA"},
        "available": "Unknown",
    },
    "test": {"labels": {"environment": "test"}, "claims": {"evil": "{{ lookup('pipe', 'id') }}"}, "available": "True"},
    "asked": {"labels": {}, "claims": {}, "available": "False", "accepted": False},
}


def crd() -> dict[str, Any]:
    """OCM's own CRD from the folder MESHOPS_CRDS, or else one with only the fields that the plugin reads."""
    folder = Path(os.environ.get("MESHOPS_CRDS") or Path(__file__).resolve().parents[3] / "shared" / "crds")
    real = folder / "ocm" / f"managedclusters.{GROUP}.json"
    if real.is_file():
        return dict(json.loads(real.read_text("utf-8")))
    names = {"kind": "ManagedCluster", "listKind": "ManagedClusterList", "plural": "managedclusters", "singular": "managedcluster"}
    way = {"type": "object", "properties": {"url": {"type": "string"}, "caBundle": {"type": "string", "format": "byte"}}}
    spec = {"hubAcceptsClient": {"type": "boolean"}, "managedClusterClientConfigs": {"type": "array", "items": way}}
    loose = {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    status = {"type": "object", "properties": {"conditions": loose, "clusterClaims": loose}}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": spec}, "status": status}}
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"managedclusters.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Cluster", "versions": [version]},
    }


def managed(name: str, told: dict[str, Any], ca: str) -> dict[str, Any]:
    way = {"url": f"https://api.{name}.example:6443", "caBundle": ca}
    spec = {"hubAcceptsClient": told.get("accepted", True), "managedClusterClientConfigs": [way]}
    return {"apiVersion": f"{GROUP}/v1", "kind": "ManagedCluster", "metadata": {"name": name, "labels": told["labels"]}, "spec": spec}


def status(told: dict[str, Any]) -> dict[str, Any]:
    condition = {"type": "ManagedClusterConditionAvailable", "status": told["available"], "reason": "Lease", "message": "", "lastTransitionTime": NOW}
    return {"conditions": [condition], "clusterClaims": [{"name": name, "value": value} for name, value in told["claims"].items()]}


@pytest.fixture(scope="module")
def hub(admin: dict[str, Any], way: Way) -> dict[str, str]:
    """Fill the hub as the agents of clusters would. A status is written separately from its object."""
    cluster = connect(admin, environ={})
    kubeconfig = yaml.safe_load(Path(way.kubeconfig).read_text("utf-8"))
    ca = kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
    cluster.apply([crd(), *(managed(name, told, ca) for name, told in CLUSTERS.items())])
    for name, told in CLUSTERS.items():
        patch = {"apiVersion": f"{GROUP}/v1", "kind": "ManagedCluster", "metadata": {"name": name}, "status": status(told)}
        path = f"/apis/{GROUP}/v1/managedclusters/{name}/status?fieldManager=agent&force=true"
        answer = cluster._server.transport.request("PATCH", path, body=patch, content_type="application/apply-patch+yaml")
        assert answer.ok, answer.body
    return {"kubeconfig": way.kubeconfig, "context": "admin", "ca": ca}


Listed = Callable[..., dict[str, Any]]


@pytest.fixture
def listed(hub: dict[str, str], way: Way, tmp_path: Path) -> Listed:
    def run(environ: dict[str, str] | None = None, context: str = "admin", fails: bool = False, **wish: Any) -> Any:
        of_hub = {"kubeconfig": hub["kubeconfig"], "context": context, **wish.pop("hub", {})}
        (tmp_path / "acm.fleet.yml").write_text(yaml.safe_dump({"plugin": "meshops.lifecycle.fleet", "hub": of_hub, **wish}), encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
        kept |= {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", "ANSIBLE_NOCOLOR": "true", **(environ or {})}
        command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(tmp_path / "acm.fleet.yml"), "--list"]
        done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=120, check=False)
        assert not any(token in done.stdout + done.stderr for token in way.tokens.values())
        assert bool(done.returncode) is fails, done.stderr
        return " ".join(done.stderr.split()) if fails else json.loads(done.stdout, object_hook=lambda told: told.get("__ansible_unsafe", told))

    return run


def hosts(told: dict[str, Any]) -> dict[str, Any]:
    return dict(told["_meta"]["hostvars"])


def test_managed_clusters_become_hosts_in_groups(listed: Listed, hub: dict[str, str]) -> None:
    told = listed(
        hub={"kube": {"api_key": "{{ vault_tokens[inventory_hostname] }}"}},
        clusters={"rosa": {"mesh_site": "cloud"}},
        keyed_groups=[{"key": "ocm_labels.environment", "prefix": "env"}],
    )
    assert set(hosts(told)) == {"east", "rosa", "test"}
    groups = {name: group["hosts"] for name, group in told.items() if "hosts" in group}
    assert groups == {
        "fleet": ["east", "rosa", "test"], "mesh_shop": ["east", "rosa"], "site_dc1": ["east"], "site_cloud": ["rosa"],
        "provider_istio": ["east", "rosa", "test"], "role_primary": ["east", "rosa", "test"],
        "env_prod": ["east", "rosa"], "env_test": ["test"],
    }  # fmt: skip
    east, rosa = hosts(told)["east"], hosts(told)["rosa"]
    assert (east["mesh_cluster_uid"], east["mesh_locality"], east["ocm_available"]) == (UID, {"region": "eu-1"}, True)
    assert ("mesh_cluster_uid" in rosa, rosa["mesh_platform"], rosa["ocm_available"]) == (False, "openshift", False)
    config = east["mesh_kube"]["kubeconfig"]
    assert config["clusters"][0]["cluster"] == {"server": "https://api.east.example:6443", "certificate-authority-data": hub["ca"]}
    assert config["users"][0]["user"] == {"token": "{{ vault_tokens[inventory_hostname] }}"}


def test_what_a_cluster_claims_is_never_evaluated(listed: Listed) -> None:
    assert hosts(listed())["test"]["ocm_claims"] == {}


@pytest.mark.parametrize(("wish", "names"), [
    ({"selector": "environment=prod"}, {"east", "rosa"}),
    ({"selector": "environment!=test", "clusterset": "shop"}, {"east"}),
    ({"unavailable": "skip"}, {"east", "test"}),
])  # fmt: skip
def test_the_hub_chooses(listed: Listed, wish: dict[str, str], names: set[str]) -> None:
    assert set(hosts(listed(hub=wish))) == names


def test_a_context_of_the_same_name_is_the_way_to_the_cluster(listed: Listed, tmp_path: Path) -> None:
    told = listed(hub={"kube": {"kubeconfig": "~/.kube/fleet"}, "selector": "environment=prod"})
    assert hosts(told)["east"]["mesh_kube"] == {"kubeconfig": "~/.kube/fleet", "context": "east"}


def test_the_cache_answers_for_the_hub(listed: Listed, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = listed(**cache)
    assert first == listed(**cache)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text(kept.read_text("utf-8").replace("eu-1", "eu-9"), encoding="utf-8")
    assert hosts(listed(**cache))["east"]["mesh_locality"] == {"region": "eu-9"}
    assert hosts(listed(**cache, hub={"selector": "environment=prod"}))["east"]["mesh_locality"] == {"region": "eu-1"}


@pytest.mark.parametrize(("wish", "told"), [
    ({"context": "nowhere"}, "acm.fleet.yml: hub: There is no context nowhere in kubeconfig"),
    ({"context": "reader"}, 'User "system:serviceaccount:default:reader" cannot list'),
    ({"hub": {"cluster_uid": "another"}}, "is not the one pinned"),
    ({"clusters": {"wset": {}}}, "acm.fleet.yml: wset: no context or managed cluster has this name"),
    ({"clusters": {"west": {"mesh_kube": {"host": "https://api.east.example:6443"}}}}, "east and west lead to the same cluster"),
])  # fmt: skip
def test_what_is_wrong_is_told_in_a_sentence(listed: Listed, wish: dict[str, Any], told: str) -> None:
    said = listed(fails=True, **wish)
    assert told in said
    assert "Traceback" not in said


def test_a_module_reaches_a_cluster_by_what_the_hub_knows(listed: Listed, hub: dict[str, str], way: Way, admin: dict[str, Any], tmp_path: Path) -> None:
    """The hub's URL and CA, with a token that only the play knows."""
    itself = managed("itself", {"labels": {"environment": "hub"}}, hub["ca"])
    itself["spec"]["managedClusterClientConfigs"][0]["url"] = way.url
    connect(admin, environ={}).apply([itself])
    assert set(hosts(listed(hub={"selector": "environment=hub", "kube": {"api_key": "{{ vault_token }}"}}))) == {"itself"}
    play: dict[str, Any] = {
        "hosts": "fleet",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "module_defaults": {"group/meshops.lifecycle.mesh": "{{ mesh_kube }}"},
        "tasks": [{"meshops.lifecycle.cluster_info": {"cluster": "{{ inventory_hostname }}"}, "register": "told"}],
    }
    play["tasks"].append({"ansible.builtin.debug": {"msg": "{{ told.name }} at {{ told.server }}"}})
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    (tmp_path / "secret.yml").write_text(yaml.safe_dump({"vault_token": way.tokens["admin"]}), encoding="utf-8")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "-vvv", "-i", str(tmp_path / "acm.fleet.yml"), "-e", f"@{tmp_path / 'secret.yml'}", str(tmp_path / "play.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert f"itself at {way.url}" in done.stdout, done.stdout + done.stderr
    assert way.tokens["admin"] not in done.stdout + done.stderr


def test_a_cluster_that_is_no_hub_is_told(listed: Listed, admin: dict[str, Any]) -> None:
    """This test is the last one, because it removes the CRD."""
    cluster = connect(admin, environ={})
    cluster.delete([Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"managedclusters.{GROUP}", None)], wait=60)
    assert "has no API for ManagedCluster, so it is no hub of ACM or OCM." in listed(fails=True)
