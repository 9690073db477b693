# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Istio, installed by the Sail operator: OpenShift Service Mesh 3, and Sail itself."""

from __future__ import annotations

from ..._mesh.contract.provider import Provider, Stories
from ..._mesh.install.defaults import Defaults
from ..istio_family.gateways import gateways
from ..istio_family.keys import OF_ENVOY
from ..istio_family.links import links
from ..istio_family.rotation import rotation
from ..istio_family.trust import trust
from .cutover import cutover
from .health import health
from .install import install

OSSM3 = Provider("ossm3", Stories(
    install=install,
    trust=trust,
    links=links,
    gateways=gateways,
    rotation=rotation,
    health=health,
    cutover=cutover,
), Defaults(
    namespace="istio-system",
    revision="stable",
    tags=("default",),
    key_types=("P-256", "RSA-2048", "RSA-3072", "RSA-4096"),
    keys=OF_ENVOY,
))  # fmt: skip
