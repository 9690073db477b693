# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a stand-in for a controller has to look: it would otherwise read everything again and again, and take the time of what is tested."""

from __future__ import annotations

import time
from collections.abc import Callable

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError

_LONGEST = 1.0


class Changes:
    """Asks API servers, by one small request each, for the version of all that they store, which every write raises."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._versions: tuple[str, ...] = ()
        self._looked = 0.0

    def due(self, *clusters: Cluster) -> bool:
        """Return whether anything was written since the last time that this was so, or a second is over: tests tell controllers things without a write.

        What is written during a look comes after the version that was read before it, so that there is another look.
        """
        versions, now = tuple(map(version, clusters)), self._monotonic()
        if versions == self._versions and now - self._looked < _LONGEST:
            return False
        self._versions, self._looked = versions, now
        return True

    def again(self) -> None:
        """Make the next look due, because this one failed."""
        self._versions = ()


def version(cluster: Cluster) -> str:
    """Return the version of all that an API server stores. If it is the same twice, nothing was written in between."""
    answer = cluster._server.transport.request("GET", "/api/v1/namespaces", {"limit": "1"})
    if not answer.ok:
        raise MeshError(f"{cluster.name}: {answer.body!r}")
    return str(answer.json()["metadata"]["resourceVersion"])
