# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe a rotation in steps of the mesh's own. Values of Secrets are drawn anew, and the product learns the new ones before it forgets the former ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..install.due import Due
from ..objects.look import Look

NEXT = ".next"  # behind the name of a key: the value that follows


@dataclass(frozen=True)
class StepPlace:
    """Where a step is taken."""

    mesh: str
    cluster: str
    namespace: str


@dataclass(frozen=True)
class Step:
    """A step of a rotation. `says` completes "the step will ...". Every cluster is seen to be through before the next step begins.

    A `look` judges by the values with which the rotation ends: the next ones, or those in use where there are no next ones. It finds nothing to do
    while no rotation is under way. After a step that does not `return`, the former values no longer work. PREPARE and SETTLE have no look.
    """

    name: str
    says: str
    look: Callable[[StepPlace], Look[Due]] | None = None
    returns: bool = True


PREPARE = Step("prepare", "keep the new values beside those in use")
SETTLE = Step("settle", "put the new values in their place")
BEGIN, FINISH, LOOK = "begin", "finish", "look"  # what a run does before and after the steps, and what changes nothing


def complete(steps: Sequence[Step]) -> list[Step]:
    """Return all steps of a rotation. It always begins with the new values."""
    return [PREPARE, *steps]
