# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation in steps on two real API servers, with the mesh of paper: what is written where, and what a killed run leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Fuse, Killed, Steps, fused

from . import test_driven
from .test_driven import SPACE, Paper
from .two import NAMES

paper = test_driven.paper  # its clusters, its product
START, AIM = Ref("v1", "Secret", trust.START, SPACE), Ref("v1", "Secret", "shop-rotation-seal", "meshops-system")
# The aim; in each cluster the next value, and the value in its place; the end.
WRITES = 6


class Seals:
    """The mesh of paper with its seals."""

    def __init__(self, mesh: Paper) -> None:
        self.products, self.fuse = mesh.products, Fuse()
        servers = mesh.two.servers
        self.clusters = {name: connect({"kubeconfig": str(servers[name].kubeconfig), "context": servers[name].context, "cluster": name}, environ={})
                         for name in NAMES}  # fmt: skip
        for cluster in self.clusters.values():
            fused(cluster._server.transport, lambda: self.fuse)

    def steps(self) -> Steps:
        return Steps(self.clusters, "paper", "seal", SPACE)

    def held(self, name: str) -> dict[str, str]:
        live = self.clusters[name].get(START)
        return {key: decoded(value).decode() for key, value in ((live or {}).get("data") or {}).items()}

    def settled(self) -> list[str]:
        """Return the seal of each cluster, which nothing else is left of."""
        seals = [self.held(name) for name in NAMES]
        assert [list(one) for one in seals] == [["token"], ["token"]]
        assert [self.products[name].seals for name in NAMES] == [[one["token"]] for one in seals]
        assert not (self.clusters["east"].get(AIM) or {}).get("data")
        return [one["token"] for one in seals]


@pytest.fixture
def seals(paper: Paper) -> Iterator[Seals]:
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": START.name, "namespace": SPACE}, "type": "Opaque"}
    mesh = Seals(paper)
    for number, cluster in enumerate(mesh.clusters.values()):
        cluster.delete([START, AIM])
        cluster.create({**made, "stringData": {"token": f"s3al-{number}"}})
    mesh.fuse = Fuse()
    yield mesh
    for cluster in mesh.clusters.values():
        cluster.delete([START, AIM])


def test_each_cluster_ends_with_a_seal_of_its_own_and_a_second_run_writes_nothing(seals: Seals) -> None:
    seals.steps().run()
    new = seals.settled()
    assert (len({*new, "s3al-0", "s3al-1"}), seals.fuse.burnt) == (4, WRITES)
    assert seals.steps().run(3600)["done"]
    assert (seals.fuse.burnt, seals.settled()) == (WRITES, new)


def test_each_step_is_taken_once(seals: Seals) -> None:
    """What is done already is no change."""
    steps = seals.steps()
    for step in ("begin", "prepare", "learn", "settle", "forget"):
        first, again = (steps.task("east", step) for _time in range(2))
        assert (first["changed"], again["changed"]) == (True, False), step
    assert seals.fuse.burnt == 3


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_run_that_is_killed_after_a_write_goes_on(seals: Seals, number: int) -> None:
    seals.fuse = Fuse(number)
    with pytest.raises(Killed):
        seals.steps().run()
    seals.fuse = Fuse()
    seals.steps().run(3600)
    assert not set(seals.settled()) & {"s3al-0", "s3al-1"}
    assert seals.fuse.burnt == WRITES - number
