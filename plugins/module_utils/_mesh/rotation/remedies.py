# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about those who lag behind their cluster's CA: the least that works, and only when waiting did not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .observed import CONFIG, CONTROL_PLANE, PROXY, Holder, Laggard, Plane

REFRESH, TOUCH, RESTART = "refresh", "touch", "restart"

# In seconds since the step was written.
_TOUCH_AFTER, _STUCK = 5.0, 120.0


@dataclass(frozen=True)
class Remedy:
    """`refresh`: have the kubelet bring the Secret into a control plane's pod, or the trust bundle into a proxy's.

    `touch`: have the control plane look at a ConfigMap anew. `restart`: roll a workload, `what` being kind/name.
    """

    action: str
    namespace: str
    what: str

    def __str__(self) -> str:
        return f"{self.action} {self.namespace}/{self.what}"


def remedies(holders: Sequence[Holder], late: Sequence[Laggard], elapsed: float, may_restart: bool, down: bool = False) -> list[Remedy]:
    """In the order in which they are to be done. Proxies come last: they can only get what the control plane has.

    Where trust is `down`, proxies that lost their connection only come back by the bundle in their pod, which else takes the kubelet a minute or two.
    """
    planes = [holder for holder in holders if holder.kind == CONTROL_PLANE]
    configs = [lag.holder for lag in late if lag.holder.kind == CONFIG]
    if configs or any(lag.holder.kind == CONTROL_PLANE for lag in late):
        found = [Remedy(REFRESH, holder.namespace, holder.name) for holder in planes]
        found += _restarts(planes, elapsed) if may_restart else []
        return found + ([Remedy(TOUCH, one.namespace, one.name) for one in configs] if elapsed >= _TOUCH_AFTER else [])
    proxies = [lag.holder for lag in late if lag.holder.kind == PROXY]
    found = [Remedy(REFRESH, one.namespace, one.name) for one in proxies] if down and elapsed >= _TOUCH_AFTER else []
    return found + (_restarts(proxies, elapsed) if may_restart else [])


def revivals(planes: Iterable[Plane], namespace: str) -> list[Remedy]:
    """Control planes that ended because their CA had expired would wait for minutes before they look again."""
    return [Remedy(RESTART, namespace, f"Deployment/{plane.name}") for plane in planes if plane.desired and not plane.ready]


def _restarts(holders: Iterable[Holder], elapsed: float) -> list[Remedy]:
    """At once where a restart is the only way; else when everything that is gentler had its time."""
    due = [holder for holder in holders if holder.workload and (not holder.online or elapsed >= _STUCK)]
    return list(dict.fromkeys(Remedy(RESTART, holder.namespace, holder.workload) for holder in due))


def stuck(late: Sequence[Laggard], may_restart: bool) -> list[Laggard]:
    """Those for whom waiting is in vain, where nothing else lags: only a restart would help, and it is not allowed or nothing would start them anew."""
    if any(lag.holder.kind != PROXY for lag in late):
        return []
    hopeless = [lag for lag in late if not lag.holder.online and not lag.holder.fault]
    return [lag for lag in hopeless if not (may_restart and lag.holder.workload)]
