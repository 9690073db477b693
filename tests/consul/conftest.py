# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datacenters of real Consul servers. Each file says how many servers it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "drills"))

from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, Real

Make = Callable[..., Datacenter]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Make a datacenter whose servers run. All of them end with the module."""
    made: list[Datacenter] = []

    def one(wish: ControlPlane, trust: Real | None = None) -> Datacenter:
        folder: Path = tmp_path_factory.mktemp(wish.cluster)
        datacenter = Datacenter(wish, len(made) + 1, folder, trust)
        made.append(datacenter)
        datacenter.give_trust()
        datacenter.apply()
        datacenter.start_servers()
        return datacenter

    yield one
    for datacenter in reversed(made):
        datacenter.end()
