# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of a mesh in one cluster, and what of it is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .revision_tag import Tag, tag_faults, validator_faults


@dataclass(frozen=True)
class ControlPlaneRevision:
    """One revision of the control plane. `version` is the tag of its image."""

    revision: str
    version: str
    desired: int
    ready: int
    reason: str = ""
    lasting: bool = False


@dataclass(frozen=True)
class Remote:
    """What one control plane pod says of a cluster it discovers: synced, syncing, timeout, closed."""

    pod: str
    cluster: str
    status: str


@dataclass(frozen=True)
class Gateway:
    """A gateway between networks. Addresses are those the platform gave: IP, host name, or node addresses with a node port."""

    name: str
    namespace: str
    network: str
    desired: int
    ready: int
    addresses: Sequence[str] = ()
    reason: str = ""
    lasting: bool = False


@dataclass(frozen=True)
class Proxy:
    """A proxy that a control plane pod serves. `stale` names the kinds of config sent but not accepted."""

    name: str
    namespace: str
    version: str
    stale: Sequence[str] = ()


@dataclass(frozen=True)
class HealthFacts:
    """The facts of one cluster. `answered` are the control plane pods that told what they discover, be it nothing.

    `default_revision` is the revision that validates what users write; empty where nothing says so.
    `kept` is what somebody else keeps, as half sentences. `reachable_networks` is None of a mesh that knows nothing of networks.
    """

    cluster: str
    planes: Sequence[ControlPlaneRevision] = ()
    remotes: Sequence[Remote] = ()
    gateways: Sequence[Gateway] = ()
    links: Sequence[str] = ()
    reachable_networks: Sequence[str] | None = ()
    proxies: Sequence[Proxy] = ()
    answered: Sequence[str] = ()
    unanswered: Sequence[str] = ()
    served_by: str = ""
    tags: Sequence[Tag] = ()
    default_revision: str = ""
    kept: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Expected:
    """What the inventory wants of this cluster. `remotes` maps each cluster to be discovered to its network.

    `tags` are the revision tags that are to lead to the revision; without them, as while a control plane is being installed, no tag is judged.
    """

    revision: str = ""
    network: str = ""
    role: str = "primary"
    gateway: bool = True
    remotes: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] | None = None


def findings(health: HealthFacts, expected: Expected) -> list[str]:
    """Each thing that is not as expected, as a sentence; the worst first."""
    found = _planes(health, expected)
    if not found and expected.role == "primary":
        found += _remotes(health, expected) + _networks(health, expected)
    if expected.tags is not None:
        found += tag_faults(health.tags, expected.tags, expected.revision)
        found += validator_faults(health.default_revision, [plane.revision for plane in health.planes]) if expected.role == "primary" else []
    found += _gateways(health, expected)
    return [f"{health.cluster}: {text}." for text in found]


def lasting(health: HealthFacts, expected: Expected) -> bool:
    """Whether something that is waited for does not become ready by waiting, as a rule."""
    planes = [plane for plane in health.planes if expected.role == "primary" and expected.revision in ("", plane.revision)]
    gateways = _of_network(health, expected) if expected.gateway else []
    return any(plane.lasting for plane in planes) or any(gateway.lasting for gateway in gateways)


def _planes(health: HealthFacts, expected: Expected) -> list[str]:
    if expected.role != "primary":
        return [] if health.served_by else ["no address of the primary's control plane is set; run meshops.lifecycle.control_plane"]
    wanted = [plane for plane in health.planes if not expected.revision or plane.revision == expected.revision]
    if not wanted:
        runs = ", ".join(plane.revision for plane in health.planes if plane.revision)
        others = f"; there is {runs}" if runs else ""
        return [f"the control plane {expected.revision or 'of the mesh'} is not installed{others}; run meshops.lifecycle.control_plane"]
    found = []
    for plane in wanted:
        if plane.ready < max(plane.desired, 1):
            told = f": {plane.reason}" if plane.reason else ""
            name = f"the control plane {plane.revision}".rstrip()  # a mesh without revisions has none to name
            found.append(f"{name} has {plane.ready} of {plane.desired} replicas ready{told}")
    return found + [f"{who} did not answer" for who in health.unanswered]


def _remotes(health: HealthFacts, expected: Expected) -> list[str]:
    found = []
    for pod in sorted(health.answered):
        seen = {remote.cluster: remote.status for remote in health.remotes if remote.pod == pod}
        for name in sorted(expected.remotes):
            status = seen.get(name)
            if status is None:
                found.append(f"{pod} does not know the cluster {name}; run meshops.lifecycle.federate")
            elif status != "synced":
                look = f"look whether {name}'s API server is reached from here, and whether mesh_api_ca has to name its CA"
                found.append(f"{pod} has not synced the cluster {name} (it says {status}); {look}")
    if expected.remotes and not health.answered:
        found.append("no control plane pod told which clusters it has synced")
    return found


def _networks(health: HealthFacts, expected: Expected) -> list[str]:
    """Every other network needs a known gateway, or requests to it end in 503."""
    if health.reachable_networks is None:
        return []
    wanted = {network: cluster for cluster, network in sorted(expected.remotes.items()) if network != expected.network}
    return [
        f"the control plane knows no gateway of the network {network} (cluster {cluster}), so requests cannot cross to it"
        for network, cluster in wanted.items()
        if network not in health.reachable_networks
    ]


def _of_network(health: HealthFacts, expected: Expected) -> list[Gateway]:
    """The gateways of this cluster's network. Those of a mesh that knows nothing of networks are for all of them."""
    if health.reachable_networks is None:
        return list(health.gateways)
    return [gateway for gateway in health.gateways if gateway.network == expected.network]


def _gateways(health: HealthFacts, expected: Expected) -> list[str]:
    if not expected.gateway:
        return []
    wanted = _of_network(health, expected)
    if not wanted:
        network = f" for the network {expected.network}" if health.reachable_networks is not None else ""
        return [f"there is no east-west gateway{network}; run meshops.lifecycle.gateways"]
    found = []
    for gateway in wanted:
        where = f"the gateway {gateway.namespace}/{gateway.name}"
        if gateway.ready < max(gateway.desired, 1):
            told = f": {gateway.reason}" if gateway.reason else ""
            found.append(f"{where} has {gateway.ready} of {gateway.desired} replicas ready{told}")
        if not gateway.addresses:
            found.append(f"{where} has no address yet; look at its Service and the platform's load balancer (with node ports, nodes need an external address)")
    return found
