# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn what was seen in a cluster into the facts of a module."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from ..._mesh.rotation.observed import Observed
from ..._mesh.rotation.primary import OF_ITS_PRIMARY
from ..._mesh.rotation.trust_users import PROXY
from ..._mesh.trust.certificate import Certificate
from ..._mesh.trust.expiry import is_over


def facts(observed: Observed, limit: int, now: datetime, mesh: str = "") -> dict[str, Any]:
    """Return the facts of a module: certificates but never a key, the first `limit` laggards, and the number of all laggards."""
    strange = [f"{observed.cluster}: its CA was made for the mesh {observed.mesh}, not for {mesh}."] if mesh and observed.mesh not in ("", mesh) else []
    authority, late, void = observed.authority, observed.laggards(), _void(observed, now)
    primary, unread = observed.primary, observed.unread
    lagging = [{"kind": one.user.kind, "namespace": one.user.namespace, "name": one.user.name, "workload": one.user.workload,
                "online": one.user.online, "says": one.says} for one in late[:limit]]  # fmt: skip
    root, own = (authority.root, authority.certificate) if authority else (None, None)
    return {
        "cluster": observed.cluster,
        "uid": observed.uid,
        "standing": observed.standing.facts() if observed.standing else None,
        "previous": observed.previous.facts() if observed.previous and not primary else None,
        "root": root.facts() if root else None,
        "intermediate": own.facts() if own else None,
        "roots": _roots(authority.roots if authority else (), observed.marks),
        "ignored": _roots(observed.ignored, observed.marks),
        "bundle_pem": observed.bundle.decode(errors="replace"),
        "added_pem": b"".join(one.pem for one in observed.added).decode(),
        "faults": [*observed.faults, *strange],
        "issuers": sorted(observed.issuers),
        "holders": {kind: sum(1 for one in observed.users if one.kind == kind) for kind in sorted({one.kind for one in observed.users})},
        "laggards": [str(one) for one in late[:limit]],
        "laggard_count": len(late),
        "lagging": lagging,
        "online": observed.online,
        "offline": sorted({f"{one.namespace}/{one.workload or one.name}" for one in observed.users if not one.online}),
        "planes": [plane.facts() for plane in observed.planes],
        "in_charge": observed.managed_by,
        "expired": void[:limit],
        "expired_count": len(void),
        "leaf_expires": min((one.leaf.facts()["not_after"] for one in observed.users if one.leaf), default=None),
        **{kind: names[:limit] for kind, names in observed.unmeasured.items()},
        "by_hand": sorted({one.where for one in observed.users if one.kind == PROXY and not one.online and not one.workload})[:limit],
        "meshes": list(observed.meshes),
        "driven": observed.driven, "alone": observed.alone, "outgoing": sorted(one.fingerprint for one in observed.outgoing),
        "served_by": primary.name if primary else "",
        "unread": {**unread.facts(), "kept": bool(observed.previous), "trails": primary.trailed(unread)} if primary and unread else None,
        **({key: primary.facts.get(key) for key in OF_ITS_PRIMARY} if primary else {}),
    }


def _void(observed: Observed, now: datetime) -> list[str]:
    """Return the proxies whose certificate has expired, or a certificate above it. A control plane may date a certificate to outlive its CA."""
    if observed.primary:
        of_primary = observed.primary.facts
        above = [one for one in (*(of_primary.get("roots") or ()), of_primary.get("root"), of_primary.get("intermediate")) if one]
        gone = {one["fingerprint"] for one in above if is_over(one["not_after"], now)}
    else:
        own = (*observed.authority.roots, *observed.authority.line) if observed.authority else ()
        gone = {one.fingerprint for one in own if is_over(one.not_after, now)}
    proxies = [one for one in observed.users if one.kind == PROXY]
    return [one.where for one in proxies if one.issuer in gone or one.signer in gone or (one.leaf and is_over(one.leaf.not_after, now))]


def _roots(roots: Iterable[Certificate], marks: Collection[str]) -> list[dict[str, Any]]:
    return [{**one.facts(), "pem": one.pem.decode(), "mark": one.fingerprint in marks} for one in roots]
