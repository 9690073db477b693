# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare where the probes of two revisions send requests, until both have heard of what changes meanwhile."""

from __future__ import annotations

from ..._kube.cluster import Cluster
from ..._kube.waiting import waiting
from ..._mesh.contract.cutover import Cutover
from ..._mesh.cutover.destinations import Destinations, astray
from ..._mesh.cutover.probes import FORMER, SPACES, TARGET
from ..._mesh.errors import MeshError
from ..._mesh.few_names import few
from ..clock import Clock
from ..follow import Pace
from ..look import look


def gone_astray(cluster: Cluster, cutover: Cutover, patience: float, clock: Clock) -> list[str]:
    """Return what differs still after `patience` seconds, as half sentences. Pods come and go, and proxies hear of it one after the other."""
    end = clock.monotonic() + patience
    with waiting() as say:
        for pause in Pace(0.5, 2.0).pauses():
            said = astray(_known(cluster, cutover, TARGET), _known(cluster, cutover, FORMER), SPACES)
            if not said or clock.monotonic() >= end:
                return said
            say(f"the revisions know different endpoints: {few(said, 2, '; ')}")
            clock.sleep(pause)
    raise AssertionError("unreachable")


def _known(cluster: Cluster, cutover: Cutover, space: str) -> Destinations:
    try:
        return look(cluster, cutover.destinations(space))
    except MeshError:
        return Destinations()
