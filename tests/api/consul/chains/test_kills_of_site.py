# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The installation of a federation of Consul with workloads, killed with SIGKILL at each of its writes and orders, on two real API servers.

Consul and the controllers are stand-ins (product.py, world.py).
"""

from __future__ import annotations

from ..chain import killed_at_each_write, unlike
from ..conftest import Servers, estate
from ..runs import CHANGED, UNCHANGED, Runs


def test_an_installation_that_is_killed_at_each_write_ends_as_one_that_nobody_kills(servers: Servers, runs: Runs) -> None:
    with estate(servers) as made:
        undisturbed = runs.run("site", made.mesh)
        assert (undisturbed.rc, undisturbed.output.strip(), made.faults()) == (0, CHANGED, []), undisturbed.output
        wanted = made.state()
    with estate(servers) as made:
        last = killed_at_each_write(runs, made.mesh, "site", len(undisturbed.writes))
        assert (last.rc, last.output.strip(), made.faults()) == (0, UNCHANGED, []), last.output
        assert unlike(made.state(), wanted) == []
