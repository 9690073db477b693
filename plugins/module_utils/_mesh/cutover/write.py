# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One write of a cutover, as a provider describes it and `_work` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..objects.change import Ref
from ..objects.condition import Condition
from ..objects.shapes import Manifest, Object

# How an object is written: a merge patch of what was read, the whole object as it was read and changed, a new object, the end of one that a cutover made,
# or the eviction of a pod.
# TRY writes nothing: the API server is asked to make a faulty object in a dry run, and what is to be proven refuses it.
PATCH, REPLACE, CREATE, DELETE, EVICT, TRY = "patch", "replace", "create", "delete", "evict", "try"


@dataclass(frozen=True)
class Write:
    """`before` is the object that was read; a write of an object that has changed since is refused. A restart is a patch that `restarts`.

    The next write of the same Order begins when all conditions in `then` hold. `refused_by` is a part of the sentence with which a TRY is refused.
    """

    how: str
    ref: Ref
    body: Manifest = field(default_factory=dict, repr=False)
    before: Object | None = field(default=None, repr=False)
    restarts: bool = False
    then: Sequence[Condition] = ()
    refused_by: str = ""


@dataclass(frozen=True)
class Removal:
    """What goes with a revision: objects in the order in which they are removed, before and after its Helm releases, as (namespace, name).

    `forgotten` are writes, made before all that: they take what names the revision off objects that stay.
    """

    first: Sequence[Ref] = ()
    releases: Sequence[tuple[str, str]] = ()
    last: Sequence[Ref] = ()
    forgotten: Sequence[Write] = ()
