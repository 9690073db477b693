# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a control plane sees of another cluster, and whether it still sees as much after the credential changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_NAMED = 3


@dataclass(frozen=True)
class Sight:
    """What the control plane `pod` of the cluster `viewer` sees. `taken` counts the link changes that it took; None if it does not count them.

    `endpoints` counts the endpoints of each service.
    """

    viewer: str
    pod: str
    instance: str = ""
    synced: bool = False
    status: str = ""
    taken: int | None = None
    endpoints: Mapping[str, int] = field(default_factory=dict)
    gateways: frozenset[str] = frozenset()
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.viewer}: {self.pod}"


def behind(cluster: str, before: Sequence[Sight], now: Sequence[Sight], viewers: Iterable[str], written: Collection[str], settled: bool) -> list[str]:
    """Return control planes that see less of `cluster` than before its credential changed, each with the reason.

    `written` are the viewers whose credential this run has replaced; `settled` says whether they had enough time to take it. A run that continues
    another run has no `before`: then each control plane must see endpoints if any other does.
    """
    seen = {sight.viewer for sight in now}
    reasons = [f"{viewer}: no control plane runs there" for viewer in viewers if viewer not in seen]
    any_endpoints = any(sight.endpoints for sight in now)
    for sight in now:
        own = [one for one in before if one.viewer == sight.viewer]
        why = sight.fault or _unsynced(cluster, sight) or _untaken(sight, own, sight.viewer in written, settled)
        reasons += [f"{sight} {reason}" for reason in ([why] if why else _lost(cluster, sight, own, any_endpoints))]
    return reasons


def _unsynced(cluster: str, sight: Sight) -> str:
    if sight.synced:
        return ""
    return f"reports {cluster} as {sight.status}" if sight.status else f"does not know {cluster}"


def _untaken(sight: Sight, own: Iterable[Sight], written: bool, settled: bool) -> str:
    same = next((one for one in own if one.pod == sight.pod and one.instance == sight.instance), None)
    if written and same and same.taken is not None and sight.taken is not None:
        return "" if sight.taken > same.taken else "has not taken the new credential"
    return "" if settled else "may not have taken the new credential yet"


def _lost(cluster: str, sight: Sight, own: Sequence[Sight], any_endpoints: bool) -> list[str]:
    had: dict[str, int] = {}
    for before in own:
        had.update({service: max(count, had.get(service, 0)) for service, count in before.endpoints.items()})
    gone = sorted(service for service, count in had.items() if count and not sight.endpoints.get(service))
    more = f" and of {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    losses = [f"lost the endpoints in {cluster} of {', '.join(gone[:_NAMED])}{more}"] if gone else []
    if not own and any_endpoints and not sight.endpoints:
        losses.append(f"sees no endpoint in {cluster}, but others do")
    if any(before.gateways for before in own) and not sight.gateways:
        losses.append(f"lost the gateways to the network of {cluster}")
    return losses
