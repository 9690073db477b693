# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and versions of ClusterServiceVersions, and how the inventory adds to a set."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.csv_name import between, newer, operator_of, version_of
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import merged, misnamed


@pytest.mark.parametrize(("csv", "operator", "version"), [
    ("servicemeshoperator3.v3.1.0", "servicemeshoperator3", "3.1.0"),
    ("jaeger-operator.v1.51.0-1", "jaeger-operator", "1.51.0-1"),
    ("openshift.io.operator.v2.0", "openshift.io.operator", "2.0"),
    ("grafana.4.10.1", "grafana", "4.10.1"),
    ("no-version", "no-version", ""),
])  # fmt: skip
def test_a_name_has_an_operator_and_a_version(csv: str, operator: str, version: str) -> None:
    assert (operator_of(csv), version_of(csv)) == (operator, version)


def test_versions_in_order() -> None:
    known = ["1.2.0-rc.1", "1.2.0-rc.2", "1.2.0", "1.2.0-1", "1.2.0-2", "1.2.0-10", "1.10.0", "2.0"]
    assert [newer(later, earlier) for earlier, later in pairwise(known)] == [True] * (len(known) - 1)
    assert not newer("1.2.0", "1.2.0")
    assert not newer("latest", "1.2.0")


def test_a_step_lies_between() -> None:
    assert between("a.v1.0.0", "a.v1.1.0", "a.v1.2.0")
    assert between("a.v1.0.0", "a.v1.2.0", "a.v1.2.0")
    assert not between("a.v1.0.0", "a.v1.3.0", "a.v1.2.0")
    assert not between("a.v1.0.0", "b.v1.1.0", "a.v1.2.0")
    assert not between("a.v1.1.0", "a.v1.0.0", "a.v1.2.0")


def test_the_inventory_adds_to_a_set_and_keeps_its_order() -> None:
    entries = [{"name": "es", "optional": True}, {"name": "kiali", "channel": "stable"}, {"name": "mesh"}]
    given = [{"name": "own"}, {"name": "kiali", "csv": "kiali.v1.0.0"}]
    assert merged(entries, given) == [{"name": "kiali", "channel": "stable", "csv": "kiali.v1.0.0"}, {"name": "mesh"}, {"name": "own"}]
    assert [one["name"] for one in merged(entries, [{"name": "es"}])] == ["es", "kiali", "mesh"]


@pytest.mark.parametrize(("given", "says"), [
    ([{"csv": "a.v1.0.0"}], "An entry of mesh_operators has no name"),
    (["a"], "An entry of mesh_operators has no name"),
    ([{"name": "a"}, {"name": "a"}], "a stands twice in mesh_operators"),
    ([{"name": "a"}], ""),
])  # fmt: skip
def test_packages_can_be_told_apart(given: list[dict[str, str]], says: str) -> None:
    assert misnamed(given).startswith(says)
    assert bool(misnamed(given)) == bool(says)
