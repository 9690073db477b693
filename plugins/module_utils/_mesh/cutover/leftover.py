# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a revision that has no control plane any more: a run was killed between the removal of its Helm release and the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ..few_names import few

_SHOWN = 5


@dataclass(frozen=True)
class Leftover:
    """An object of a revision that is not installed. `injects` says that it is a webhook that pods wait for; `removable`, that the step retire removes it."""

    name: str
    revision: str
    injects: bool = False
    removable: bool = True


def gone(leftovers: Iterable[Leftover], but: str) -> list[str]:
    """The revisions of which something is left that a cutover to `but` can remove."""
    return sorted({one.revision for one in leftovers if one.removable and one.revision != but})


def forbidding(leftovers: Iterable[Leftover], spared: Collection[str]) -> list[str]:
    """Half sentences about webhooks that nobody answers. `spared` are the revisions that this run installs or removes."""
    found = []
    for one in leftovers:
        if one.injects and not (one.removable and one.revision in spared):
            way = "let a cutover with cutover_retire remove it, or delete it" if one.removable else "delete it"
            found.append(f"the webhook {one.name} is left over from a revision that is not installed ({one.revision}); {way}")
    return found


def left_over(leftovers: Sequence[Leftover]) -> list[str]:
    """A half sentence for each revision, with the way to remove it."""
    return [_of(revision, [one for one in leftovers if one.revision == revision]) for revision in sorted({one.revision for one in leftovers})]


def _of(revision: str, leftovers: Sequence[Leftover]) -> str:
    names = [one.name for one in leftovers]
    shown = few(names, _SHOWN)
    blocks = "; pods that its webhook matches do not start" if any(one.injects for one in leftovers) else ""
    removed = all(one.removable for one in leftovers)
    way = "run meshops.lifecycle.cutover to the revision that serves, which removes it, or install the revision" if removed else "delete what nobody needs"
    return f"of the revision {revision}, which has no control plane, these objects are left: {shown}{blocks}; {way}"
