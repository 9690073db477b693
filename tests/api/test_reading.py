# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a set is read: in few requests, without the rest of a large cluster, and without missing a change that somebody else made."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Conflict
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import as_somebody_else, config_map, crd, namespace, secret, widget

from .conftest import Way

_NUMBERS = itertools.count(1)
SPACES = 3
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.fixture
def places(cluster: Cluster) -> list[str]:
    names = [f"reading-{next(_NUMBERS):03}" for _number in range(SPACES)]
    cluster.apply([namespace(name) for name in names])
    return names


def asked(cluster: Cluster) -> list[str]:
    """The requests from now on, as "VERB path selector"."""
    told: list[str] = []
    forward = cluster._server.transport.request

    def request(method: str, path: str, query: Mapping[str, str] | None = None, *args: Any, **how: Any) -> Any:
        told.append(" ".join(filter(None, (method, path, (query or {}).get("labelSelector")))))
        return forward(method, path, query, *args, **how)

    cluster._server.transport.request = request  # type: ignore[method-assign]
    return told


def named(manifest: dict[str, Any], name: str, **labels: str) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "name": name, **({"labels": labels} if labels else {})}}


def objects(places: list[str], group: str, **labels: str) -> list[dict[str, Any]]:
    """Six objects of a kind in each namespace, and six cluster-scoped ones."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {}, "rules": []}
    found = [named(role, f"{places[0]}-{number}", **labels) for number in range(6)]
    for place in places:
        for kind in (config_map(place, a="1"), secret(place, token="abc"), widget(group, place)):
            found += [named(kind, f"{place}-{number}", **labels) for number in range(6)]
    return found


def actions(cluster: Cluster, manifests: list[dict[str, Any]], **how: Any) -> set[str]:
    return {change.action for change in cluster.apply(manifests, **how)}


def test_a_set_costs_one_request_for_each_kind_and_one_for_what_is_served(cluster, admin, places):
    group = f"{places[0]}.example.com"
    wishes = [*map(namespace, places), crd(group), *objects(places, group, team=places[0])]
    assert "created" in actions(cluster, wishes)
    again = connect(admin, environ={})
    told = asked(again)
    assert actions(again, wishes) == {"unchanged"}
    # Other tests leave namespaces on this server: beyond so many the list is given up for the three by name.
    spaces = [request for request in told if request.startswith("GET /api/v1/namespaces")]
    assert spaces[0] == "GET /api/v1/namespaces" and len(spaces) in (1, 4)
    assert sorted(request for request in told if request not in spaces) == [
        "GET /api/v1/configmaps team=" + places[0],
        "GET /api/v1/secrets team=" + places[0],
        "GET /apis",
        f"GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}",
        "GET /apis/rbac.authorization.k8s.io/v1/clusterroles team=" + places[0],
        f"GET /apis/{group}/v1/widgets team={places[0]}",
    ]


def test_what_lost_the_label_or_never_had_it_is_found_all_the_same(cluster, places):
    group = f"{places[0]}.example.com"
    cluster.apply([crd(group)])
    cluster.apply(objects(places, group))
    labelled = objects(places, group, team="red")
    assert actions(cluster, labelled) == {"updated"}
    assert actions(cluster, labelled) == {"unchanged"}
    for ref in (Ref.of(labelled[0]), Ref.of(labelled[7]), Ref.of(labelled[13])):
        alter(cluster, ref, {"metadata": {"labels": {"team": None}}})
    assert sum(change.action == "updated" for change in cluster.apply(labelled)) == 3
    assert actions(cluster, labelled) == {"unchanged"}


def test_a_large_cluster_is_not_read_for_a_few_objects(cluster, places):
    strangers = [config_map(places[0], f"stranger-{number:03}") for number in range(300)]
    cluster.apply(strangers)
    few = [config_map(places[1], "one", a="1"), config_map(places[1], "two", a="1"), config_map(places[2], "three", a="1")]
    cluster.apply(few)
    told = asked(cluster)
    assert actions(cluster, few) == {"unchanged"}
    # One page of 75, which says that there are many more; then only what is wanted.
    assert sorted(told) == ["GET /api/v1/configmaps", *(f"GET {path(wish)}" for wish in sorted(few, key=path))]


def test_others_secrets_are_not_read(cluster, places):
    bare = [named(secret(place, token="abc"), f"bare-{number}") for place in places for number in range(2)]
    cluster.apply(bare)
    told = asked(cluster)
    assert actions(cluster, bare) == {"unchanged"}
    assert sorted(told) == sorted(f"GET {path(wish)}" for wish in bare)


@pytest.mark.parametrize("verbs", [["get", "list"], ["get"]], ids=["listing in its namespaces", "reading by name"])
def test_who_may_not_list_the_whole_cluster(cluster, way: Way, places, verbs):
    may = {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": [*verbs, "create", "patch"]}
    rbac = "rbac.authorization.k8s.io"
    for place in places:
        meta = {"name": f"reader-{place}", "namespace": place}
        role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": meta, "rules": [may]}
        subject = {"kind": "ServiceAccount", "name": "reader", "namespace": "default"}
        reference = {"apiGroup": rbac, "kind": "Role", "name": meta["name"]}
        cluster.apply([role, {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": reference, "subjects": [subject]}])
    reader = connect({"kubeconfig": way.kubeconfig, "context": "reader", "cluster": "east"}, environ={})
    wishes = [wish for wish in objects(places, "unused", team="blue") if wish["kind"] in ("ConfigMap", "Secret")]
    assert actions(reader, wishes) == {"created"}
    told = asked(reader)
    assert actions(reader, wishes) == {"unchanged"}
    lists = [f"GET /api/v1/namespaces/{place}/{kind} team=blue" for place in places for kind in ("configmaps", "secrets")]
    assert set(lists) <= set(told)
    assert len(told) == 2 + len(lists) + (0 if "list" in verbs else len(wishes))


def path(manifest: Mapping[str, Any]) -> str:
    meta = manifest["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/{manifest['kind'].lower()}s/{meta['name']}"


def alter(cluster: Cluster, ref: Ref, patch: Mapping[str, Any], content_type: str = MERGE, manager: str = "kubectl-edit") -> None:
    kind = cluster._server.discovery.find(ref.api_version, ref.kind)
    answer = cluster._server.transport.request(
        "PATCH", kind.path(ref.namespace, ref.name), {"fieldManager": manager}, patch, content_type=content_type
    )
    assert answer.ok, answer.body


def bare(wish: dict[str, Any]) -> dict[str, Any]:
    meta = {key: wish["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque"}


def updated(cluster: Cluster, wish: dict[str, Any]) -> None:
    """Update as the official clients do: read the object, change it, write all of it."""
    live = cluster.get(Ref.of(wish))
    live["data"]["token"] = "ZHJpZnRlZA=="
    answer = cluster._server.transport.request("PUT", path(wish), {"fieldManager": "controller"}, live)
    assert answer.ok, answer.body


DRIFTS = {
    "an update": (updated, "conflict"),
    "an edit": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"data": {"token": "ZHJpZnRlZA=="}}), "conflict"),
    "an edit under our name": (
        lambda cluster, wish: alter(cluster, Ref.of(wish), {"data": {"token": "ZHJpZnRlZA=="}}, manager="meshops.lifecycle"),
        "updated",
    ),
    "an apply by force": (lambda cluster, wish: as_somebody_else(cluster, {**bare(wish), "data": {"token": "ZHJpZnRlZA=="}}), "conflict"),
    # Nothing but the value tells: the server leaves data.token ours.
    "an apply of stringData": (lambda cluster, wish: as_somebody_else(cluster, {**bare(wish), "stringData": {"token": "drifted"}}), "updated"),
    "a key removed": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"data": None}), "updated"),
    "a key added": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"data": {"more": "ZHJpZnRlZA=="}}), "unchanged"),
    "our annotation removed": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"metadata": {"annotations": {"ours": None}}}), "updated"),
    "our annotation altered": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"metadata": {"annotations": {"ours": "2"}}}), "conflict"),
    "an annotation added": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"metadata": {"annotations": {"theirs": "2"}}}), "unchanged"),
    "our label removed": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"metadata": {"labels": {"team": None}}}), "updated"),
    "managed fields wiped": (lambda cluster, wish: alter(cluster, Ref.of(wish), {"metadata": {"managedFields": [{}]}}), "updated"),
}


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("labels", [{"team": "green"}, {}], ids=["labelled", "bare"])
def test_a_secret_that_somebody_altered_is_noticed(cluster, places, drift, labels):
    befall, expected = DRIFTS[drift]
    if not labels and drift == "our label removed":
        expected = "unchanged"
    wishes = [named(secret(place, token="abc"), f"key-{number}", **labels) for place in places for number in range(2)]
    for wish in wishes:
        wish["metadata"]["annotations"] = {"ours": "1"}
    cluster.apply(wishes)
    befall(cluster, wishes[3])
    if expected == "conflict":
        with pytest.raises(Conflict, match=f"Secret {places[1]}/key-1"):
            cluster.apply(wishes)
    changed = [change.ref for change in cluster.apply(wishes, force=True) if change.changed]
    assert changed == ([] if expected == "unchanged" else [Ref.of(wishes[3])])
    assert cluster.get(Ref.of(wishes[3]))["data"]["token"] == "YWJj"
    assert actions(cluster, wishes) == {"unchanged"}


def test_the_objects_of_a_definition_come_when_it_is_served(cluster, admin, places):
    group = f"late-{places[0]}.example.com"
    wishes = [widget(group, places[0]), crd(group), config_map(places[0], a="1")]
    told = asked(cluster)
    assert actions(cluster, wishes) == {"created"}
    writes = [one.split()[1].rsplit("/", 2)[1] for one in told if one.startswith("PATCH")]
    assert writes == ["customresourcedefinitions", "configmaps", "widgets"]
    assert actions(connect(admin, environ={}), wishes) == {"unchanged"}
