# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the clusters of the mesh of paper have beside what it writes: a gateway with an address and an identity, and a product with a token."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import encoded
from ansible_collections.meshops.lifecycle.tests.unit.support.worlds import World

from . import links, rotation

_TOKEN = "t0ken-of-the-product"

WORLD = World(
    source=links.world("mesh", "west", "192.0.2.7"),
    product={
        "Pod": [{"metadata": {"name": "control-1", "namespace": "mesh"}}],
        "Secret": [{"metadata": {"name": rotation.TOKEN, "namespace": "mesh"}, "data": {"token": encoded(_TOKEN.encode())}}],
    },
    token=_TOKEN,
)
