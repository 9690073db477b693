# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is due once the objects of a stage are ready: objects that are made of live ones, and requests to a product that keeps state of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..objects.change import Ref
from ..objects.shapes import Manifest
from ..question import Question


@dataclass(frozen=True)
class StoredAnswer:
    """Where a part of the answer is kept, because the product says it only once: `part` of its JSON, under a key of a Secret that exists."""

    secret: Ref
    key: str
    part: str


@dataclass(frozen=True)
class DueOrder:
    """A request that changes what the product keeps. It may come twice. `what` names what it changes, as in "the policy agents".

    `before` and `after` are for a diff, where what changes is no secret: what the product keeps, and what it keeps in the end; None if it keeps nothing.
    No later order needs one that stands `alone`, so that they are sent even if it is refused.
    """

    what: str
    question: Question
    stored: StoredAnswer | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    alone: bool = False

    @property
    def shown(self) -> bool:
        return self.before is not None or self.after is not None


@dataclass(frozen=True)
class Due:
    """What the stage still lacks; nothing if it is complete. A run applies the objects, removes others, sends the orders, and looks again.

    `restarts` are pods in the order in which they are replaced. A run deletes only the first one and looks again: who comes next, and when, is judged anew.
    `fault` is half a sentence that says why nobody could tell, such as a product that does not answer yet. The run then waits. `lags` are half sentences about
    those who have not followed yet. `patches` change a part of an object that is there.
    `refusal` is a sentence. It ends the run at once, because waiting would not help. `loses` is half a sentence about what the product will lose for good
    if the run goes on: it does so only if a snapshot of the product was saved shortly before.
    """

    manifests: Sequence[Manifest] = ()
    removes: Sequence[Ref] = ()
    orders: Sequence[DueOrder] = ()
    fault: str = ""
    restarts: Sequence[Ref] = ()
    refusal: str = ""
    lags: Sequence[str] = ()
    patches: Sequence[tuple[Ref, Manifest]] = ()
    loses: str = ""

    @property
    def complete(self) -> bool:
        parts = (self.manifests, self.removes, self.patches, self.orders, self.restarts, self.fault, self.refusal, self.lags)
        return not any(parts)

    @property
    def lacks(self) -> list[str]:
        """Return what is still to be done, and who lags, each as half a sentence."""
        objects = [f"{manifest['kind']} {manifest['metadata']['name']}" for manifest in self.manifests]
        faults = [one for one in (self.refusal, self.fault) if one]
        objects += [f"a change of {ref}" for ref, _patch in self.patches]
        gone = [*(f"the removal of {ref}" for ref in self.removes), *(f"the restart of {pod}" for pod in self.restarts)]
        return [*faults, *self.lags, *(order.what for order in self.orders), *objects, *gone]
