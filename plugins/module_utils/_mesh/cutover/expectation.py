# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which trust domains control planes expect the workloads of other clusters.

A control plane may read that from what its revision has in the other cluster, and only when it first sees a workload. One that starts before its revision is
installed there expects a usual name, and keeps it until each workload is replaced. Its proxies then refuse all those workloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..few_names import few
from ..objects.change import Ref

_SHOWN = 3


@dataclass(frozen=True)
class Expectation:
    """`domains` are the trust domains of the identities that a revision's control planes expect, by cluster. `planes` are the workloads that run them."""

    domains: Mapping[str, frozenset[str]] = field(default_factory=dict)
    planes: tuple[Ref, ...] = ()


def mistaken(target: Expectation, former: Expectation) -> list[str]:
    """Return in which clusters the target expects workloads in a trust domain where the former revision expects none, as half sentences."""
    said = []
    for cluster, domains in sorted(target.domains.items()):
        usual = former.domains.get(cluster, frozenset())
        if usual and domains - usual:
            strange, known = (few(sorted(some), _SHOWN) for some in (domains - usual, usual))
            said.append(f"it expects workloads of {cluster} in the trust domain {strange}, and the former revision in {known}")
    return said
