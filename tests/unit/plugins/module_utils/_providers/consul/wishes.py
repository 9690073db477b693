# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wishes for Consul in clusters of each kind."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane

PEER = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3")
PRIMARY = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", serves_remotes=True)
SECONDARY = ControlPlane(
    "west", "shop", network="aws", namespace="consul", provider="consul", version="1.22.3", role="remote", primary="east", primary_address="192.0.2.10:8443",
    values={"servers": {"host_path": "/var/lib/consul"}, "gateway": {"replicas": 1, "service": {"type": "HostPort"}}},
)  # fmt: skip
SMALL = ControlPlane(
    "edge", "shop", namespace="mesh", provider="consul", mirror={"images": "registry.example/mirror"},
    values={
        "servers": {"replicas": 1, "storage": "1Gi", "storage_class": "fast", "resources": {"requests": {"cpu": "100m"}}},
        "agents": {"enabled": False},
        "gateway": {"service": {"type": "NodePort", "node_port": 30443, "annotations": {"note": "x"}}},
        "connect": {"leaf_ttl": "1h"},
    },
)  # fmt: skip
WISHES = {"peer": PEER, "primary": PRIMARY, "secondary": SECONDARY, "small": SMALL}
