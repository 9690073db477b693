# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planes: the control planes of a cluster by what they do, each with a blue and a green one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Refused

ROLES = ("ingress", "egress", "application")
SIMPLE, HA = "simple", "ha"
BLUE, GREEN = "blue", "green"
COLOURS = (BLUE, GREEN)
ALL = 100
STEPS = (10, 50, ALL)
Given = Mapping[str, Any]


def other(colour: str) -> str:
    return GREEN if colour == BLUE else BLUE


@dataclass(frozen=True)
class Pods:
    """Pods by their namespace and labels."""

    namespace: str
    labels: Mapping[str, str]

    @property
    def selector(self) -> str:
        return ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))


@dataclass(frozen=True)
class OwnHost:
    """A request by which a colour is tested before it gets a share: to `port` of each of these pods, for the host that leads to this colour alone."""

    pods: Pods
    port: int
    host: str = ""
    path: str = "/"
    status: int = 200
    times: int = 5
    name: str = ""

    @property
    def says(self) -> str:
        return self.name or f"{self.host or self.pods.selector}{self.path}"


@dataclass(frozen=True)
class PlaneGateway:
    """The Deployment of a gateway that one colour has for itself."""

    namespace: str
    name: str

    @property
    def where(self) -> str:
        return f"Deployment {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Side:
    """One colour of a plane: its control plane, and the pods that receive its traffic. An empty namespace is the one of the mesh.

    `gateways` lose their pods when the other colour has all the traffic, and get them back before this colour gets any.
    """

    colour: str
    revision: str
    namespace: str = ""
    version: str = ""
    values: Given = field(default_factory=dict, repr=False)
    pods: Pods | None = None
    tests: tuple[OwnHost, ...] = ()
    gateways: tuple[PlaneGateway, ...] = ()


@dataclass(frozen=True)
class Split:
    """An object that splits traffic between both colours by weights. `ends` are the fields by which it names each colour's destination.

    `rules` are the names of the rules that carry the plane's traffic; without names, all rules that lead to a colour do.
    """

    kind: str
    namespace: str
    name: str
    ends: Mapping[str, Given]
    rules: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Of some kinds each colour has an object of its own, and the split no name."""
        name = self.name or " and ".join(str(end.get("name")) for end in self.ends.values())
        return f"{self.kind} {self.namespace}/{name}"


@dataclass(frozen=True)
class Plane:
    """`weights` are the shares that the target gets one after the other, in percent."""

    name: str
    role: str
    profile: str
    sides: Mapping[str, Side]
    weights: tuple[int, ...] = STEPS
    splits: tuple[Split, ...] = ()

    def colour_of(self, to: str, mesh: str = "") -> str:
        """The colour that the user's word means: a colour, or the revision of one."""
        named = [side.colour for side in self.sides.values() if to in (side.colour, side.revision)]
        if len(named) != 1:
            known = ", ".join(f"{side.colour} ({side.revision})" for side in self.sides.values())
            raise Refused(f"The mesh {mesh}: the plane {self.name} has no {to}; it has {known}. Name one of them as cutover_to.")
        return named[0]
