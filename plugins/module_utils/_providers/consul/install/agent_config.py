# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of Consul's servers and client agents. What is secret in it is added in the pod, from Secrets, and lies in memory only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...._mesh.install.wish import ControlPlane
from .. import datacenter
from ..gateways.addresses import with_port
from ..names import DOMAIN, GRPC, HTTP, HTTPS, SERVER
from ..settings import Settings

CONFIG, CERTIFICATES, SECRETS = "/consul/config", "/consul/tls", "/consul/secrets"


def text(config: Mapping[str, Any]) -> str:
    return json.dumps(config, indent=2, sort_keys=True) + "\n"


def server(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    """Return a server's configuration. HTTP without TLS is open to the pod itself only, which is where requests through the API server arrive."""
    federated = datacenter.federated(wish)
    config = {
        **_common(wish, settings),
        "server": True,
        "bootstrap_expect": settings.servers.replicas,
        "leave_on_terminate": False,
        "addresses": {"http": "127.0.0.1"},
        "connect": {"enabled": True, **({"enable_mesh_gateway_wan_federation": True} if federated else {})},
        "peering": {"enabled": not federated},
        "performance": {"raft_multiplier": 2},
        "autopilot": {"min_quorum": _quorum(settings.servers.replicas)},
    }
    if datacenter.kind(wish) == datacenter.SECONDARY:
        config |= {"primary_gateways": gateways(wish, settings), "primary_gateways_interval": "5s"}
    return config


def gateways(wish: ControlPlane, settings: Settings) -> list[str]:
    """Return the addresses at which a secondary reaches the gateways of its primary: the present one, and those to which they are to move."""
    known = [wish.primary_address, *map(str, settings.connect.primary_addresses)]
    return list(dict.fromkeys(with_port(address) for address in known if address))


def _quorum(servers: int) -> int:
    """Return how many servers stay voters, whoever dies. A single server has nobody to remove."""
    return servers if servers > 1 else 0


def agent(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    return {**_common(wish, settings), "server": False, "leave_on_terminate": True, "ports": {**_PORTS, "http": -1}}


_PORTS = {"http": HTTP, "https": HTTPS, "grpc": -1, "grpc_tls": GRPC}


def _common(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    """Return what both kinds of agent have in common. Without these short intervals a federation takes three times as long to come up."""
    files = {"ca_file": f"{CERTIFICATES}/ca.crt", "cert_file": f"{CERTIFICATES}/tls.crt", "key_file": f"{CERTIFICATES}/tls.key"}
    return {
        "datacenter": wish.cluster,
        "primary_datacenter": datacenter.primary(wish),
        "domain": DOMAIN,
        "data_dir": "/consul/data",
        "client_addr": "0.0.0.0",  # noqa: S104
        "ports": dict(_PORTS),
        "retry_join": [f"{SERVER}.{wish.namespace}.svc"],
        "retry_interval": "2s",
        "retry_interval_wan": "5s",
        "disable_update_check": True,
        "acl": _ACL | {"tokens": {}},
        "tls": {
            "defaults": {**files, "verify_outgoing": True},
            "internal_rpc": {"verify_incoming": True, "verify_server_hostname": True},
        },
    }


_ACL = {
    "enabled": True,
    "default_policy": "deny",
    "down_policy": "extend-cache",
    "enable_token_persistence": True,
    "enable_token_replication": True,
    "token_ttl": "5s",
}


def script(wish: ControlPlane, settings: Settings, serves: bool) -> str:
    """Return the shell script that writes the secret part of the configuration from the environment and from mounted keys.

    Consul reads the CA only when a datacenter starts for the first time. Later, only a rotation gives it another one.
    """
    lines = ["set -eu", "umask 077", f"exec > {SECRETS}/secret.hcl", 'printf \'encrypt = "%s"\\n\' "$GOSSIP"', "echo 'acl { tokens {'"]
    lines += [f'printf \'{name} = "%s"\\n\' "${variable}"' for name, variable in tokens(wish, serves).items()]
    lines += ["echo '} }'"]
    if serves and datacenter.kind(wish) != datacenter.SECONDARY:
        lines += _of_the_ca(wish, settings)
    return "\n".join([*lines, ""])


def tokens(wish: ControlPlane, serves: bool) -> dict[str, str]:
    """Return the tokens of an agent, each with the variable of the environment that holds it."""
    if not serves:
        return {"agent": "AGENT"}
    first = {"replication": "REPLICATION"} if datacenter.kind(wish) == datacenter.SECONDARY else {"initial_management": "MANAGEMENT"}
    return {"agent": "AGENT", **first}


def _of_the_ca(wish: ControlPlane, settings: Settings) -> list[str]:
    """Return the lines for the CA: it signs with the first certificate, and workloads trust all of them."""
    lifetimes = {"leaf_cert_ttl": settings.connect.leaf_ttl, "intermediate_cert_ttl": settings.connect.intermediate_ttl}
    known = {"cluster_id": datacenter.cluster_id(wish), **lifetimes}
    lines = ["echo 'connect {'", "echo 'ca_provider = \"consul\"'", "echo 'ca_config {'"]
    lines += [f"echo '{name} = \"{value}\"'" for name, value in known.items()]
    for name, file in (("private_key", "ca.key"), ("root_cert", "chain.pem")):
        lines += [f"echo '{name} = <<PEM'", f"cat /consul/ca/{file}", "echo PEM"]
    return [*lines, "echo '} }'"]
