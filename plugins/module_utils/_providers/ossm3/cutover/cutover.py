# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer the questions of a cutover for revisions of the operator."""

from __future__ import annotations

from collections.abc import Mapping

from ...._mesh.cutover.comparison import Comparison
from ...._mesh.cutover.destinations import Destinations
from ...._mesh.cutover.expectation import Expectation
from ...._mesh.cutover.observed import ClusterState
from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.planes import Plane
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.serving import Serving
from ...._mesh.cutover.shifts import PlaneScene
from ...._mesh.cutover.trial import Trial
from ...._mesh.cutover.write import Removal, Write
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Object
from ...istio_family.cutover import comparing, counters, plane_doors, planes, trial_pods
from ...istio_family.cutover import copies as _copies
from ...istio_family.cutover import destinations as _destinations
from ...istio_family.cutover import expectation as _expectation
from ...istio_family.cutover.rules import RULES
from . import kept, pointing, scenery
from . import permissions as _permissions
from . import removal as _removal

rules = RULES


def scene(cluster: str, namespace: str, primary: Serving | None = None) -> Look[Scene]:
    """Look at everything in the cluster, also at what the operator says, and ask every istiod which proxies it serves."""
    return scenery.scene(cluster, namespace, primary)


def serving(cluster: str, namespace: str, other: str) -> Look[Serving]:
    """Ask every istiod of a cluster which proxies of another cluster it serves."""
    return scenery.serving(cluster, namespace, other)


def standing(cluster: str, namespace: str, pods: bool = False) -> Look[ClusterState]:
    """Look at the webhooks and at what the labels of namespaces and Gateways say."""
    return scenery.standing(cluster, namespace, pods)


def writes(order: Order, scene: Scene, aim: Aim, moment: str) -> list[Write]:
    """Return what carries out an order."""
    return pointing.writes(order, scene, aim, moment)


def copies(scene: Scene, aim: Aim, choice: str) -> list[Write]:
    """Return what lets the target read what only the former revision reads, and what lets the operator keep both revisions."""
    return [*kept.kept(scene, aim), *_copies.copies(scene, aim, choice)]


def trials(scene: Scene, after: str = "", space: str = "") -> list[Trial]:
    """Return the pods that show who injects."""
    return trial_pods.trials(scene, after, space)


def judged(trial: Trial, answer: Object | None, refusal: str = "") -> str:
    """Return what is wrong with a pod that came back, as half a sentence."""
    return trial_pods.judged(trial, answer, refusal)


def injections(namespace: str, revision: str) -> Look[Mapping[str, int | None]]:
    """Count the pods that each istiod of a revision injected."""
    return counters.injections(namespace, revision)


def rejected(namespace: str, revision: str) -> Look[Mapping[str, int]]:
    """Count the configuration that the proxies of a revision rejected."""
    return counters.rejected(namespace, revision)


def expected(namespace: str, revision: str) -> Look[Expectation]:
    """Ask the istiods of a revision in which trust domains they expect workloads."""
    return _expectation.expectation(namespace, revision)


def destinations(space: str) -> Look[Destinations]:
    """Ask a sidecar of a namespace where it sends requests."""
    return _destinations.destinations(space)


def compared(namespace: str, target: str, former: str) -> Look[Comparison]:
    """Look at what both revisions were installed with."""
    return comparing.compared(namespace, target, former)


def removal(scene: Scene, revision: str, namespace: str) -> Removal:
    """Return what goes with a revision that nothing follows."""
    return _removal.removal(scene, revision, namespace)


def plane(cluster: str, namespace: str, plane: Plane) -> Look[PlaneScene]:
    """Look at a plane: its weights, its control planes, and the pods that receive its traffic."""
    return planes.plane(cluster, namespace, plane)


def shift(plane: Plane, scene: PlaneScene, colour: str, share: int) -> list[Write]:
    """Return what gives a colour of a plane its share of the traffic."""
    return planes.shift(plane, scene, colour, share)


def doors(plane: Plane, scene: PlaneScene, colour: str, opened: bool) -> list[Write]:
    """Return what gives the gateways of a colour their pods, or takes them."""
    return plane_doors.written(plane, scene, colour, opened)


def permissions(namespace: str, plane: Plane | None = None) -> list[dict[str, str]]:
    """Return the rights that a cutover needs; with a plane, those to look at the mesh and to shift the plane's traffic."""
    if plane is None:
        return _permissions.cutting_over(namespace)
    return [*_permissions.seeing(namespace), *_permissions.probing(), *planes.rights(plane, namespace)]
