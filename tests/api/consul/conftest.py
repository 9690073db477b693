# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two API servers, and meshes of Consul on them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from meshlab import apionly

from ..conftest import Way, way_to
from .product import Datacenter, Product, faults
from .runs import NAMES, SERVERS, Mesh, Runs
from .world import World, held_in, world


@dataclass(frozen=True)
class Servers:
    """The API servers, and the way to them that runs take."""

    servers: dict[str, Any]
    ways: dict[str, Way]
    folder: Path


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with apionly.running("east-of-consul") as east, apionly.running("west-of-consul") as west:
        both = {"east": east, "west": west}
        yield Servers(both, {name: way_to(one, tmp_path_factory.mktemp(name)) for name, one in both.items()}, tmp_path_factory.mktemp("consul"))


@pytest.fixture(scope="package")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    made = Runs(tmp_path_factory.mktemp("runs"))
    yield made
    made.end()


@dataclass
class Estate:
    """A mesh, and the stand-ins of both clusters."""

    mesh: Mesh
    worlds: dict[str, World]
    product: Product

    def state(self) -> dict[str, Any]:
        return {name: one.state() for name, one in self.worlds.items()}

    def values(self) -> dict[str, Any]:
        return {name: one.values() for name, one in self.worlds.items()}

    def changes(self) -> dict[str, int]:
        return {f"{name}: {workload}": count for name, one in self.worlds.items() for workload, count in one.changes().items()}

    def faults(self) -> list[str]:
        with self.product.lock:
            return [f"{name}: {fault}" for name, one in self.worlds.items() if one.datacenter.pods for fault in faults(one.datacenter)]


@contextmanager
def estate(given: Servers) -> Iterator[Estate]:
    """Two clusters without a mesh, which are to become a federation. The root is old enough to be rotated."""
    folder = Path(tempfile.mkdtemp(dir=given.folder))
    clusters = {name: connect({"kubeconfig": str(one.kubeconfig), "context": one.context, "cluster": name}, environ={}) for name, one in given.servers.items()}
    east = Datacenter("east", held_in(clusters["east"]), SERVERS["east"])
    west = Datacenter("west", held_in(clusters["west"]), SERVERS["west"], east)
    product = Product({"east": east, "west": west})
    mesh = Mesh.of({name: {"kubeconfig": way.kubeconfig, "context": "admin"} for name, way in given.ways.items()}, str(folder))
    with ExitStack() as stack:
        worlds = {}
        for number, name in enumerate(NAMES, 1):
            worlds[name] = stack.enter_context(world(given.servers[name], clusters[name], product, f"192.0.2.{number}", folder))
        root = issue.new_root("shop root", "shop.example", "P-256", datetime.now(UTC) - timedelta(hours=3), 365)
        clusters["east"].create(root_secret.secret(root, "meshops-root-ca", "meshops-system", "shop"))
        yield Estate(mesh, worlds, product)


@pytest.fixture(scope="module")
def federation(servers: Servers, runs: Runs) -> Iterator[Estate]:
    with estate(servers) as made:
        installed = runs.run("site", made.mesh)
        assert installed.rc == 0, installed.output
        assert made.faults() == []
        yield made
