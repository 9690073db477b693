# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything of a cluster that a cutover decides by: what is common to istiod's family, corrected by what the operator says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...._mesh.cutover.observed import ClusterState
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.serving import Serving
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Read
from ...istio_family.cutover import scenery as family
from .. import kinds
from ..health import operands
from . import overlap


def scene(cluster: str, namespace: str, primary: Serving | None) -> Look[Scene]:
    return Look([*family.reads(namespace), *_more()], partial(_scene, cluster, namespace, primary), partial(family.questions, namespace))


def serving(cluster: str, namespace: str, other: str) -> Look[Serving]:
    reads = [*family.control_planes(namespace), *kinds.reads()]
    return Look(reads, partial(_serving, cluster, namespace, other), partial(family.questions, namespace))


def standing(cluster: str, namespace: str, pods: bool) -> Look[ClusterState]:
    return Look([*family.pointing(namespace, pods), *_more()], partial(_standing, cluster, namespace))


def _more() -> list[Read]:
    return [*kinds.reads(), *overlap.READS]


def _serving(cluster: str, namespace: str, other: str, live: Live, answers: Answers) -> Serving:
    told = family.serving(cluster, namespace, other, live, answers)
    return replace(told, revisions=operands.planes(told.revisions, live, namespace))


def _scene(cluster: str, namespace: str, primary: Serving | None, live: Live, answers: Answers) -> Scene:
    seen = family.scene(cluster, namespace, primary, live, answers)
    return replace(seen, state=_corrected(seen.state, live, namespace))


def _standing(cluster: str, namespace: str, live: Live, answers: Answers) -> ClusterState:
    return _corrected(family.standing(cluster, namespace, live, answers), live, namespace)


def _corrected(state: ClusterState, live: Live, namespace: str) -> ClusterState:
    """A remote cluster's revisions are those of its primary, as that told. What belongs to a revision that is still to start is not left over."""
    plugin = kinds.named(live, kinds.CNI, kinds.ONLY)
    version = str(((plugin or {}).get("spec") or {}).get("version") or "").removeprefix("v")
    known = {str(one["metadata"]["name"]) for one in operands.of_namespace(live, namespace)}
    return replace(
        state,
        revisions=state.revisions if state.served_by else operands.planes(state.revisions, live, namespace),
        tags=operands.tags(state.tags, live),
        leftovers=[one for one in state.leftovers if one.revision not in known],
        cni=version or state.cni,
        forbids=tuple(overlap.forbids(live, namespace)),
    )
