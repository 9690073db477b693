# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a cluster again and again. Who serves a remote cluster's proxies is asked of its primary each time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.connection import Connection
from ..._mesh.contract.cutover import Cutover
from ..._mesh.cutover.scene import Scene
from ..._mesh.cutover.serving import Serving
from ..look import look

PRIMARY_CONNECTION: dict[str, Any] = {"primary_kube": {"type": "dict"}}


def primary_connection(told: Mapping[str, Any] | None) -> Connection | None:
    """Read the option `primary_kube`, the connection to the primary of a remote cluster. It is empty for a cluster that has a control plane."""
    return Connection.of_task(told, peer=True) if told else None


class FreshLook:
    """`scene` looks at everything anew."""

    def __init__(self, cluster: Cluster, cutover: Cutover, namespace: str, primary: Connection | None = None, connect: Connector | None = None) -> None:
        self._cluster, self._cutover, self._namespace = cluster, cutover, namespace
        self._to, self._connect = primary, connect or connect_to

    @property
    def control(self) -> Cluster:
        """The cluster where the control planes run."""
        return self._primary or self._cluster

    @cached_property
    def _primary(self) -> Cluster | None:
        return self._connect(self._to, dry_run=self._cluster.dry_run) if self._to else None

    def scene(self) -> Scene:
        return look(self._cluster, self._cutover.scene(self._cluster.name, self._namespace, self._serving()))

    def _serving(self) -> Serving | None:
        if self._primary is None:
            return None
        return look(self._primary, self._cutover.serving(self._primary.name, self._namespace, self._cluster.name))
