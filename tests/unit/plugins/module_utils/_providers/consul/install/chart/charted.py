# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wishes for Consul by HashiCorp's chart in clusters of each kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane, merged

_CHART = {"source": "repository"}
PEER = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", charts=_CHART)
PRIMARY = ControlPlane(
    "east", "shop", namespace="consul", provider="consul", version="2.0", serves_remotes=True, charts=_CHART,
    values={"servers": {"storage_class": "fast"}, "gateway": {"service": {"type": "NodePort", "node_port": 30443}}},
)  # fmt: skip
SECONDARY = ControlPlane(
    "west", "shop", namespace="consul", provider="consul", version="2.0.3", role="remote", primary="east", primary_address="192.0.2.10",
    charts=_CHART,
    values={
        "gateway": {"replicas": 1, "service": {"type": "HostPort"}},
        "consul": {"global": {"federation": {"k8sAuthMethodHost": "https://192.0.2.30:6443"}}},
    },
)  # fmt: skip
OPENSHIFT = ControlPlane(
    "ocp", "shop", namespace="mesh", provider="consul", version="1.21", platform="openshift", crds="external", charts=_CHART,
    mirror={"images": "registry.example/mirror", "charts": "oci://registry.example/charts"},
    values={
        "gateway": {"service": {"annotations": {"note": "x"}}},
        "connect": {"leaf_ttl": "1h"},
        "consul": {"server": {"extraConfig": '{"log_level": "warn"}'}, "global": {"extraLabels": {"team": "shop"}}},
    },
)  # fmt: skip
WISHES = {"peer": PEER, "primary": PRIMARY, "secondary": SECONDARY, "openshift": OPENSHIFT}


def given(wish: ControlPlane, **values: Any) -> ControlPlane:
    """Return the wish with values of the chart on top."""
    return replace(wish, values=merged(wish.values, {"consul": values}))
