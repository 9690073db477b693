# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations of a federation of Consul, from its installation on, killed with SIGKILL at each of their writes and orders, on two real API servers.

Consul and the controllers are stand-ins (product.py, world.py). Nothing here shows what a real Consul does with what a killed run left; tests/consul holds
the same requests against one. The rotations that are missing here are killed in memory, beside the unit tests of each.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .chain import killed_at_each_write
from .conftest import Estate, Servers, estate
from .runs import CHANGED, UNCHANGED, Runs

# How many writes and orders a run sends that nobody kills.
WRITES = {"gossip": 10, "root": 6, "sidecar-tokens": 14, "agents": 16}


@pytest.fixture(scope="module")
def federation(servers: Servers, runs: Runs) -> Iterator[Estate]:
    with estate(servers) as made:
        installed = runs.run("site", made.mesh)
        assert installed.rc == 0, installed.output
        assert made.faults() == []
        yield made


@pytest.mark.parametrize("kind", WRITES)
def test_a_rotation_that_is_killed_at_each_write_ends_as_one_that_nobody_kills(federation: Estate, runs: Runs, kind: str) -> None:
    before = federation.values()
    last = killed_at_each_write(runs, federation.mesh, kind, WRITES[kind])
    assert (last.rc, last.output.strip(), last.writes, federation.faults()) == (0, UNCHANGED, [], [])
    killed, values = federation.state(), federation.values()
    assert values != before
    undisturbed = runs.run(kind, federation.mesh, min_age=0)
    assert (undisturbed.rc, undisturbed.output.strip(), federation.faults()) == (0, CHANGED, []), undisturbed.output
    assert federation.state() == killed
    assert federation.values() != values, "it was another rotation, right after the one before it"
