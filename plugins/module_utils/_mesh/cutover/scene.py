# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of one cluster during a cutover: the state that is decided by, and the objects that are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..objects.shapes import Live
from .observed import ClusterState
from .serving import Serving


@dataclass(frozen=True)
class Scene:
    """`live` holds the objects by kind; each Order of the state finds its object there.

    `serves` is what the control planes here say of the proxies of other clusters, by the ID that they know a cluster by.
    """

    state: ClusterState
    live: Live = field(repr=False)
    serves: Mapping[str, Serving] = field(default_factory=dict, repr=False)
