# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say how a cluster is reached, in one value: for a task's own cluster, for second clusters, for Helm and for filters.

reach/options.py says what the options mean.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Connection:
    """How one cluster is reached: its name, the options, and the UID of kube-system that it is pinned to.

    The options may be a mapping that reads each option only on access. So a missing credential fails only the tasks that need it. A `peer` is a
    second cluster of a task: its options alone choose it, never the environment.
    """

    cluster: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    cluster_uid: str = ""
    peer: bool = field(default=False, compare=False)

    @classmethod
    def of_task(cls, options: Mapping[str, Any], *, peer: bool = False) -> Connection:
        """Read what `task` writes: from a task's own options, or from the option `kube` that names a second cluster."""
        rest = {name: value for name, value in options.items() if name not in ("cluster", "cluster_uid")}
        return cls(options.get("cluster") or "", rest, options.get("cluster_uid") or "", peer)

    @classmethod
    def of(cls, cluster: str, variables: Mapping[str, Any]) -> Connection:
        """Read a host's variables. Limits that the inventory sets for all clusters come before those in the options of one cluster."""
        options, limits = variables["mesh_kube"], variables.get("mesh_limits")
        return cls(cluster, ChainMap(limits, options) if limits else options, str(variables.get("mesh_cluster_uid") or ""))

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Connection:
        """Read what `entry` writes: from what a task says of another cluster."""
        return cls(entry["name"], entry["kube"], entry.get("cluster_uid") or "", peer=True)

    @property
    def entry(self) -> dict[str, Any]:
        """Return the connection as a task is told of another cluster."""
        return {"name": self.cluster, "kube": dict(self.options), "cluster_uid": self.cluster_uid or None}

    @property
    def task(self) -> dict[str, Any]:
        """Return the connection as a task is told of its own cluster, or of the trust cluster."""
        return {**self.options, "cluster": self.cluster, "cluster_uid": self.cluster_uid or None}
