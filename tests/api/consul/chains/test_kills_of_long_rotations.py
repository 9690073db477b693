# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotations of Consul that restart servers, agents, gateways and workloads, killed as the others (../test_kills_of_rotations.py)."""

from __future__ import annotations

import pytest

from ..chain import ends_as_undisturbed
from ..conftest import Estate
from ..runs import Runs

WRITES = {"tokens": 34, "agents-ca": 45}


@pytest.mark.parametrize("kind", WRITES)
def test_a_rotation_that_is_killed_at_each_write_ends_as_one_that_nobody_kills(federation: Estate, runs: Runs, kind: str) -> None:
    ends_as_undisturbed(federation, runs, kind, WRITES[kind])
