# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has what an installation will write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._mesh.errors import Denied
from .._mesh.install.claim import Claim, held, rival
from .cluster import Cluster


def claimed(cluster: Cluster, claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Nothing where they may not be read: whoever asks for that permission too is told so with all the others that lack."""
    try:
        found = [held(claim, live) for claim, live in zip(claims, cluster.get_all(claim.ref for claim in claims), strict=True)]
        return [one for one in [*found, *_rivals(cluster, [claim for claim in claims if claim.rivals])] if one]
    except Denied:
        return []


def _rivals(cluster: Cluster, claims: Sequence[Claim]) -> list[dict[str, Any] | None]:
    """What such an object holds is looked at for its keys alone, and leaves this function in no form."""
    places = sorted({(claim.ref.api_version, claim.ref.kind, claim.ref.namespace or "", claim.rivals) for claim in claims})
    others = {place: cluster.list(place[0], place[1], place[2] or None, labels=place[3]) for place in places}
    return [rival(claim, others[(claim.ref.api_version, claim.ref.kind, claim.ref.namespace or "", claim.rivals)]) for claim in claims]
