# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of HashiCorp's chart for a datacenter. The Secrets that they name are those that servers from manifests take, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....._mesh.errors import Refused
from ....._mesh.install.wish import ControlPlane, merged
from ... import datacenter
from ...names import CONNECT_CA, DOMAIN, INTERMEDIATE_TTL, LEAF_TTL, NAME, PASSAGE, RULER, SERVER_TLS, SHARED, STANDING, TOKENS
from ...settings import Settings
from ...trust.trust import CONFIGURATION
from ..agent_config import gateways
from . import images
from .lines import Chosen

EXTRA = "extraConfig"


def values(wish: ControlPlane, settings: Settings, chosen: Chosen) -> dict[str, Any]:
    """Return the values: ours, with the inventory's on top. What an inventory adds to the servers' configuration is added to ours."""
    result = merged(ours(wish, settings, chosen), wish.values.get(NAME))
    result["global"]["extraLabels"] = {**(result["global"].get("extraLabels") or {}), **_labels(wish, settings)}
    result["server"][EXTRA] = _text(merged(_configuration(wish, settings), added(wish)))
    return result


def _labels(wish: ControlPlane, settings: Settings) -> dict[str, str]:
    """Return what status and rotations read of the servers. The chart puts it on all objects, and knows no annotations for a StatefulSet."""
    lifetimes = {LEAF_TTL: settings.connect.leaf_ttl, INTERMEDIATE_TTL: settings.connect.intermediate_ttl}
    return {STANDING: datacenter.kind(wish), **lifetimes, **({RULER: wish.primary} if datacenter.kind(wish) == datacenter.SECONDARY else {})}


def added(wish: ControlPlane) -> Mapping[str, Any]:
    """Return what the inventory adds to the configuration of the servers."""
    server = (wish.values.get(NAME) or {}).get("server")
    given = server.get(EXTRA) if isinstance(server, Mapping) else None
    try:
        read = json.loads(given or "{}") if isinstance(given, str | None) else given
    except ValueError:
        read = None
    if not isinstance(read, Mapping):
        raise Refused(f"{wish.cluster}: mesh_values.consul.server.{EXTRA} is no JSON object, so the servers could not read it. Write it as JSON in one text.")
    return read


def ours(wish: ControlPlane, settings: Settings, chosen: Chosen) -> dict[str, Any]:
    return {
        "global": {
            "name": NAME,
            "datacenter": wish.cluster,
            "domain": DOMAIN,
            **images.values(wish, settings, chosen),
            **_trust(wish),
            **_standing(wish, settings),
            "openshift": {"enabled": wish.platform == "openshift"},
        },
        "server": _server(wish, settings),
        "connectInject": {
            "enabled": True,
            "cni": _CNI if wish.platform == "openshift" else {"enabled": False},
            "apiGateway": {"manageExternalCRDs": wish.crds != "external"},
        },
        "meshGateway": _gateway(settings),
    }


# OpenShift's own directories of CNI plugins, which Multus calls.
_CNI = {"enabled": True, "multus": True, "cniBinDir": "/var/lib/cni/bin", "cniNetDir": "/etc/kubernetes/cni/net.d"}


def _key(secret: str, key: str) -> dict[str, str]:
    return {"secretName": secret, "secretKey": key}


def _trust(wish: ControlPlane) -> dict[str, Any]:
    """Return where certificates, the gossip key and the tokens are. A secondary has no token of its own that rules: it uses that of the replication."""
    ruling = datacenter.kind(wish) != datacenter.SECONDARY
    acls: dict[str, Any] = {"manageSystemACLs": True}
    if ruling:
        acls["bootstrapToken"] = _key(TOKENS, "management")
    if datacenter.federated(wish):
        acls |= {"replicationToken": _key(SHARED, "replication"), "createReplicationToken": ruling}
    return {
        # Plain HTTP is open to the pod itself only (see `_configuration`), which is where requests through the API server arrive.
        "tls": {"enabled": True, "verify": True, "httpsOnly": False, "caCert": _key(SERVER_TLS, "ca.crt")},
        "gossipEncryption": _key(SHARED, "gossip"),
        "acls": acls,
    }


def _standing(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    """Return the form of the mesh. Without a name of the primary, the chart takes a datacenter for the primary."""
    if not datacenter.federated(wish):
        return {"peering": {"enabled": True}, "federation": {"enabled": False}}
    federation: dict[str, Any] = {"enabled": True}
    if datacenter.kind(wish) == datacenter.SECONDARY:
        federation |= {"primaryDatacenter": datacenter.primary(wish), "primaryGateways": gateways(wish, settings)}
    return {"peering": {"enabled": False}, "federation": federation}


def _server(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    wanted = settings.servers
    server: dict[str, Any] = {"replicas": wanted.replicas, "storage": wanted.storage, "serverCert": {"secretName": SERVER_TLS}}
    if wanted.storage_class:
        server["storageClass"] = wanted.storage_class
    if wanted.resources:
        server["resources"] = dict(wanted.resources)
    if datacenter.kind(wish) != datacenter.SECONDARY:
        item = {"key": CONFIGURATION, "path": CONFIGURATION}
        server["extraVolumes"] = [{"type": "secret", "name": CONNECT_CA, "load": True, "items": [item]}]
    return server


def _configuration(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    """Return what the chart has no values for. The key of the CA is not here, because the chart writes this into a ConfigMap."""
    federated = datacenter.federated(wish)
    config: dict[str, Any] = {"addresses": {"http": "127.0.0.1"}, "retry_interval": "2s", "retry_interval_wan": "5s", "acl": {"token_ttl": "5s"}}
    if federated:
        config["peering"] = {"enabled": False}
    if datacenter.kind(wish) == datacenter.SECONDARY:
        return config | {"primary_gateways_interval": "5s"}
    lifetimes = {"leaf_cert_ttl": settings.connect.leaf_ttl, "intermediate_cert_ttl": settings.connect.intermediate_ttl}
    return config | {"connect": {"ca_provider": "consul", "ca_config": {"cluster_id": datacenter.cluster_id(wish), **lifetimes}}}


def _text(config: Mapping[str, Any]) -> str:
    """Return the text. With line ends there are never two braces side by side, which would begin a template of Helm."""
    return json.dumps(config, indent=2, sort_keys=True)


def _gateway(settings: Settings) -> dict[str, Any]:
    """Return the gateway's values. Its Service has the gateway's own port, so that a datacenter has the same address whichever way it was installed."""
    wanted, given = settings.gateway, settings.gateway.service
    service: dict[str, Any] = {"type": wanted.type if wanted.type != "HostPort" else "ClusterIP", "port": PASSAGE}
    gateway: dict[str, Any] = {"enabled": True, "replicas": wanted.replicas, "service": service, "wanAddress": {"source": "Service"}}
    if wanted.type == "NodePort" and given.get("node_port"):
        service["nodePort"] = given["node_port"]
    if wanted.type == "HostPort":
        gateway |= {"hostPort": PASSAGE, "wanAddress": {"source": "NodeIP", "port": PASSAGE}}
    if given.get("annotations"):
        # The chart wants them as a text.
        service["annotations"] = "\n".join(f"{json.dumps(str(name))}: {json.dumps(str(text))}" for name, text in given["annotations"].items())
    if wanted.resources:
        gateway["resources"] = dict(wanted.resources)
    return gateway
