# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh of paper: no software, only objects. It proves that the contract does not describe Istio alone.

Each file has the name of its protocol in _mesh/contract. tests/paper has the hook by which playbooks know this mesh.
"""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.provider import Provider, Stories
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.rotation import Driven
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.defaults import Defaults
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.keys import UsableKeys

from . import health, install, links, rotation, seal, trust

PAPER = Provider(
    "paper",
    Stories(
        driven_rotation=Driven(rotation.progress, rotation.order, rotation.permissions),
        rotations={"seal": seal.SEAL},
        health=health,
        install=install,
        links=links,
        trust=trust,
    ),
    Defaults(
        namespace="paper-system",
        keys=UsableKeys(("EC P-256",), "which paper does not carry. Use EC P-256."),
        shares_root=False,
        gateways=False,
        outlives="the seal of the product",
    ),
)
