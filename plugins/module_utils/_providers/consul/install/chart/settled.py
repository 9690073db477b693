# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory may not change in the chart's values, because the rest of the collection, or the clusters of the mesh, rely on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .by_path import Values

_NAMES, _DATACENTER, _ROLE = "status, links and rotations look for its objects by this name", "a datacenter has the name of its cluster", "mesh_role decides it"
_MADE = "the module ca makes the Secret with it"
_SERVERS = "this collection runs the servers inside of the cluster"
SETTLED: Mapping[str, str] = {
    "global.name": _NAMES,
    "nameOverride": _NAMES,
    "fullnameOverride": _NAMES,
    "global.datacenter": _DATACENTER,
    "global.domain": "certificates are made for it",
    "global.enabled": _SERVERS,
    "server.enabled": _SERVERS,
    "externalServers.enabled": _SERVERS,
    "client.enabled": "sidecars of the chart need no agents, and no certificates are made for them; install from manifests to have agents",
    "global.tls.enabled": "tokens cross the network",
    "global.tls.httpsOnly": "plain HTTP is for the pods' own loopback, through which status and links ask",
    "global.tls.enableAutoEncrypt": "it serves agents, and there are none",
    "global.tls.caCert": _MADE,
    "global.tls.caKey": "the trust cluster alone keeps the key of the agents' CA",
    "server.serverCert": _MADE,
    "global.gossipEncryption.secretName": _MADE,
    "global.gossipEncryption.secretKey": _MADE,
    "global.acls.manageSystemACLs": "without tokens anybody could write",
    "global.acls.bootstrapToken": _MADE,
    "global.acls.replicationToken": _MADE,
    "global.acls.createReplicationToken": _ROLE,
    "global.federation.enabled": _ROLE,
    "global.federation.primaryDatacenter": "mesh_primary decides it",
    "global.federation.primaryGateways": "mesh_primary_address decides it",
    "global.peering.enabled": _ROLE,
    "global.openshift.enabled": "mesh_platform decides it",
    "global.secretsBackend.vault.enabled": "the module ca makes the Secrets; use an external issuer of mesh_root to sign with Vault",
    "meshGateway.service.port": "all gateways of a mesh have one port",
}


# Of what an inventory adds to the configuration of the servers, which the chart writes into a ConfigMap.
_READABLE = "everybody who reads ConfigMaps would read it"
CONFIGURED: Mapping[str, str] = {
    "addresses": SETTLED["global.tls.httpsOnly"],
    "datacenter": _DATACENTER,
    "primary_datacenter": "mesh_primary decides it",
    "encrypt": _READABLE,
    "acl.tokens": _READABLE,
    "connect.ca_config.private_key": _READABLE,
    "connect.ca_config.root_cert": "the module ca makes the CA",
    "connect.ca_config.cluster_id": "a datacenter that is built anew has to be the same one",
}


def faults(ours: Mapping[str, Any], merged: Mapping[str, Any]) -> list[str]:
    """Return half a sentence for each value that the inventory changed. None shows a value."""
    before, after = Values(ours), Values(merged)
    changed = [path for path in SETTLED if _empty(before.at(path)) != _empty(after.at(path))]
    return [f"mesh_values.consul.{path} cannot be set here: {SETTLED[path]}; remove it" for path in changed]


def configured(given: Mapping[str, Any]) -> list[str]:
    """Return half a sentence for each key in the given configuration of the servers that cannot be set there."""
    values = Values(given)
    there = [path for path in CONFIGURED if values.at(path) is not None]
    return [f"mesh_values.consul.server.extraConfig has {path}, which cannot be set there: {CONFIGURED[path]}; remove it" for path in there]


def _empty(value: Any) -> Any:
    """Return the value; None for all that the chart takes for nothing."""
    return value or None
