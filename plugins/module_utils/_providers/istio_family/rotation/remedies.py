# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What helps those who lag behind istiod's CA: the least that works, and only when waiting did not."""

from __future__ import annotations

from collections.abc import Sequence

from ...._mesh.objects.change import Ref
from ...._mesh.rotation.remedies import Need, Remedy
from ...._mesh.rotation.trust_users import CONFIG, CONTROL_PLANE, PROXY, TrustUser
from .patches import restarted
from .trust_users import WORKLOADS

REFRESH, TOUCH, RESTART = "refresh", "touch", "restart"

# In seconds since the step was written.
_TOUCH_AFTER, _STUCK = 5.0, 120.0
_TOUCHED = "meshops.lifecycle/touched"


def remedies(need: Need, namespace: str, moment: str) -> list[Remedy]:
    """In the order in which they are to be done. Proxies come last: they can only get what the control plane has.

    Where trust is down, proxies that lost their connection only come back by the bundle in their pod, which else takes the kubelet a minute or two.
    """
    planes = [user for user in need.users if user.kind == CONTROL_PLANE]
    if need.written:
        return [_refreshed(user, moment) for user in planes]
    configs, proxies = ([lag.user for lag in need.late if lag.user.kind == kind] for kind in (CONFIG, PROXY))
    found = _revived(need, namespace, moment)
    if configs or any(lag.user.kind == CONTROL_PLANE for lag in need.late):
        found += [_refreshed(user, moment) for user in planes]
        found += _restarted(need, planes, moment)
        return found + ([_touched(user, moment) for user in configs] if need.elapsed >= _TOUCH_AFTER else [])
    found += [_refreshed(user, moment) for user in proxies] if need.down and need.elapsed >= _TOUCH_AFTER else []
    return found + _restarted(need, proxies, moment)


def _revived(need: Need, namespace: str, moment: str) -> list[Remedy]:
    """Control planes that ended because their CA had expired would wait for minutes before they look again."""
    ended = [plane for plane in need.planes if plane.desired and not plane.ready] if need.down and need.may_restart else []
    return [Remedy(RESTART, Ref("apps/v1", "Deployment", plane.name, namespace), restarted(moment), rolled=True) for plane in ended]


def _refreshed(user: TrustUser, moment: str) -> Remedy:
    """The kubelet looks after a pod whose annotation changed at once, and so brings a changed Secret or bundle into it, not within a minute or two."""
    return Remedy(REFRESH, Ref("v1", "Pod", user.name, user.namespace), {"metadata": {"annotations": {_TOUCHED: moment}}})


def _touched(user: TrustUser, moment: str) -> Remedy:
    """istiod compares a ConfigMap with its bundle when the ConfigMap changes."""
    return Remedy(TOUCH, Ref("v1", "ConfigMap", user.name, user.namespace), {"metadata": {"annotations": {_TOUCHED: moment}}})


def _restarted(need: Need, users: Sequence[TrustUser], moment: str) -> list[Remedy]:
    """At once where a restart is the only way; else when everything that is gentler had its time."""
    due = [user for user in users if need.may_restart and user.workload and (not user.online or need.elapsed >= _STUCK)]
    refs = dict.fromkeys(ref for user in due if (ref := rolled(user.workload, user.namespace)))
    return [Remedy(RESTART, ref, restarted(moment), rolled=True) for ref in refs]


def rolled(name: str, namespace: str) -> Ref | None:
    """From kind/name; None for what is not rolled by an annotation."""
    kind, _slash, own = name.partition("/")
    return Ref(WORKLOADS[kind], kind, own, namespace) if kind in WORKLOADS else None
