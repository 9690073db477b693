# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of a mesh are found by the group that the first play makes. A host in no such group is looked at too."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.plugin_utils import hosts, meshes

NAMES = ("east", "west", "far", "bastion", "other")
VARIABLES: dict[str, dict[str, Any]] = {
    **{name: {"mesh_name": "shop", "mesh_kube": {"context": name}} for name in ("east", "west", "far")},
    "bastion": {}, "other": {"mesh_name": "bank", "mesh_kube": {"context": "other"}},
}  # fmt: skip


class HostVarsVars(dict[str, Any]):
    """A stand-in for the variables of one host as Ansible has them: `_vars` has what is written."""

    def __init__(self, variables: dict[str, Any], groups: dict[str, list[str]]) -> None:
        super().__init__(variables)
        self._vars = {**variables, "groups": groups}


class HostVars(dict[str, Any]):
    """A stand-in for Ansible's hostvars. `read` has the hosts whose variables were asked for."""

    def __init__(self, groups: dict[str, list[str]]) -> None:
        super().__init__(VARIABLES)
        self.read: list[str] = []
        self._groups = {"all": list(NAMES), **groups}

    def __getitem__(self, name: str) -> Any:
        self.read.append(name)
        return HostVarsVars(super().__getitem__(name), self._groups)

    def raw_get(self, name: str) -> dict[str, Any]:
        return {**VARIABLES[name], "groups": self._groups}


def of_shop(groups: dict[str, list[str]]) -> tuple[list[str], set[str]]:
    told = HostVars(groups)
    return [member.name for member in hosts.mates(NAMES, told, "west")], set(told.read)


def test_a_mesh_is_found_by_its_group_without_looking_at_other_clusters() -> None:
    groups = {meshes.CLUSTERS: ["east", "west", "far", "other"], meshes.group("shop"): ["west", "east", "far"], meshes.group("bank"): ["other"]}
    assert of_shop(groups) == (["east", "west", "far"], {"east", "west", "far", "bastion"})


def test_a_cluster_that_is_not_in_this_run_belongs_to_the_mesh_all_the_same() -> None:
    assert of_shop({meshes.CLUSTERS: ["west"], meshes.group("shop"): ["west"]})[0] == ["east", "west", "far"]


def test_without_groups_everybody_is_looked_at() -> None:
    assert of_shop({}) == (["east", "west", "far"], set(NAMES))


def test_a_group_that_two_meshes_share_is_no_mesh() -> None:
    groups = {meshes.CLUSTERS: list(NAMES), meshes.group("shop"): ["east", "west", "far", "other"]}
    assert of_shop(groups)[0] == ["east", "west", "far"]


@pytest.mark.parametrize(("mesh", "name"), [("shop", "meshops_mesh_shop"), ("my-shop.eu", "meshops_mesh_my_shop_eu"), ("", "meshops_mesh_")])
def test_a_group_has_letters_that_ansible_takes(mesh: str, name: str) -> None:
    assert meshes.group(mesh) == name
