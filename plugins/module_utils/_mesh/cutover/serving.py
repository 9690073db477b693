# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which control plane serves which proxy, in its own cluster or in another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..health.health import ControlPlaneRevision

Connections = Mapping[tuple[str, str], tuple[str, bool]]  # (namespace, pod) -> (revision that serves it, whether it is in sync)


@dataclass(frozen=True)
class Serving:
    """What the control planes of the cluster `name` say of the proxies of one cluster, their own or another one. `silent` are those that say nothing."""

    name: str
    revisions: Sequence[ControlPlaneRevision] = ()
    connections: Connections = field(default_factory=dict, repr=False)
    silent: tuple[str, ...] = ()
