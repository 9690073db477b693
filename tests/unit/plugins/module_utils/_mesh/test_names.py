# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.names import domain_fault, label_fault, value_fault

GOOD: list[tuple[Callable[[str, object], str | None], list[str]]] = [
    (label_fault, ["a", "9", "east", "east-1", "1-29", "a" * 63]),
    (domain_fault, ["cluster.local", "local", "a.b-c.d9", ".".join(["a" * 63] * 3)]),
    (value_fault, ["a", "East_1", "on-prem.eu", "9", "A" * 63]),
]
BAD: list[tuple[Callable[[str, object], str | None], list[object]]] = [
    (label_fault, ["", "East", "east_1", "east.eu", "-east", "east-", "a" * 64, "east\n", None, 7]),
    (domain_fault, ["", "Cluster.local", "cluster..local", ".local", "cluster.local.", "a_b.local", "a" * 64, ".".join(["a" * 63] * 4), "local\n", None]),
    (value_fault, ["", "-a", "a-", "a b", "a/b", "ä", "A" * 64, "a\n", None, 7]),
]


@pytest.mark.parametrize(("fault", "name"), [(fault, name) for fault, names in GOOD for name in names])
def test_a_name_that_kubernetes_takes_has_no_fault(fault: Callable[[str, object], str | None], name: str) -> None:
    assert fault("name", name) is None


@pytest.mark.parametrize(("fault", "name"), [(fault, name) for fault, names in BAD for name in names])
def test_a_name_that_kubernetes_refuses_is_told_with_what_it_is_for(fault: Callable[[str, object], str | None], name: object) -> None:
    assert (fault("mesh_network", name) or "").startswith(f"the mesh_network {name!r} ")


@pytest.mark.parametrize(("fault", "allowed"), [
    (label_fault, "lower-case letters, digits and '-', at most 63"),
    (domain_fault, "joined by dots"),
    (value_fault, "letters, digits, '-', '_' and '.', at most 63"),
])
def test_the_fault_says_what_would_be_allowed(fault: Callable[[str, object], str | None], allowed: str) -> None:
    assert allowed in (fault("cluster name", "no name!") or "")
