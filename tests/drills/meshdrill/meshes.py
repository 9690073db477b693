# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a drill is another with each provider: the inventory, what makes a revision, what it leaves, and how a mesh comes and goes.

With `istio` the mesh that stands is used, and stays. With `ossm3` a stand-in of the Sail operator installs the lab's istiods: it plays beside both
clusters for as long as the drill takes, and the mesh is another one, which comes and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate
from ansible_collections.meshops.lifecycle.tests.ossm3.operated import operated
from meshlab import paths, programs

from . import cutover_kill, play, revisions
from .errors import DrillError
from .revisions import DRAINING, REVISIONS, Left, Variables
from .versions import Choice, bring_images, take_down, versions

ISTIO, OSSM3 = "istio", "ossm3"
# Those that begin with the mesh that `site` makes, and those of a mesh of OpenShift Service Mesh 3.
SITED = ("naive", "rotation", "kill")
OPERATED = (*SITED, "cutover", "cutover-kill")
_SAIL = ("istios", "istiorevisions", "istiorevisiontags")
_OPERANDS = ",".join(f"{plural}.sailoperator.io" for plural in _SAIL)


@dataclass(frozen=True)
class Mesh:
    """`stays`: the mesh comes home to the first revision in the end. `peer`: another tool may move it beside. `wide` are kinds without a namespace."""

    estate: Estate
    variables: Choice
    stays: bool = True
    peer: bool = True
    left: Left = revisions.left
    wide: str = cutover_kill.WIDE


@contextmanager
def mesh(drill: str, provider: str, real: bool, build: Path) -> Iterator[Mesh]:
    """`real`: the revisions are two versions of Istio, the older of which is built."""
    if provider == OSSM3 and drill not in OPERATED:
        raise DrillError(f"drill-{drill} has no mesh of {OSSM3}; there are {', '.join(OPERATED)}.")
    with _operated(real, build) if provider == OSSM3 else _by_charts(real) as found:
        if drill in SITED:
            play.playbook("site", "site", build / "site", {}, inventory=found.estate.inventory).succeeded()
        yield found


@contextmanager
def _by_charts(real: bool) -> Iterator[Mesh]:
    estate = Estate()
    with versions(estate, real) as variables:
        yield Mesh(estate, variables, stays=not real)


@contextmanager
def _operated(real: bool, build: Path) -> Iterator[Mesh]:
    """The mesh by charts goes first, with a second revision that a drill may have left. istioctl would lead a tag that the operator leads back, so no peer is
    held."""
    take_down(Estate())
    before = programs.build(programs.PROGRAMS["istio-before"]) if real else None
    charts = {of_operator(programs.ISTIO_VERSION): paths.state() / "charts"}
    charts |= {of_operator(programs.ISTIO_BEFORE): before / "charts"} if before else {}
    with operated(build / "operators", charts) as estate:
        if before:
            bring_images(estate, before)
        yield Mesh(estate, both if real else _of_the_inventory, stays=False, peer=False, left=left, wide=f"{cutover_kill.WIDE},{_OPERANDS}")


def of_operator(tag: str) -> str:
    """The version of the lab's images as the operator spells it."""
    return f"v{tag.partition('-')[0]}"


def _of_the_inventory(_revision: str) -> Variables:
    return DRAINING


def both(revision: str) -> Variables:
    """The first revision has the older version, so that the first cutover is an upgrade. The lab's operator knows no images, so they are named, too."""
    tag = programs.ISTIO_BEFORE if revision == REVISIONS[0] else programs.ISTIO_VERSION
    values = {**DRAINING["mesh_cluster_values"], "istiod": {"global": {"tag": tag}}}
    return {**DRAINING, "mesh_version": of_operator(tag).removeprefix("v"), "mesh_cluster_values": values}


def left(estate: Estate, cluster: str, revision: str) -> list[str]:
    """What a revision that was retired has left, the operator's objects of its name included. A tag that leads to it counts as one."""
    items = estate.get(cluster, _OPERANDS)["items"]
    named = [one for one in items if revision in (one["metadata"]["name"], ((one.get("spec") or {}).get("targetRef") or {}).get("name"))]
    return [*revisions.left(estate, cluster, revision), *(f"{cluster}: {one['kind']} {one['metadata']['name']}" for one in named)]
