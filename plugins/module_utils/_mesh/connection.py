# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a cluster is reached, put together in one place for tasks, filters and second clusters. What the options mean is in reach/options.py."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Connection:
    """How one cluster is reached: its name, the options, and the UID of kube-system that it is pinned to.

    The options may be a mapping that reads them when somebody looks: a credential that is missing is the business of those who need just this one.
    """

    cluster: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    cluster_uid: str = ""

    @classmethod
    def of(cls, cluster: str, variables: Mapping[str, Any]) -> Connection:
        """From a host's variables. Limits that the inventory sets for all clusters come before those in the options of one."""
        options, limits = variables["mesh_kube"], variables.get("mesh_limits")
        return cls(cluster, ChainMap(limits, options) if limits else options, str(variables.get("mesh_cluster_uid") or ""))

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Connection:
        """From what a task says of another cluster, as `entry` writes it."""
        return cls(entry["name"], entry["kube"], entry.get("cluster_uid") or "")

    @property
    def entry(self) -> dict[str, Any]:
        """As a task is told of another cluster."""
        return {"name": self.cluster, "kube": dict(self.options), "cluster_uid": self.cluster_uid or None}

    @property
    def task(self) -> dict[str, Any]:
        """As a task is told of its own cluster, or of the one that keeps something."""
        return {**self.options, "cluster": self.cluster, "cluster_uid": self.cluster_uid or None}
