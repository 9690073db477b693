# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two probes in each cluster of a cutover, one of each revision. They ask each other, so each revision serves as a client and as a server of the other.

The target also runs a gateway of the probe's own, before any gateway of users' follows it: a workload of the former revision is asked through it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..health.probe import ProbeWish

# They are made for a run, and removed before the former revision is. No wave moves them.
TARGET, FORMER = "meshops-cutover-target", "meshops-cutover-former"
SPACES = (TARGET, FORMER)
# To so many other clusters a cluster's probes send as many requests as are wanted, and to all others one. More would take longer than a wave.
MEASURED = 8
# Who asks whom, through whose gateway, and how that is called.
PATHS = ((FORMER, TARGET, "", "from the former revision to the target"), (TARGET, FORMER, "", "from the target to the former revision"),
         (TARGET, TARGET, "", "between proxies of the target"), (FORMER, FORMER, TARGET, "through a gateway of the target"))  # fmt: skip


def served(cluster: str, target: str, former: str, targets: Sequence[str], image: str, trust_domain: str, gateway: bool = True) -> list[ProbeWish]:
    """The probes that a cluster runs. `targets` are all clusters of the mesh."""
    of = ((TARGET, target, (FORMER,), gateway), (FORMER, former, (TARGET,), False))
    return [ProbeWish(cluster, revision, targets, space, image, trust_domain, callers=callers, gateway=own) for space, revision, callers, own in of]


def measured_by(cluster: str, targets: Sequence[str]) -> list[str]:
    """The clusters to which one sends as many requests as are wanted: itself and those after it by name, so that each cluster is measured as often."""
    names = sorted(targets)
    first = names.index(cluster) if cluster in names else 0
    return [names[(first + step) % len(names)] for step in range(min(len(names), MEASURED + 1))]


def asking(cluster: str, targets: Sequence[str], trust_domain: str, gateway: bool = True) -> list[tuple[str, ProbeWish]]:
    """What each path is called, and the probe that asks on it."""
    paths = [path for path in PATHS if gateway or not path[2]]
    return [
        (told, ProbeWish(cluster, "", targets, caller, trust_domain=trust_domain, asks=server, through=through)) for caller, server, through, told in paths
    ]
