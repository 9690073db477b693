# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who lives by the CA's certificates, and what a rotation writes and does about those who lag behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..objects.change import Ref
from ..objects.look import Look
from ..objects.shapes import Live, Manifest
from ..question import Question
from ..rotation.driven import Progress
from ..rotation.remedies import Need, Remedy
from ..rotation.rules import Rules
from ..rotation.served import Served
from ..rotation.stepped import Step
from ..rotation.trust_users import ControlPlanes, Proxies, ProxyCertificates
from ..trust.certificate import Material
from ..trust.prepared import PreparedSecret

Objects = Mapping[Ref, Mapping[str, Any]]


class Rotation(Protocol):
    """What sees a rotation through. What is in a certificate is not its business: it passes PEM on.

    `control_planes` is looked at before `proxies`: a pod that starts after these were seen to be new can only be given what is new.
    `patches` are in the order in which they are written.
    """

    rules: Rules

    def control_planes(self, namespace: str) -> Look[ControlPlanes]: ...
    def proxies(self, namespace: str) -> Look[Proxies]: ...
    def certificates(self, dump: bytes) -> ProxyCertificates: ...
    def selected(self, spaces: Sequence[Mapping[str, Any]], meshes: Sequence[Any]) -> frozenset[str] | None: ...
    def served(self, cluster: str, namespace: str) -> Look[Served]: ...
    def previous(self, namespace: str) -> Ref: ...
    def kept(self, there: Objects, namespace: str, mesh: str) -> Manifest: ...
    def patches(self, namespace: str, roots: bytes, ca: Material | None = ...) -> list[tuple[Ref, Manifest]]: ...
    def remedies(self, need: Need, namespace: str, moment: str) -> list[Remedy]: ...
    def permissions(self, namespace: str, restart: bool = ..., recover: bool = ...) -> list[dict[str, str]]: ...


@dataclass(frozen=True)
class Driven:
    """The other form of a rotation: a product that rotates its CA by itself is asked where it stands, and given another CA.

    `order` is made from what the look at the progress listed, which holds the token that the product asks for. It may come twice.
    A product that does not store its CA in the objects of `trust` has `stores` false: the run writes them right before the order.
    """

    progress: Callable[[str], Look[Progress]]
    order: Callable[[Live, str, Material], Question]
    permissions: Callable[[str, bool, bool], list[dict[str, str]]]
    stores: bool = True


@dataclass(frozen=True)
class Stepped:
    """A rotation of something else than the CA, in steps of the mesh's own.

    `renews` are the values that are drawn anew, by namespace and cluster: part of what `Trust.needs` prepares. `steps` are taken one after the other, each by
    all clusters. One of them is SETTLE. `permissions` are the rights to take them in a namespace, without those on the Secrets.

    `replaces` is the CA on the trust cluster that signs what `renews` are, if it is the CA that gets a successor. Then the steps have TRUST, ISSUE and DROP
    in place of SETTLE.
    """

    renews: Callable[[str, str], Sequence[PreparedSecret]]
    steps: Sequence[Step]
    permissions: Callable[[str], list[dict[str, str]]]
    replaces: str = ""
