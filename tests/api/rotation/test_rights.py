# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a credential may not do is named before the first write, and the rights that are asked for are enough."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

from ..journal import Journal, dry, said, writes
from .two import LIMITS, Two, settled

_RBAC = "rbac.authorization.k8s.io"
# Who a cluster is has to be known before anything is asked of it.
_IDENTITY = [{"verb": "get", "group": "", "resource": "namespaces", "name": "kube-system"}]
Rights = Sequence[dict[str, str]]


def rule(right: dict[str, str]) -> dict[str, Any]:
    named = {"resourceNames": [right["name"]]} if "name" in right else {}
    return {"apiGroups": [right["group"]], "resources": [right["resource"]], "verbs": [right["verb"]], **named}


def grant(cluster: Cluster, account: str, rights: Rights) -> None:
    """Grant only these rights. A right in a namespace comes from a Role there, as from an administrator who grants no more than needed."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "default"}
    for space in sorted({right.get("namespace", "") for right in rights}):
        kind, place = ("Role", {"namespace": space}) if space else ("ClusterRole", {})
        metadata = {"name": account, **place}
        rules = [rule(right) for right in rights if right.get("namespace", "") == space]
        role = {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": rules}
        to = {"apiGroup": _RBAC, "kind": kind, "name": account}
        binding = {"apiVersion": f"{_RBAC}/v1", "kind": f"{kind}Binding", "metadata": metadata, "subjects": [subject], "roleRef": to}
        cluster.apply([role, binding])


def login(two: Two, name: str, account: str) -> dict[str, Any]:
    """The connection of a service account, which may do nothing yet."""
    cluster = two.clusters[name]
    cluster.apply([{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": "default"}}])
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    answer = cluster._server.transport.request("POST", f"/api/v1/namespaces/default/serviceaccounts/{account}/token", body=request)
    assert answer.ok, answer.body
    config = yaml.safe_load(Path(two.ways[name].kubeconfig).read_text())
    config["users"] = [{"name": account, "user": {"token": answer.json()["status"]["token"]}}]
    config["contexts"] = [{"name": account, "context": {"cluster": config["clusters"][0]["name"], "user": account}}]
    file = two.home / f"{name}-{account}.yml"
    file.write_text(yaml.safe_dump(config))
    return {"kubeconfig": str(file), "context": account}


def asked(kind: str = "root") -> tuple[Rights, Rights]:
    """The rights that preflight asks for in each cluster, and those for the Lease and the root on the trust cluster."""
    everywhere = FILTERS["_rotation_permissions"]("istio", kind, "istio-system")
    trust = {"cluster": "east"}
    (kept,) = FILTERS["_rotation_kept"]({"mesh": "shop", "kube": trust}, {"source": "generated", "kube": trust}, kind).values()
    return [*everywhere, *_IDENTITY], kept["permissions"]


def test_what_is_missing_is_named_and_nothing_is_written(two: Two) -> None:
    everywhere, kept = asked()
    for name in ("east", "west"):
        two.variables[name]["mesh_kube"] = login(two, name, "lacking")
    lacks = {("patch", "secrets"), ("patch", "pods"), ("patch", "configmaps")}
    grant(two.clusters["east"], "lacking", [*everywhere, *(one for one in kept if one["verb"] != "update")])
    grant(two.clusters["west"], "lacking", [one for one in everywhere if (one["verb"], one["resource"]) not in lacks])
    journals = [Journal(server, "system:serviceaccount:default:lacking") for server in two.servers.values()]
    for journal in journals:
        journal.read()
    east = "east: the credential may not update leases.coordination.k8s.io meshops-shop in namespace meshops-system. Grant these rights"
    west = "patch configmaps in all namespaces, patch secrets cacerts in namespace istio-system, patch pods in namespace istio-system. Grant these rights"
    for words, ended in (([], "PLAY RECAP"), (["--check"], "1. introduce in east, west")):
        refused = two.rotate(*words)
        assert refused.rc
        assert east in refused.said
        assert f"west: the credential may not {west}" in refused.said
        assert ended in refused.said, "a plan is shown to those who may only look"
    for journal in journals:
        events = journal.read()
        assert [said(event) for event in writes(events) if not dry(event)] == []
        assert [event for event in events if "selfsubjectaccessreviews" in event["requestURI"]], "nothing was asked"
    assert two.state() == settled("old", before=False)


def test_what_is_asked_for_is_enough(two: Two) -> None:
    everywhere, kept = asked()
    kube = {name: {**login(two, name, "enough"), **LIMITS} for name in two.clusters}
    for name, rights in (("east", [*everywhere, *kept]), ("west", everywhere)):
        grant(two.clusters[name], "enough", rights)
    two.play(kube=kube).run()
    assert two.state() == settled()
