# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How workloads get a proxy in a mesh whose product injects none."""

from __future__ import annotations

from typing import Protocol

from ..install.due import Due
from ..install.wish import ControlPlane
from ..objects.look import Look
from ..objects.shapes import Manifest, Object
from ..workloads.service_wish import ServiceSet, ServiceWish


class Workloads(Protocol):
    """What a workload gets so that it serves a service of the mesh. A mesh whose product injects proxies has no such story.

    `joined` is the part of the workload that the mesh owns, for a server-side apply of its own. `due` is what must be there before a workload has its
    proxy, such as an identity, and `spare` what is there for services that the set does not name any more.
    """

    def joined(self, wish: ControlPlane, service: ServiceWish, workload: Object) -> Manifest: ...
    def due(self, wish: ControlPlane, services: ServiceSet) -> Look[Due]: ...
    def spare(self, wish: ControlPlane, services: ServiceSet) -> Look[Due]: ...
    def permissions(self, namespace: str) -> list[dict[str, str]]: ...
