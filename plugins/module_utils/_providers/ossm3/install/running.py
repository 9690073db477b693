# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the operator has brought what is wanted to run: passing messages are waited for, and what it gives up ends the run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...._mesh.install.due import Due
from ...._mesh.install.versions import minor
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition, verdict
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ...istio_family.install.names import istiod
from .. import kinds
from ..revisions import placed, version
from . import ambient, control_plane

_DEPLOYMENT, _AGENTS = "Deployment", "DaemonSet"


def plugin(wish: ControlPlane) -> Look[Due]:
    """Look at the CNI plugin. It is never older than it was, because it serves the newest revision, too; in ambient mode it has the version of its Istio.

    Wrong values are refused with the stages, so before the first write.
    """
    control_plane.cni(wish)
    return Look([kinds.ref(kinds.CNI, kinds.ONLY), Read("apps/v1", _AGENTS, control_plane.CNI_NAMESPACE)], partial(_plugin, wish))


def _plugin(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    there = kinds.named(live, kinds.CNI, kinds.ONLY)
    wanted = control_plane.cni(wish, "" if ambient.wanted(wish) else _newest(wish, there))
    if ambient.differs(wanted, there):
        return Due(manifests=[wanted])
    if said := kinds.final(there):
        return Due(refusal=f"the operator gives up IstioCNI {kinds.ONLY}: {said}. Mend what is named, and run again.")
    if lack := kinds.lacks(there, "Reconciled", "Ready"):
        return Due(fault=f"IstioCNI {kinds.ONLY} {lack}")
    return Due(fault=ambient.rollouts(live))


def _newest(wish: ControlPlane, there: Object | None) -> str:
    """Return the version that the plugin has, if that is of a newer minor than the wish."""
    has = str(((there or {}).get("spec") or {}).get("version") or "")
    return has if (minor(has) or ()) > (minor(wish.version) or (0, 0)) else ""


def _rollout(workload: Object) -> str:
    return verdict(Condition(Ref.of(workload), "rollout"), workload) or ""


def revision(wish: ControlPlane) -> Look[Due]:
    """Look at the Istio, at its revision, and at what that made.

    An Istio says of itself what its revision said last. After a change in place, that may still be about what the revision was before. So each of
    them has to have been judged in its newest generation, and only then the Deployment counts.
    """
    reads = [kinds.ref(kinds.ISTIO, placed(wish).istio), kinds.ref(kinds.REVISION, wish.revision)]
    control = [] if wish.role == "remote" else [Ref("apps/v1", _DEPLOYMENT, istiod(wish), wish.namespace)]
    return Look([*reads, *control], partial(_revision, wish))


def _revision(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    where = placed(wish)
    there, made = kinds.named(live, kinds.ISTIO, where.istio), kinds.named(live, kinds.REVISION, wish.revision)
    if there is not None and not _asks_for(wish, there):
        return Due(fault=f"Istio {where.istio} is not written yet")
    for one in (there, made):
        if one is not None and (said := kinds.final(one)):
            return Due(refusal=f"the operator gives up {one['kind']} {one['metadata']['name']}: {said}. Mend what is named, and run again.")
    return Due(fault=next(_lacking(wish, where.istio, there, made, live), ""))


def _asks_for(wish: ControlPlane, there: Object) -> bool:
    """Return whether the Istio is the one that this run wrote: what is wrong with another version is none of its faults."""
    return not wish.version or (there.get("spec") or {}).get("version") == version(wish.version)


def _lacking(wish: ControlPlane, istio: str, there: Object | None, made: Object | None, live: Live) -> Iterator[str]:
    if lack := kinds.lacks(there, "Reconciled", "Ready", *_dependencies(wish, there)):
        yield f"Istio {istio} {lack}"
    active = str(((there or {}).get("status") or {}).get("activeRevisionName") or "")
    if active != wish.revision:
        yield f"Istio {istio} has the active revision {active or 'none'}, not {wish.revision}"
    if lack := kinds.lacks(made, "Reconciled", "Ready"):
        yield f"IstioRevision {wish.revision} {lack}"
    if wish.role != "remote":
        control = next(iter(live.get(_DEPLOYMENT, ())), None)
        if late := _rollout(control) if control else "it does not exist":
            yield f"Deployment {wish.namespace}/{istiod(wish)}: {late}"


def _dependencies(wish: ControlPlane, there: Object | None) -> list[str]:
    """Older operators have no such condition. In ambient mode the agents of nodes come after the revision, so it is looked at with them."""
    if ambient.wanted(wish):
        return []
    known = [str(one.get("type")) for one in ((there or {}).get("status") or {}).get("conditions") or []]
    return [name for name in ("DependenciesHealthy",) if name in known]
