# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which contexts of a kubeconfig become clusters, and under which names."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.contexts import Context, endpoint, of_contexts

THERE = [Context(name, f"https://{name}.example") for name in ("prod-east", "prod-west", "prod-west-old", "test")]


def names(**wish: Any) -> list[str]:
    return [one.name for one in of_contexts(THERE, wish, "/k")]


@pytest.mark.parametrize(("wish", "chosen"), [
    ({}, ["prod-east", "prod-west", "prod-west-old", "test"]),
    ({"include": ["prod-*"]}, ["prod-east", "prod-west", "prod-west-old"]),
    ({"include": ["prod-*", "test"], "exclude": ["*-old"]}, ["prod-east", "prod-west", "test"]),
    ({"include": ["test"], "names": {"test": "lab"}}, ["lab"]),
])  # fmt: skip
def test_patterns_choose(wish: dict[str, Any], chosen: list[str]) -> None:
    assert names(**wish) == chosen


@pytest.mark.parametrize(("wish", "told"), [
    ({"include": ["stage-*"]}, "leave no context of the kubeconfig /k; there are: prod-east, prod-west, prod-west-old, test"),
    ({"names": {"tset": "lab"}}, "`names` has the context 'tset', but the kubeconfig /k has no such context"),
])  # fmt: skip
def test_what_matches_nothing_is_a_slip(wish: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told):
        names(**wish)


def test_a_context_is_known_by_reference_only() -> None:
    (found,) = of_contexts(THERE, {"include": ["test"], "names": {"test": "lab"}, "variables": {"mesh_name": "shop"}}, "/k")
    assert found.variables == {"mesh_kube": {"kubeconfig": "/k", "context": "test"}, "mesh_name": "shop"}
    assert found.leads == {("context", "test", "/k"), ("server", "https://test.example:443", "")}


@pytest.mark.parametrize("name", ["{{ lookup('pipe', 'id') }}", "a{% raw %}", "{# #}"])
def test_a_name_that_ansible_would_evaluate_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="reads as a template"):
        of_contexts([Context(name, "https://x")], {}, "/k")


def test_a_context_without_a_server_leads_nowhere_else() -> None:
    assert [one.leads for one in of_contexts([Context("a", "")], {}, "/k")] == [{("context", "a", "/k")}]


@pytest.mark.parametrize(("server", "spelled"), [
    ("https://API.example", "https://api.example:443"),
    ("https://api.example:443/", "https://api.example:443"),
    ("http://10.0.0.1", "http://10.0.0.1:80"),
    ("https://rancher.example/k8s/clusters/c-1", "https://rancher.example:443/k8s/clusters/c-1"),
    ("https://x:port", "https://x:port"),
])  # fmt: skip
def test_a_server_has_one_spelling(server: str, spelled: str) -> None:
    assert endpoint(server) == ("server", spelled, "")
