# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consul, installed from manifests: servers, client agents and mesh gateways, peered with other datacenters or federated with them."""

from __future__ import annotations

from ..._mesh.contract.provider import Provider, Stories
from ..._mesh.contract.rotation import Driven, Stepped
from ..._mesh.install.defaults import Defaults
from ..._mesh.trust.keys import UsableKeys
from .backup import backup
from .gateways import gateways
from .health import health
from .install import install
from .links import links
from .names import AGENTS_CA
from .rotation import agents_ca, agents_tls, gossip, rotation, sidecar_tokens, tokens
from .trust import trust
from .workloads import workloads

CONSUL = Provider("consul", Stories(
    install=install,
    trust=trust,
    links=links,
    gateways=gateways,
    driven_rotation=Driven(rotation.progress, rotation.order, rotation.permissions, stores=False),
    health=health,
    rotations={
        "agents": Stepped(agents_tls.renews, agents_tls.STEPS, agents_tls.permissions),
        "agents-ca": Stepped(agents_tls.renews, agents_ca.STEPS, agents_ca.permissions, AGENTS_CA),
        "gossip": Stepped(gossip.renews, gossip.STEPS, gossip.permissions),
        "sidecar-tokens": Stepped(sidecar_tokens.renews, sidecar_tokens.STEPS, sidecar_tokens.permissions),
        "tokens": Stepped(tokens.renews, tokens.STEPS, tokens.permissions),
    },
    backup=backup,
    workloads=workloads,
    instead={"cutover": (
        "Its servers have no revisions: site restarts them one after the other when mesh_version changes, and takes the agents away when "
        "mesh_values.agents.enabled becomes false."
    )},
), Defaults(
    namespace="consul",
    # It signs the next CA by the algorithm with which the present one was signed, and that has to fit the key of the present one.
    keys=UsableKeys(one_family="and Consul could never replace such a CA. Have the CA signed by a key of type EC."),
    path_length=2,
    shares_root=False,
    links_by_api_server=False,
    leaf_left=10,  # it renews at a time by lot, after 60 percent of the lifetime and before 90
    outlives="the data of the servers, and the Secrets without which no server reads them",
))  # fmt: skip
