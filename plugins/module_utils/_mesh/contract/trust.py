# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the CA lies that the control plane signs with, and what workloads trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..objects.change import Ref
from ..objects.look import Look
from ..objects.shapes import Manifest
from ..trust.certificate import Material
from ..trust.prepared import TrustNeeds


class Trust(Protocol):
    """Where the CA lies that the control plane signs with, and what it looks like. It may be one object or several.

    `objects` begins with the one that holds the key: without it there is no CA. `manifests` are in the order in which they are written,
    with the key last, so that a CA that is there is there as a whole. `bundle` gives the PEM that workloads are told to trust.
    `needs` are the names in the CA of a cluster, and what else must be there before anything of the mesh runs.
    """

    def objects(self, namespace: str) -> list[Ref]: ...
    def self_made(self, namespace: str) -> list[Ref]: ...
    def read(self, there: Mapping[Ref, Mapping[str, Any]]) -> Material: ...
    def manifests(self, material: Material, namespace: str, mesh: str = "") -> list[Manifest]: ...
    def namespace(self, name: str, network: str | None = None) -> Manifest: ...
    def needs(self, namespace: str, trust_domain: str, cluster: str = ...) -> TrustNeeds: ...
    def external_issuer(self, namespace: str) -> Look[str]: ...
    def bundle(self, namespace: str) -> Look[bytes]: ...
