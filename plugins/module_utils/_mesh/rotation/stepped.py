# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe a rotation in steps of the mesh's own. Values of Secrets are drawn anew, and the product learns the new ones before it forgets the former ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Optional

from ..install.due import Due
from ..objects.look import Look

NEXT = ".next"  # behind the name of a key: the value that follows


@dataclass(frozen=True)
class StepPlace:
    """Where a step is taken."""

    mesh: str
    cluster: str
    namespace: str
    may_restart: bool = False  # workloads of users


@dataclass(frozen=True)
class Reissue:
    """What a step writes where a CA is replaced: each of its owners gets another certificate, together with what it trusts from then on.

    Both are written at once. So whoever shows the certificate has read what it is to trust, which nobody could see otherwise.
    """

    next_signs: bool
    former_is_trusted: bool


@dataclass(frozen=True)
class Step:
    """A step of a rotation. `says` completes "the step will ...". Every cluster is seen to be through before the next step begins.

    A `look` judges by the values with which the rotation ends: the next ones, or those in use where there are no next ones. It finds nothing to do
    while no rotation is under way. After a step that does not `return`, the former values no longer work. PREPARE, SETTLE and a `reissue` have no look.
    """

    name: str
    says: str
    look: Callable[[StepPlace], Look[Due]] | None = None
    returns: bool = True
    reissue: Optional[Reissue] = None  # noqa: UP045


PREPARE = Step("prepare", "keep the new values beside those in use")
SETTLE = Step("settle", "put the new values in their place")
# The three writes of a rotation of a CA. After each of them the mesh has everybody follow.
TRUST = Step("trust", "trust the next CA beside the present one", reissue=Reissue(next_signs=False, former_is_trusted=True))
ISSUE = Step("issue", "give out certificates of the next CA", reissue=Reissue(next_signs=True, former_is_trusted=True))
DROP = Step("drop", "trust the former CA no longer", returns=False, reissue=Reissue(next_signs=True, former_is_trusted=False))
BEGIN, FINISH, LOOK = "begin", "finish", "look"  # what a run does before and after the steps, and what changes nothing


def complete(steps: Sequence[Step]) -> list[Step]:
    """Return all steps of a rotation. It begins with the new values, where there are any beside a CA."""
    return [PREPARE, *steps] if SETTLE in steps else list(steps)
