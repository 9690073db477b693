# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services of an inventory are judged before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import Caller, ServiceSet, ServiceWish, Upstream

SHOP: dict[str, Any] = {"service": "shop", "namespace": "store", "port": 8080, "labels": {"app": "shop"}}


def test_an_entry_of_the_inventory() -> None:
    made = ServiceWish.of("east", {**SHOP, "kind": None, "upstreams": [{"service": "stock", "port": 9000, "cluster": None}], "callers": [{"service": "web"}]})
    assert (made.kind, made.upstreams, made.callers) == ("", (Upstream("stock", 9000),), (Caller("web"),))


@pytest.mark.parametrize(("change", "says"), [
    pytest.param({"servce": "x"}, "has the unknown keys servce. Known keys are callers, health_path", id="a typing error"),
    pytest.param({"namespace": None, "port": None}, "lacks namespace and port", id="too little"),
    pytest.param({"service": "Shop"}, "the service 'Shop' is not a DNS label", id="a name"),
    pytest.param({"service": "s" * 51}, "at most 50", id="a name that has no room for what is made of it"),
    pytest.param({"labels": None}, "it names its workloads neither by name nor by labels", id="no workload"),
    pytest.param({"name": "shop", "kind": "Deployment"}, "or by both", id="two ways"),
    pytest.param({"labels": None, "name": "shop"}, "it has a name without a kind", id="no kind"),
    pytest.param({"kind": "ReplicaSet"}, "its kind ReplicaSet is none of Deployment, DaemonSet, StatefulSet", id="another kind"),
    pytest.param({"labels": {"app": "a b"}}, "the label app 'a b' cannot be a label's value", id="a label"),
    pytest.param({"health_path": "healthz"}, "its health_path 'healthz' is no path", id="a path"),
    pytest.param({"health_path": "/$(TOKEN)"}, "is no path of a URL", id="a path that Kubernetes would expand"),
    pytest.param({"port": 0}, "0 is no port", id="no port"),
    pytest.param({"port": True}, "True is no port", id="a truth value"),
    pytest.param({"upstreams": [{"service": "stock", "port": 8080}]}, "port 8080 is used twice", id="a port twice"),
    pytest.param({"upstreams": [{"service": "stock"}]}, "wrong upstream or caller: missing 1 required positional argument: 'port'", id="half"),
    pytest.param({"callers": [{"service": "web", "cluster": "West"}]}, "the cluster 'West' is not a DNS label", id="a cluster"),
])  # fmt: skip
def test_what_cannot_be_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match="^east: the service '[A-Za-z]+' of mesh_workloads") as refused:
        ServiceWish.of("east", {**SHOP, **change})
    assert says in str(refused.value)


def test_a_set_names_each_service_of_a_namespace_once() -> None:
    assert len(ServiceSet.of("east", "inventory", [SHOP, {**SHOP, "namespace": "other"}]).services) == 2
    with pytest.raises(Refused, match=r"^east: mesh_workloads names the service store/shop more than once"):
        ServiceSet.of("east", "inventory", [SHOP, {**SHOP, "port": 1}])


@pytest.mark.parametrize("wrong", ["shop", {"shop": SHOP}, ["shop"]])
def test_anything_else_is_no_set(wrong: object) -> None:
    with pytest.raises(Refused, match="^east: mesh_workloads is no list of dictionaries"):
        ServiceSet.of("east", "inventory", wrong)


def test_a_set_has_a_name_that_can_be_a_label() -> None:
    with pytest.raises(Refused, match="^east: the name of the set 'My set' is not a DNS label"):
        ServiceSet.of("east", "My set", [])
