# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation of a federation of Consul, from its installation on, killed with SIGKILL at each of its writes and orders, on two real API servers.

Consul and the controllers are stand-ins (product.py, world.py). The other rotations are killed in memory, beside the unit tests of each.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .chain import killed_at_each_write
from .conftest import Estate, Servers, estate
from .runs import Runs

# The aim, the next key in both clusters, two orders for all keyrings, the key in its place in both and on the trust cluster, an order, the end.
WRITES = 10


@pytest.fixture(scope="module")
def federation(servers: Servers, runs: Runs) -> Iterator[Estate]:
    with estate(servers) as made:
        installed = runs.run("site", made.mesh)
        assert installed.rc == 0, installed.output
        assert made.faults() == []
        yield made


def test_a_rotation_of_gossip_that_is_killed_at_each_write_ends_the_same(federation: Estate, runs: Runs) -> None:
    before = federation.state()
    assert killed_at_each_write(runs, federation.mesh, "gossip", WRITES).rc == 0
    assert federation.faults() == []
    assert federation.state() != before
    done = runs.run("gossip", federation.mesh)
    assert (done.rc, done.writes, done.output.strip()) == (0, [], "unchanged")
