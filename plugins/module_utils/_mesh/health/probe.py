# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads that ask each other across clusters: the proof that requests cross, over mTLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMESPACE = "meshops-probe"
IMAGE = "docker.io/fortio/fortio:1.66.0"


@dataclass(frozen=True)
class ProbeWish:
    """The probe of one cluster. `targets` are all clusters of the mesh, this one included."""

    cluster: str
    revision: str
    targets: Sequence[str] = ()
    namespace: str = NAMESPACE
    image: str = IMAGE
    trust_domain: str = "cluster.local"
