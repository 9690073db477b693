# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control planes of a target that expect workloads where the former revision expects none."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.expectation import Expectation, mistaken


def expecting(**domains: str) -> Expectation:
    return Expectation({cluster: frozenset(names.split()) for cluster, names in domains.items()})


FORMER = expecting(east="shop.example", west="shop.example west.example")


@pytest.mark.parametrize("target", [
    FORMER, expecting(), expecting(west="west.example"), expecting(east="shop.example", north="cluster.local"),
])  # fmt: skip
def test_fewer_and_new_clusters_are_not_strange(target: Expectation) -> None:
    assert mistaken(target, FORMER) == []


def test_a_trust_domain_that_the_former_revision_does_not_expect_there_is_said() -> None:
    said = "it expects workloads of west in the trust domain cluster.local, and the former revision in shop.example, west.example"
    assert mistaken(expecting(east="shop.example", west="cluster.local west.example"), FORMER) == [said]
    assert mistaken(expecting(west="cluster.local"), expecting()) == []
