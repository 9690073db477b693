# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out who owns the objects that an installation will write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._mesh.errors import Denied
from .._mesh.install.claim import Claim, owned_by_others, rival
from .cluster import Cluster


def claimed(cluster: Cluster, claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Return the claims that others hold. Empty if the credential may not read the objects: the check of rights reports that."""
    try:
        taken = [owned_by_others(claim, live) for claim, live in zip(claims, cluster.get_all(claim.ref for claim in claims), strict=True)]
        return [one for one in [*taken, *_rivals(cluster, [claim for claim in claims if claim.rivals])] if one]
    except Denied:
        return []


def _rivals(cluster: Cluster, claims: Sequence[Claim]) -> list[dict[str, Any] | None]:
    """Find rivals by the keys of their content. The content itself never leaves this function."""
    places = sorted({(claim.ref.api_version, claim.ref.kind, claim.ref.namespace or "", claim.rivals) for claim in claims})
    others = {place: cluster.list(place[0], place[1], place[2] or None, labels=place[3]) for place in places}
    return [rival(claim, others[(claim.ref.api_version, claim.ref.kind, claim.ref.namespace or "", claim.rivals)]) for claim in claims]
