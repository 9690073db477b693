# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The defaults of a mesh, for what the inventory leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..trust.keys import ALL, UsableKeys


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """If `revision` is empty, the mesh has no revisions at all, and so no `tags`.

    `key_types` are the key types that its CAs may have, and `key_type` is the default. `keys` are those that certificates of others may have,
    such as a root that the user gives. `path_length` is how many CAs the mesh itself puts between a cluster's CA and its leaves. `shares_root`
    says that all clusters of a mesh trust one root. `gateways` says that gateways of the mesh join the networks. `links_by_api_server` says that
    control planes of other clusters reach a cluster's API server. `outlives` says, in words, what a teardown keeps in the namespace, because what the mesh
    knows would be lost with it. `leaf_left` is how much of its lifetime, in percent, the certificate of a workload has left when the mesh renews it at the
    latest.
    """

    namespace: str
    revision: str = ""
    tags: Sequence[str] = ()
    key_type: str = "P-256"
    key_types: Sequence[str] = ("P-256",)
    keys: UsableKeys = ALL
    path_length: int = 0
    shares_root: bool = True
    gateways: bool = True
    links_by_api_server: bool = True
    outlives: str = ""
    leaf_left: int = 50
