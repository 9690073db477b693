# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pods of Consul from manifests need on OpenShift, by OpenShift's documentation. Nothing of it was run there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SECONDARY, SMALL, WISHES

# What the constraints restricted-v2, under which everybody's pods run, do not let a pod have.
NODE = ("a directory of the node", "a port of the node")


def made(wish: ControlPlane) -> list[dict[str, Any]]:
    return [one for stage in install.stages(wish) for one in stage.manifests]


def openshift(wish: ControlPlane) -> ControlPlane:
    return replace(wish, platform="openshift")


def bound(wish: ControlPlane) -> dict[str, str]:
    """By account, the constraints under which its pods run."""
    bindings = [one for one in made(wish) if one["kind"] == "RoleBinding"]
    assert {one["roleRef"]["kind"] for one in bindings} <= {"ClusterRole"}
    assert {subject["namespace"] for one in bindings for subject in one["subjects"]} <= {wish.namespace}
    return {subject["name"]: one["roleRef"]["name"] for one in bindings for subject in one["subjects"]}


def uses(pod: dict[str, Any]) -> set[str]:
    directories = {NODE[0] for volume in pod["volumes"] if "hostPath" in volume}
    return directories | {NODE[1] for one in pod["containers"] for port in one.get("ports", []) if "hostPort" in port}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_an_account_whose_pods_use_their_node_is_allowed_to_and_no_other_one(wish: ControlPlane) -> None:
    pods = [one["spec"]["template"]["spec"] for one in made(openshift(wish)) if "template" in (one.get("spec") or {})]
    wanted = {pod["serviceAccountName"]: uses(pod) for pod in pods if uses(pod)}
    scc = "system:openshift:scc:"
    assert bound(openshift(wish)) == {name: f"{scc}privileged" if NODE[0] in used else f"{scc}hostnetwork-v2" for name, used in wanted.items()}
    assert bound(wish) == {}, "no other platform knows such constraints"


def test_the_wishes_show_each_case() -> None:
    assert [sorted(bound(openshift(wish))) for wish in (PEER, SECONDARY, SMALL)] == [
        ["consul-client"], ["consul-client", "consul-mesh-gateway", "consul-server"], [],
    ]  # fmt: skip


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_only_pods_with_a_directory_of_the_node_choose_their_user(wish: ControlPlane) -> None:
    """Only root may write there, and only with a label that SELinux does not confine. All others get their user and label from the namespace."""
    for one in (each for each in made(openshift(wish)) if "template" in (each.get("spec") or {})):
        pod = one["spec"]["template"]["spec"]
        chosen = {"runAsUser": 0, "seLinuxOptions": {"type": "spc_t"}} if NODE[0] in uses(pod) else None
        assert pod.get("securityContext") == chosen
        assert not [each for each in (*pod["initContainers"], *pod["containers"]) if "runAsUser" in each["securityContext"]]


def test_the_account_comes_first_and_the_pods_last() -> None:
    kinds = [one["kind"] for one in made(openshift(PEER)) if one["metadata"]["name"].startswith("consul-client")]
    assert kinds == ["ServiceAccount", "RoleBinding", "ConfigMap", "DaemonSet"]


def test_a_teardown_removes_it() -> None:
    gone = [one["kind"] for stage in install.teardown(openshift(SECONDARY)) for one in stage.manifests]
    assert gone.count("RoleBinding") == len(bound(openshift(SECONDARY)))


def test_preflight_asks_for_the_rights_there_and_with_manifests_only() -> None:
    used = [right["name"] for right in install.permissions("consul", "openshift") if right["verb"] == "use"]
    assert used == ["privileged", "hostnetwork-v2"]
    for platform, source in (("", ""), ("openshift", "repository")):
        assert not [right for right in install.permissions("consul", platform, source=source) if right["verb"] == "use"]
