# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look of OLM v0 at a namespace, and what it writes: at most one state further for each object."""

from __future__ import annotations

from ..objects import Write
from . import groups, plans, resolution, subscriptions, versions
from .seen import Seen


def turn(seen: Seen) -> list[Write]:
    said = list(subscriptions.turn(seen))
    # OLM, syncResolvingNamespace: "subscriptions were updated, wait for a new resolution"
    resolved = [] if said or not seen.subscriptions else list(resolution.turn(seen))
    return [*said, *resolved, *plans.turn(seen), *versions.turn(seen), *groups.turn(seen)]
