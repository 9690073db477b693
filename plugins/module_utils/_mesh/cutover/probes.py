# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two probes in each cluster of a cutover, one of each revision. They ask each other, so each revision serves as a client and as a server of the other."""

from __future__ import annotations

from collections.abc import Sequence

from ..health.probe import ProbeWish

# They are made for a run, and removed before the former revision is. No wave moves them.
TARGET, FORMER = "meshops-cutover-target", "meshops-cutover-former"
SPACES = (TARGET, FORMER)
# Who asks whom, and how that is called.
PATHS = ((FORMER, TARGET, "from the former revision to the target"), (TARGET, FORMER, "from the target to the former revision"),
         (TARGET, TARGET, "between proxies of the target"))  # fmt: skip


def served(cluster: str, target: str, former: str, targets: Sequence[str], image: str, trust_domain: str) -> list[ProbeWish]:
    """The probes that a cluster runs. `targets` are all clusters of the mesh."""
    of = ((TARGET, target, (FORMER,)), (FORMER, former, (TARGET,)))
    return [ProbeWish(cluster, revision, targets, space, image, trust_domain, callers=callers) for space, revision, callers in of]


def asking(cluster: str, targets: Sequence[str], trust_domain: str) -> list[tuple[str, ProbeWish]]:
    """What each path is called, and the probe that asks on it."""
    return [(told, ProbeWish(cluster, "", targets, caller, trust_domain=trust_domain, asks=server)) for caller, server, told in PATHS]
