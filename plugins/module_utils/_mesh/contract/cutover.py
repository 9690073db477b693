# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows which revision of a mesh, and what is written so that it follows another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..cutover.comparison import Comparison
from ..cutover.destinations import Destinations
from ..cutover.expectation import Expectation
from ..cutover.observed import ClusterState
from ..cutover.orders import Aim, Order
from ..cutover.planes import Plane
from ..cutover.scene import Scene
from ..cutover.serving import Serving
from ..cutover.shifts import PlaneScene
from ..cutover.skew import SkewRules
from ..cutover.trial import Trial
from ..cutover.write import Removal, Write
from ..objects.look import Look
from ..objects.shapes import Object


class Cutover(Protocol):
    """How workloads come to follow another revision of their control plane, and back.

    `scene` looks at everything that an order may be about. That of a remote cluster needs what its primary says: `serving` asks there, about the cluster
    `other`. `writes` are those of one order, in the order in which they are made; none if the object stands so already. `copies` are the writes that let
    the target read what only the former revision reads. `trials` are pods that the API server is asked to make and does not; with `after`, one in the
    namespace `space`, which names that revision. `judged` says what is wrong with what came back; empty if nothing is. `injections` counts, by control
    plane, the proxies that it injected; None if it does not say. `rejected` counts, by kind, the configuration that the proxies of a revision rejected.
    `expected` asks the control planes of a revision in which trust domains they expect workloads.
    `destinations` asks a proxy of the namespace `space` where it sends requests. `compared` looks at what both revisions were installed with.
    `removal` is what goes with a revision that nothing follows.
    `plane` looks at a plane, and `shift` are the writes that give one of its colours a share of its traffic, in percent. `doors` are those that give the
    gateways of a colour their pods, or take them.
    `standing` is the state of a cluster without workloads, for reports. It reads pods only to see which of them start without a proxy.
    """

    rules: SkewRules

    def scene(self, cluster: str, namespace: str, primary: Serving | None = ...) -> Look[Scene]: ...
    def serving(self, cluster: str, namespace: str, other: str) -> Look[Serving]: ...
    def standing(self, cluster: str, namespace: str, pods: bool = ...) -> Look[ClusterState]: ...
    def writes(self, order: Order, scene: Scene, aim: Aim, moment: str) -> list[Write]: ...
    def copies(self, scene: Scene, aim: Aim, choice: str) -> list[Write]: ...
    def trials(self, scene: Scene, after: str = ..., space: str = ...) -> list[Trial]: ...
    def judged(self, trial: Trial, answer: Object | None, refusal: str = ...) -> str: ...
    def injections(self, namespace: str, revision: str) -> Look[Mapping[str, int | None]]: ...
    def rejected(self, namespace: str, revision: str) -> Look[Mapping[str, int]]: ...
    def expected(self, namespace: str, revision: str) -> Look[Expectation]: ...
    def destinations(self, space: str) -> Look[Destinations]: ...
    def compared(self, namespace: str, target: str, former: str) -> Look[Comparison]: ...
    def removal(self, scene: Scene, revision: str, namespace: str) -> Removal: ...
    def plane(self, cluster: str, namespace: str, plane: Plane) -> Look[PlaneScene]: ...
    def shift(self, plane: Plane, scene: PlaneScene, colour: str, share: int) -> list[Write]: ...
    def doors(self, plane: Plane, scene: PlaneScene, colour: str, opened: bool) -> list[Write]: ...
    def permissions(self, namespace: str, plane: Plane | None = ...) -> list[dict[str, str]]: ...
