# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations of a federation of Consul, from its installation on, killed with SIGKILL at each of their writes and orders, on two real API servers.

Consul and the controllers are stand-ins (product.py, world.py). Nothing here shows what a real Consul does with what a killed run left; tests/consul holds
the same requests against one. The rotations that restart everybody take longer, and are in chains/, beside the gate.
"""

from __future__ import annotations

import pytest

from .chain import ends_as_undisturbed
from .conftest import Estate
from .runs import Runs

# How many writes and orders a run sends that nobody kills.
WRITES = {"gossip": 10, "root": 6, "sidecar-tokens": 14, "agents": 16}


@pytest.mark.parametrize("kind", WRITES)
def test_a_rotation_that_is_killed_at_each_write_ends_as_one_that_nobody_kills(federation: Estate, runs: Runs, kind: str) -> None:
    ends_as_undisturbed(federation, runs, kind, WRITES[kind])
