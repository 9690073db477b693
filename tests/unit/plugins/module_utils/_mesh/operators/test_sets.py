# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sets of operators that the role operator knows, and how an operator of them goes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators import departure
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.departure import RemovalScope
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import Package
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.seen import OperatorsSeen
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import kinds
from ansible_collections.meshops.lifecycle.tests.unit.support.olm import made
from ansible_collections.meshops.lifecycle.tests.unit.support.rendering import loaded
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

SETS: dict[str, list[dict[str, Any]]] = loaded(CHECKOUT / "roles/operator/vars/main.yml")["__operator_sets"]


def entry(group: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in SETS[group] if one["name"] == name)
    return {key: value for key, value in found.items() if key not in ("chart", "optional")}


SAIL = pytest.mark.parametrize("sail", [entry("ossm3", "servicemeshoperator3"), entry("sail", "sailoperator")], ids=["ossm3", "sail"])


@SAIL
def test_all_that_the_sail_operator_has_to_let_go_goes_before_it(sail: dict[str, Any]) -> None:
    """Each of these has a finalizer, or owns what has one, that nobody takes away but the operator."""
    named = [one["kind"] for one in sail["operands"] if one["api_version"] == kinds.API]
    assert set(named) >= {kinds.TAG, kinds.ISTIO, kinds.REVISION, kinds.CNI, "ZTunnel"}
    assert named.index(kinds.TAG) < named.index(kinds.ISTIO) < named.index(kinds.REVISION), "a tag keeps its revision in use, and an Istio makes it anew"


@SAIL
def test_the_sail_operator_stays_until_the_revision_of_an_istio_is_gone(sail: dict[str, Any]) -> None:
    package = Package.of({"namespace": "sail-operator", "csv": f"{sail['name']}.v1.0.0", **sail})
    installed = made("Subscription", sail["name"], {"name": sail["name"]}, namespace=package.namespace)
    revision = Ref(kinds.API, kinds.REVISION, "default")
    seen = OperatorsSeen(subscriptions=[installed], operands={(kinds.API, kinds.REVISION): [revision]}, leaving=frozenset({revision}))
    left = departure.decide(package, seen, RemovalScope(operands=True))
    assert (left.writes, left.waits) == ((), "IstioRevision default to be gone")
