# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose what helps laggards behind istiod's CA: the gentlest remedy that works, and only after waiting did not help."""

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
    """Return the remedies in the order in which the step does them. Proxies come last, because they can only get what the control plane has.

    If trust is down, proxies that lost their connection come back only through the bundle in their pod. Without help that takes the kubelet a minute or two.
    """
    planes = [user for user in need.users if user.kind == CONTROL_PLANE]
    if need.written:
        return [_refreshed(user, moment) for user in planes]
    configs, proxies = ([lag.user for lag in need.late if lag.user.kind == kind] for kind in (CONFIG, PROXY))
    due = _revived(need, namespace, moment)
    if configs or any(lag.user.kind == CONTROL_PLANE for lag in need.late):
        due += [_refreshed(user, moment) for user in planes]
        due += _restarted(need, planes, moment)
        return due + ([_touched(user, moment) for user in configs] if need.elapsed >= _TOUCH_AFTER else [])
    due += [_refreshed(user, moment) for user in proxies] if need.down and need.elapsed >= _TOUCH_AFTER else []
    return due + _restarted(need, proxies, moment)


def _revived(need: Need, namespace: str, moment: str) -> list[Remedy]:
    """Wake control planes that ended because their CA had expired. They would wait for minutes before they look again."""
    ended = [plane for plane in need.planes if plane.desired and not plane.ready] if need.down and need.may_restart else []
    return [Remedy(RESTART, Ref("apps/v1", "Deployment", plane.name, namespace), restarted(moment), rolled=True) for plane in ended]


def _refreshed(user: TrustUser, moment: str) -> Remedy:
    """Change an annotation of the pod, so that the kubelet brings a changed Secret or bundle into it at once and not within a minute or two."""
    return Remedy(REFRESH, Ref("v1", "Pod", user.name, user.namespace), {"metadata": {"annotations": {_TOUCHED: moment}}})


def _touched(user: TrustUser, moment: str) -> Remedy:
    """Touch the ConfigMap, because istiod compares it with its bundle when it changes."""
    return Remedy(TOUCH, Ref("v1", "ConfigMap", user.name, user.namespace), {"metadata": {"annotations": {_TOUCHED: moment}}})


def _restarted(need: Need, users: Sequence[TrustUser], moment: str) -> list[Remedy]:
    """Restart at once if only a restart helps; otherwise after every gentler remedy had its time."""
    due = [user for user in users if need.may_restart and user.workload and (not user.online or need.elapsed >= _STUCK)]
    refs = dict.fromkeys(ref for user in due if (ref := rolled(user.workload, user.namespace)))
    return [Remedy(RESTART, ref, restarted(moment), rolled=True) for ref in refs]


def rolled(name: str, namespace: str) -> Ref | None:
    """Read kind/name; None for a kind that no annotation rolls."""
    kind, _slash, own = name.partition("/")
    return Ref(WORKLOADS[kind], kind, own, namespace) if kind in WORKLOADS else None
