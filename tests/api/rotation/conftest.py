# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh of two API servers for the tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from meshlab import apionly

from ..conftest import way_to
from .stand_in import standing_in
from .two import Two


@pytest.fixture(scope="package")
def mesh_of_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two API servers of their own, because the stand-in for istiod writes into every namespace."""
    with apionly.running("east-of-two") as east_server, apionly.running("west-of-two") as west_server:
        yield from _mesh({"east": east_server, "west": west_server}, tmp_path_factory)


def _mesh(servers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    ways = {name: way_to(server, tmp_path_factory.mktemp(name)) for name, server in servers.items()}
    clusters = {name: _itself(server, name) for name, server in servers.items()}
    with standing_in(_itself(servers["east"], "east")) as east, standing_in(_itself(servers["west"], "west")) as west:
        yield Two(tmp_path_factory.mktemp("two"), ways, clusters, {"east": east, "west": west}, servers)


def _itself(server: Any, name: str) -> Cluster:
    return connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": name}, environ={})


@pytest.fixture
def two(mesh_of_two: Two) -> Two:
    """Both clusters under one root that is three hours old."""
    mesh_of_two.reset()
    return mesh_of_two
