# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The east-west gateway of a cluster's network, as a release of the chart `gateway`."""

from __future__ import annotations

from typing import Any

from ...._mesh.install.helm_release import Release
from ...._mesh.install.wish import ControlPlane
from ...istio_family.install.names import revision
from ...istio_family.install.passage import NAME
from .charts import release


def releases(wish: ControlPlane) -> list[Release]:
    """Return the gateway as a release of its own, so that a reinstall of the control plane does not remove it."""
    values: dict[str, Any] = {"name": NAME, "networkGateway": wish.network, "revision": revision(wish)}
    if (wish.values.get("gateway") or {}).get("service", {}).get("type") == "NodePort":
        values["service"] = {"annotations": {"traffic.istio.io/nodeSelector": '{"kubernetes.io/os": "linux"}'}}
    return [release(wish, "gateway", NAME, values)]
