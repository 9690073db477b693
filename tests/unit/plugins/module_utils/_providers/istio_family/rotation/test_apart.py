# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation does not measure, because it is not part of the mesh or cannot be asked; and which proxies istiod says that it serves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Question
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.served import Connected, Served
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation import trust_users
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.apart import selected
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.connected import connected
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import proxied


def configured(*given: tuple[str, str], image: str = "proxyv2:1.29.0", **metadata: Any) -> dict[str, Any]:
    """A pod with a container called istio-proxy and this environment."""
    pod = proxied(**metadata)
    (container,) = [one for one in pod["spec"]["containers"] if one["name"] == "istio-proxy"]
    container |= {"env": [{"name": name, "value": value} for name, value in given], "image": image}
    return pod


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        ([("CA_ADDR", "istiod.istio-system.svc:15012")], True),
        ([("CA_ADDR", "istiod-stable.istio-system.svc.cluster.local:15012")], True),
        ([("CA_ADDR", "istiod.other-mesh.svc:15012")], False),
        ([("PROXY_CONFIG", "{}")], True),
        ([("PROXY_CONFIG", json.dumps({"discoveryAddress": "istiod-canary.other-mesh.svc:15012"}))], False),
        ([("CA_ADDR", "istiod.example.com:15012")], True),
        ([("ISTIO_META_CLUSTER_ID", "east")], True),
        ([("FLAVOUR", "vanilla")], False),
        ([], False),
    ],
    ids=["ours", "ours in full", "another mesh's", "by default", "another mesh's by its configuration", "no Service", "a machine's", "only called so", "bare"],
)
def test_which_proxies_are_of_the_mesh(given: list[tuple[str, str]], measured: bool) -> None:
    live = {"Pod": [configured(*given)]}
    assert len(trust_users.proxies(live, "istio-system")) == measured
    assert trust_users.unmeasured(live, "istio-system") == {"node_proxies": [], "foreign": [] if measured else ["shop/server-5c9-abc"]}


@pytest.mark.parametrize("pod", [
    configured(("CA_ADDRESS", "istiod.istio-system.svc:15012"), labels={"app": "ztunnel"}, namespace="istio-system"),
    configured(("XDS_ADDRESS", "istiod.istio-system.svc:15012"), image="gcr.example/istio/ztunnel:1.29.0", namespace="istio-system"),
])  # fmt: skip
def test_a_ztunnel_is_no_envoy(pod: dict[str, Any]) -> None:
    assert trust_users.proxies({"Pod": [pod]}, "istio-system") == []
    assert trust_users.unmeasured({"Pod": [pod]}, "istio-system") == {"node_proxies": ["istio-system/server-5c9-abc"], "foreign": []}


@pytest.mark.parametrize(("owner", "restarted"), [
    (("ReplicaSet", "server-5c9"), "Deployment/server"), (("StatefulSet", "server"), "StatefulSet/server"),
    (("ReplicaSet", "bare"), ""), (None, ""), (("Rollout", "server"), ""), (("CloneSet", "server"), ""),
])  # fmt: skip
def test_only_what_can_be_rolled_is_restarted(owner: tuple[str, str] | None, restarted: str) -> None:
    """A pod that another kind of owner made cannot be restarted, so the step fails at once and not after the timeout."""
    ((holder, _question),) = trust_users.proxies({"Pod": [proxied(owner=owner)]}, "istio-system")
    assert holder.workload == restarted


LABELS = {"shop": {"mesh": "shop", "team": "a"}, "bank": {"mesh": "bank"}, "bare": {}}
SPACES = [{"metadata": {"name": name, "labels": labels}} for name, labels in LABELS.items()]


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        ([{"matchLabels": {"mesh": "shop"}}], {"shop"}),
        ([{"matchLabels": {"mesh": "shop"}}, {"matchLabels": {"mesh": "bank"}}], {"shop", "bank"}),
        ([{"matchExpressions": [{"key": "mesh", "operator": "Exists"}]}], {"shop", "bank"}),
        ([{"matchExpressions": [{"key": "mesh", "operator": "In", "values": ["bank"]}]}], {"bank"}),
        ([{"matchExpressions": [{"key": "mesh", "operator": "NotIn", "values": ["bank"]}]}], {"shop", "bare"}),
        ([{"matchLabels": {"mesh": "shop"}, "matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}], set()),
        ([{"matchExpressions": [{"key": "mesh", "operator": "Gt"}]}], {"shop", "bank", "bare"}),
    ],
)
def test_which_namespaces_the_mesh_selects(selectors: list[Any], names: set[str]) -> None:
    assert selected(SPACES, [{"discoverySelectors": selectors}]) == names


@pytest.mark.parametrize("meshes", [[], [None], [{}], ["text"], [{"discoverySelectors": []}], [{"discoverySelectors": [{"matchLabels": {"a": "b"}}]}, {}]])
def test_all_namespaces_where_one_control_plane_has_no_selectors(meshes: list[Any]) -> None:
    assert selected(SPACES, meshes) is None


def answered(*entries: Any, about: str = "proxies", pod: str = "istiod-1") -> dict[Question, str | None]:
    return {Question(about, "istio-system", pod, 15014, "/debug"): json.dumps(list(entries))}


def test_whom_istiod_serves() -> None:
    one = istio_live.deployment()
    one["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "CLUSTER_ID", "value": "data-centre-1"}]
    told = answered({"proxy": "web-1.shop", "cluster_id": "data-centre-1"}, {"proxy": "vm.shop"}, {"proxy": "api-1.bank", "cluster_id": "west"}, "noise")
    told |= answered({"id": "data-centre-1"}, {"id": "west", "secretName": "istio-system/istio-remote-secret-west"}, about="remotes")
    found = connected("east", {"Deployment": [one]}, told)
    assert found.ids == {"east", "data-centre-1"}
    assert found.of(found.ids) == ["shop/vm", "shop/web-1"]
    assert (found.elsewhere(), found.linked, found.silent) == ({"west": ["bank/api-1"]}, {"west"}, ())


@pytest.mark.parametrize("text", [None, "", "<html>", "{}", '"text"'])
def test_an_istiod_that_does_not_tell(text: str | None) -> None:
    (question,) = answered()
    assert connected("east", {}, {question: text}).silent == ("istio-system/istiod-1",)


def test_go_says_null_for_none() -> None:
    (question,) = answered()
    assert connected("east", {}, {question: "null"}) == Served(frozenset({"east"}))
    assert Connected("east", "shop", "web").where == "shop/web"
