# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision that nothing follows any more."""

from __future__ import annotations

from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import Removal
from ...istio_family.cutover import copies, notes, retirement


def removal(scene: Scene, revision: str, namespace: str) -> Removal:
    """First what users' requests do not reach any more, then the control plane, then what its release leaves behind. A remote cluster has its own release."""
    gateways = [one for one in scene.state.workloads if one.gateway and one.kind == "Deployment"]
    drained, serving = [one for one in gateways if one.drained], {(one.namespace, one.name) for one in gateways if one.replicas}
    revisions = [known.revision for known in scene.state.revisions]
    first = [*retirement.gateways(scene.live, revision, drained, serving), *copies.of(scene.live, revision, revisions)]
    forgotten = [*notes.forgotten(scene, revision, first), *copies.forgotten(scene.live, revision)]
    return Removal(first, [(namespace, release(revision))], retirement.behind(namespace, revision), forgotten)


def release(revision: str) -> str:
    """The Helm release of its control plane. Removing it leaves what the chart keeps, and what others made."""
    return "istiod" if revision == "default" else f"istiod-{revision}"
