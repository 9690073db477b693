# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report what was seen of a cluster to the other clusters and to the play."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import Refused
from .observed import Observed
from .plan import Report


def report(seen: Observed, stale: Sequence[str] = ()) -> Report:
    if seen.standing is None:
        raise Refused(f"{seen.cluster}: the cluster has no CA of the mesh to rotate. {' '.join(seen.faults)}".strip())
    ignored = frozenset(one.fingerprint for one in seen.ignored)
    laggards = tuple(str(lag) for lag in seen.laggards(stale=stale))
    return Report(seen.standing, laggards, seen.issuers, ignored, driven=seen.driven, alone=seen.alone)
