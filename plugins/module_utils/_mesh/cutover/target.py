# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which revision a cutover ends on, and which one served before: from the user's word and from what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import Refused
from ..install.versions import minor
from ..names import label_fault
from .led import led
from .leftover import gone
from .observed import ClusterState
from .orders import Aim

PREVIOUS = "previous"


def aim(mesh: str, to: str, states: Sequence[ClusterState], former: str = "") -> Aim:
    """`to` is a revision, a version, or `previous`. `former` is the user's word where several revisions are in use."""
    if to == PREVIOUS:
        back = _back(mesh, states)
        return _checked(mesh, back.target, former or back.former)
    target = _named(mesh, to, states)
    if former:
        return _checked(mesh, target, former)
    others = in_use(states, target)
    if not others:
        installed = sorted({known.revision for state in states for known in state.revisions} - {target})
        others = installed if len(installed) == 1 else _gone(states, target)[:1]
    if not others:
        told = f"The mesh {mesh}: nothing is to be moved to {target}, because nothing follows another revision"
        raise Refused(f"{told}. Install it with the playbook control_plane.")
    if len(others) > 1:
        told = f"The mesh {mesh}: besides {target} the revisions {', '.join(others)} are in use"
        raise Refused(f"{told}, and a cutover moves from one. Name the one to move from as cutover_from.")
    return _checked(mesh, target, others[0])


def alone(to: str, states: Sequence[ClusterState]) -> str:
    """Return the target if it is the only revision that is installed or in use, in every cluster: then the cutover is done. Empty if it is not."""
    installed = {known.revision for state in states for known in state.revisions}
    (target,) = installed if len(installed) == 1 else [""]
    # A revision that a cutover made has the name of the version that was asked for.
    known = {target, *(state.version(target).removeprefix("v") for state in states)} if target else set()
    asked = {to.removeprefix("v"), _named_after(to)}
    everywhere = all(state.ready(target) for state in states)
    return target if asked & (known - {""}) and everywhere and not in_use(states, target) and not _gone(states, target) else ""


def _gone(states: Sequence[ClusterState], target: str) -> list[str]:
    return gone((one for state in states for one in state.leftovers), target)


def _checked(mesh: str, target: str, former: str) -> Aim:
    if target == former:
        raise Refused(f"The mesh {mesh}: cutover_to and cutover_from both name {target}. Name the revision that is to serve as cutover_to.")
    return Aim(target, former)


def _named(mesh: str, to: str, states: Sequence[ClusterState]) -> str:
    """A version names the revision that runs it, or gives a new one its name."""
    revisions = {known.revision for state in states for known in state.revisions}
    if to in revisions or minor(to) is None:
        if fault := label_fault("revision", to):
            raise Refused(f"The mesh {mesh}: {fault}. Mend cutover_to.")
        return to
    wanted = to.removeprefix("v")
    running = sorted({known.revision for state in states for known in state.revisions if known.version.removeprefix("v") == wanted})
    if len(running) > 1:
        raise Refused(f"The mesh {mesh}: the revisions {', '.join(running)} all run {to}. Name the revision as cutover_to, not the version.")
    return running[0] if running else _named_after(to)


def _named_after(version: str) -> str:
    return version.removeprefix("v").replace(".", "-").lower()


def _back(mesh: str, states: Sequence[ClusterState]) -> Aim:
    """The way back of the cutover that is under way, or of the last one."""
    found = led(states)
    if len(found) == 1:
        return Aim(found[0].former, found[0].target)
    installed = ", ".join(sorted({known.revision for state in states for known in state.revisions})) or "none"
    if found:
        told = "it is not clear which revision served before: " + ", ".join(f"something was led from {aim.former} to {aim.target}" for aim in found)
        raise Refused(f"The mesh {mesh}: {told}. Name the revision to go back to as cutover_to, and the one to leave as cutover_from.")
    told = "nothing says that a cutover led anything from one revision to another, so there is nothing to go back from"
    way = "Name the revision that is to serve as cutover_to; another one that nothing follows is then removed"
    raise Refused(f"The mesh {mesh}: {told} (installed are {installed}). {way}.")


def in_use(states: Iterable[ClusterState], but: str) -> list[str]:
    """The revisions other than `but` that something follows, or that lead somewhere, in any cluster."""
    used: set[str] = set()
    for state in states:
        used |= {space.following.revision for space in state.spaces} | {workload.following.revision for workload in state.workloads if not workload.drained}
        used |= {revision for workload in state.workloads for counts in (workload.made, workload.connected) for revision in counts if counts[revision]}
        used |= {half for tag in state.tags for half in (tag.webhook, tag.service)} | {state.default_revision}
    return sorted(used - {"", but})
