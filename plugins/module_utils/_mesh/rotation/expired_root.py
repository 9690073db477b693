# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out from the facts of its clusters what has expired in a mesh, what is down because of it, and whether a rotation may begin."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..trust.certificate import iso, short
from ..trust.expiry import expired_at, is_over

Facts = Mapping[str, Any]
_SOON = timedelta(days=1)


def expired(clusters: Iterable[Facts], now: datetime) -> frozenset[str]:
    """Return the fingerprints of expired roots that a cluster signs under or trusts."""
    return frozenset(root["fingerprint"] for one in clusters for root in _roots(one) if _over(root, now))


def _roots(cluster: Facts) -> list[Facts]:
    return [*(cluster.get("roots") or ()), *([cluster["root"]] if cluster.get("root") else [])]


def _over(certificate: Facts | None, now: datetime) -> bool:
    return certificate is not None and is_over(certificate["not_after"], now)


def _expired_root(root: Facts) -> str:
    return expired_at(f"root {short(root['fingerprint'])}", root["not_after"])


def _expired_intermediate(own: Facts) -> str:
    return expired_at(f"its intermediate {short(own['fingerprint'])}", own["not_after"])


def findings(mesh: str, clusters: Mapping[str, Facts], recover: bool, under_way: bool, stale: Collection[str], now: datetime) -> list[str]:
    """Return why the run may not begin. `stale` are the intermediates that it replaces anyway. `under_way` means that a rotation has not finished."""
    sentences = []
    for name, facts in clusters.items():
        root, own = facts.get("root"), facts.get("intermediate")
        if root and _over(root, now):
            fault = f"{name}: {_expired_root(root)}, and new mTLS handshakes fail since then"
            way = "Nothing can be carried over from this root. Rotate to another root with rotate: root and rotate_recover: true"
            sentences += [] if recover else [f"{fault}. {way}."]
        elif own and _over(own, now) and own["fingerprint"] not in stale:
            fault = f"{name}: {_expired_intermediate(own)}, so its control plane accepts no other bundle"
            sentences.append(f"{fault}. Its root is still valid. Replace the intermediate with rotate: intermediate, then rotate the root.")
    if recover and not under_way and not expired(clusters.values(), now):
        fault = f"rotate_recover is for a mesh whose root has expired, and no root of the mesh {mesh} has expired"
        sentences.append(f"{fault}. Run without rotate_recover: an ordinary rotation interrupts nothing.")
    return sentences


def notes(cluster: Facts, now: datetime) -> list[str]:
    """Return what is down in a cluster, since when, and until when."""
    root, own = cluster.get("root"), cluster.get("intermediate")
    if root and _over(root, now):
        return _down(cluster, root)
    if own and _over(own, now):
        fault = f"{_expired_intermediate(own)}: since then every peer refuses the certificates that it issued"
        return [fault, *_without(cluster), "rotate: intermediate ends that; its root is still valid, so nothing has to be introduced"]
    if root and is_over(root["not_after"], now + _SOON):
        fault = f"root {short(root['fingerprint'])} expires at {root['not_after']}, and it is {iso(now)} now"
        return [f"{fault}. Every cluster that is not reissued by then is down until it is reissued"]
    return []


def _down(cluster: Facts, root: Facts) -> list[str]:
    still = [plane for plane in cluster.get("planes") or () if plane["ready"] < plane["desired"]]
    return [
        f"{_expired_root(root)}: new mTLS handshakes fail since then, open connections last until they close",
        *_without(cluster),
        *(f"control plane {one['name']} has {one['ready']} of {one['desired']} ready: it starts again by itself with the new CA, or at once with rotate_restart"
          for one in still),
        *([f"these do not follow without a restart: {', '.join(cluster['offline'])}; rotate_restart allows it"] if cluster.get("offline") else []),
        "down until each proxy has a certificate of the new root. Reissue waits for that. Nothing can be carried over, so nothing is introduced first",
    ]  # fmt: skip


def _without(cluster: Facts) -> list[str]:
    named, all_of_them = list(cluster.get("expired") or ()), int(cluster.get("expired_count") or 0)
    more = f", and {all_of_them - 5} more" if all_of_them > 5 else ""
    proxies = (cluster.get("holders") or {}).get("proxy", 0)
    return [f"{all_of_them} of {proxies} proxies have a certificate that is not valid any more: {', '.join(named[:5])}{more}"] if named else []
