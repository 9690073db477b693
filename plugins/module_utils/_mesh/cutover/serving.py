# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which control plane serves which proxy, in its own cluster or in another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..health.health import ControlPlaneRevision
from .facts import differing, made

Connections = Mapping[tuple[str, str], tuple[str, bool]]  # (namespace, pod) -> (revision that serves it, whether it is in sync)
_LATE = "!"  # before the name of a proxy that is not in sync


@dataclass(frozen=True)
class Serving:
    """What the control planes of the cluster `name` say of the proxies of a cluster: another one that they serve, or their own."""

    name: str
    revisions: Sequence[ControlPlaneRevision] = ()
    connections: Connections = field(default_factory=dict, repr=False)
    silent: tuple[str, ...] = ()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Serving:
        """Read what `facts` wrote."""
        revisions = [made(ControlPlaneRevision, row) for row in facts["revisions"]]
        connections = {
            (space, name.removeprefix(_LATE)): (revision, not name.startswith(_LATE))
            for revision, spaces in facts["serves"].items()
            for space, names in spaces.items()
            for name in names
        }
        return cls(str(facts["name"]), revisions, connections, tuple(facts["silent"]))

    def facts(self) -> dict[str, Any]:
        """For JSON, with every name of a namespace once."""
        serves: dict[str, dict[str, list[str]]] = {}
        for (space, name), (revision, synced) in self.connections.items():
            serves.setdefault(revision, {}).setdefault(space, []).append(name if synced else f"{_LATE}{name}")
        return {"name": self.name, "revisions": [differing(one) for one in self.revisions], "serves": serves, "silent": list(self.silent)}
