# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh: what it can do, each story by the protocol that it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import Refused
from ..install.defaults import Defaults
from .backup import Backup
from .cutover import Cutover
from .gateways import Gateways
from .health import Health
from .install import Install
from .links import Links
from .rotation import Driven, Rotation, Stepped
from .trust import Trust
from .workloads import Workloads

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Stories:
    """What a mesh can do, each a module of pure functions; None is what it cannot. `rotations` are those beside the CA's, by kind.

    `instead` says, by story, what to run where the mesh has none.
    """

    install: Install | None = None
    trust: Trust | None = None
    links: Links | None = None
    gateways: Gateways | None = None
    rotation: Rotation | None = None
    driven_rotation: Driven | None = None
    health: Health | None = None
    cutover: Cutover | None = None
    rotations: Mapping[str, Stepped] = field(default_factory=dict)
    backup: Backup | None = None
    workloads: Workloads | None = None
    instead: Mapping[str, str] = field(default_factory=dict)


class Provider:
    """A mesh by its name. Each of its stories is a property that refuses, by name, where the mesh has none."""

    def __init__(self, name: str, stories: Stories, defaults: Defaults) -> None:
        self.name, self.stories, self.defaults = name, stories, defaults

    def _of(self, story: T | None, called: str) -> T:
        if story is None:
            raise Refused(" ".join((f"The provider {self.name} has no {called}.", self.stories.instead.get(called, ""))).rstrip())
        return story

    @property
    def install(self) -> Install:
        return self._of(self.stories.install, "install")

    @property
    def trust(self) -> Trust:
        return self._of(self.stories.trust, "trust")

    @property
    def links(self) -> Links:
        return self._of(self.stories.links, "links")

    @property
    def gateways(self) -> Gateways:
        return self._of(self.stories.gateways, "gateways")

    @property
    def rotation(self) -> Rotation:
        return self._of(self.stories.rotation, "rotation")

    @property
    def driven_rotation(self) -> Driven | None:
        """Of a product that rotates its CA by itself; None where a rotation is written."""
        return self.stories.driven_rotation

    def stepped(self, kind: str) -> Stepped:
        """Return a rotation beside the CA's. Refuse an unknown kind."""
        if kind not in self.stories.rotations:
            raise Refused(f"The provider {self.name} has no rotation of the kind {kind}. It has {', '.join(self.rotation_kinds)}.")
        return self.stories.rotations[kind]

    @property
    def rotation_kinds(self) -> list[str]:
        """Return what can be rotated, as the role names it."""
        of_the_ca = ["root", "intermediate"] if self.stories.rotation or self.stories.driven_rotation else []
        shared = [name for name, story in (("links", self.stories.links), ("gateways", self.stories.gateways)) if story]
        return [*of_the_ca, *shared, *sorted(self.stories.rotations)]

    @property
    def health(self) -> Health:
        return self._of(self.stories.health, "health")

    @property
    def cutover(self) -> Cutover:
        return self._of(self.stories.cutover, "cutover")

    @property
    def backup(self) -> Backup:
        return self._of(self.stories.backup, "backup")

    @property
    def workloads(self) -> Workloads:
        return self._of(self.stories.workloads, "workloads")
