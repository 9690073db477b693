# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod that the API server is asked to make and does not: what comes back shows who injects, before anything has moved."""

from __future__ import annotations

from dataclasses import dataclass

from ..objects.shapes import Manifest
from .observed import Following


@dataclass(frozen=True)
class Trial:
    """One pod for all namespaces and templates of the same kind. `stands_for` counts their workloads."""

    namespace: str
    pod: Manifest
    expected: Following
    stands_for: int = 1
