# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about what runs of a mesh in one cluster, and the findings that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .revision_tag import Tag, tag_faults, validator_faults
from .servers import NodeAgents, OtherCatalogue, Quorum, agent_faults


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
    """What one control plane pod says about a cluster that it discovers: synced, syncing, timeout or closed."""

    pod: str
    cluster: str
    status: str


@dataclass(frozen=True)
class Gateway:
    """A gateway between networks. The platform gave the addresses: an IP, a host name, or node addresses with a node port."""

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
    """A proxy that a control plane pod of this `revision` serves. `stale` names the kinds of configuration that it was sent and did not accept."""

    name: str
    namespace: str
    version: str
    stale: Sequence[str] = ()
    revision: str = ""


@dataclass(frozen=True)
class Deadline:
    """Something that works until a certificate ends: the certificate as PEM, and half a sentence to which the end is added."""

    certificate: bytes
    text: str


@dataclass(frozen=True)
class HealthFacts:
    """The facts of one cluster. `answered` are the control plane pods that said what they discover, even if it is nothing.

    `default_revision` is the revision that validates users' objects; empty if no webhook does.
    `kept` says what other tools manage, as half sentences. `reachable_networks` is None if the mesh has no networks.
    `faults` are half sentences about what only this mesh has, such as a quorum of its servers. `deadlines` become faults once their end was read.
    `noticed` are half sentences about what is no fault. `agents` and `quorum` are None if the mesh has none here, and `catalogues` say what its servers see
    of other clusters. `line` is the CA with which the product says that it signs, and the CAs above it up to the root, as PEM; empty if the product does
    not say it, so that the Secret counts.
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
    faults: Sequence[str] = ()
    deadlines: Sequence[Deadline] = ()
    noticed: Sequence[str] = ()
    quorum: Quorum | None = None
    agents: NodeAgents | None = None
    catalogues: Sequence[OtherCatalogue] = ()
    line: bytes = b""

    def as_dict(self) -> dict[str, Any]:
        """Return the facts. What others read first is not among them: deadlines are faults by then, and certificates are read."""
        return {name: value for name, value in asdict(self).items() if name not in ("deadlines", "line", "noticed")}


@dataclass(frozen=True)
class Expected:
    """What the inventory wants of this cluster. `remotes` maps each cluster that this one must discover to its network.

    `tags` are the revision tags that must lead to the revision. If it is None, as during an install, tags are not judged.
    """

    revision: str = ""
    network: str = ""
    role: str = "primary"
    gateway: bool = True
    remotes: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] | None = None


def findings(health: HealthFacts, expected: Expected) -> list[str]:
    """Return each difference from what is expected, as a sentence; the worst first."""
    texts = [*_planes(health, expected), *health.faults]
    if not texts and expected.role == "primary":
        texts += _remotes(health, expected) + _networks(health, expected)
    if expected.tags is not None:
        texts += tag_faults(health.tags, expected.tags, expected.revision)
        texts += validator_faults(health.default_revision, [plane.revision for plane in health.planes]) if expected.role == "primary" else []
    texts += [*agent_faults(health.agents), *_gateways(health, expected)]
    return [f"{health.cluster}: {text}." for text in texts]


def lasting(health: HealthFacts, expected: Expected) -> bool:
    """Return whether something that the run waits for is stuck in a way that waiting rarely resolves."""
    planes = [plane for plane in health.planes if expected.role == "primary" and expected.revision in ("", plane.revision)]
    gateways = _of_network(health, expected) if expected.gateway else []
    agents = bool(health.agents and health.agents.lasting)
    return agents or any(plane.lasting for plane in planes) or any(gateway.lasting for gateway in gateways)


def _planes(health: HealthFacts, expected: Expected) -> list[str]:
    wanted = [plane for plane in health.planes if not expected.revision or plane.revision == expected.revision]
    if expected.role != "primary":  # in some meshes a remote cluster runs servers of its own beside what its primary decides
        lost = [] if health.served_by else ["the cluster does not know the address of its primary's control plane; run meshops.lifecycle.control_plane"]
        return [*_unready(wanted), *lost]
    if not wanted:
        runs = ", ".join(plane.revision for plane in health.planes if plane.revision)
        others = f" (installed revisions: {runs})" if runs else ""
        return [f"the control plane {expected.revision or 'of the mesh'} is not installed{others}; run meshops.lifecycle.control_plane"]
    return _unready(wanted) + [f"{who} did not answer" for who in health.unanswered]


def _unready(planes: Sequence[ControlPlaneRevision]) -> list[str]:
    faults = []
    for plane in planes:
        if plane.ready < max(plane.desired, 1):
            reason = f": {plane.reason}" if plane.reason else ""
            name = f"the control plane {plane.revision}".rstrip()  # a mesh without revisions has none to name
            faults.append(f"{name} has {plane.ready} of {plane.desired} replicas ready{reason}")
    return faults


def _remotes(health: HealthFacts, expected: Expected) -> list[str]:
    faults = []
    for pod in sorted(health.answered):
        seen = {remote.cluster: remote.status for remote in health.remotes if remote.pod == pod}
        for name in sorted(expected.remotes):
            status = seen.get(name)
            if status is None:
                faults.append(f"{pod} does not know the cluster {name}; run meshops.lifecycle.federate")
            elif status != "synced":
                look = f"check whether this cluster reaches {name}'s API server, and whether mesh_api_ca must name its CA"
                faults.append(f"{pod} has not synced the cluster {name} (its status is {status}); {look}")
    if expected.remotes and not health.answered:
        faults.append("no control plane pod answered which clusters it has synced; look at the control plane's pods and logs")
    return faults


def _networks(health: HealthFacts, expected: Expected) -> list[str]:
    """Find networks without a known gateway. Requests to them end in 503."""
    if health.reachable_networks is None:
        return []
    wanted = {network: cluster for cluster, network in sorted(expected.remotes.items()) if network != expected.network}
    return [
        f"the control plane knows no gateway of the network {network} (cluster {cluster}), so requests cannot reach that network; "
        f"run meshops.lifecycle.gateways for {cluster}"
        for network, cluster in wanted.items()
        if network not in health.reachable_networks
    ]


def _of_network(health: HealthFacts, expected: Expected) -> list[Gateway]:
    """Return the gateways of this cluster's network; all gateways if the mesh has no networks."""
    if health.reachable_networks is None:
        return list(health.gateways)
    return [gateway for gateway in health.gateways if gateway.network == expected.network]


def _gateways(health: HealthFacts, expected: Expected) -> list[str]:
    if not expected.gateway:
        return []
    wanted = _of_network(health, expected)
    if not wanted:
        network = f" for the network {expected.network}" if health.reachable_networks is not None else ""
        return [f"the cluster has no east-west gateway{network}; run meshops.lifecycle.gateways"]
    faults = []
    for gateway in wanted:
        where = f"the gateway {gateway.namespace}/{gateway.name}"
        if gateway.ready < max(gateway.desired, 1):
            reason = f": {gateway.reason}" if gateway.reason else ""
            faults.append(f"{where} has {gateway.ready} of {gateway.desired} replicas ready{reason}")
        if not gateway.addresses:
            faults.append(f"{where} has no address yet; check its Service and the platform's load balancer (with node ports, nodes need an external address)")
    return faults
