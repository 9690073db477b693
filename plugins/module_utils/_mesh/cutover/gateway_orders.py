# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a wave still has to write so that gateways follow another revision. Everything follows from what was seen, so a killed wave goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .observed import GATEWAY_API, ClusterState, MeshWorkload
from .orders import DRAIN, HAND_OVER, PIN, RAISE, REJOIN, REMOVE, RESTORE, TURN, Aim, Order, is_replaced, of_spaces, serves_for, stem


def of_gateways(state: ClusterState, services: Collection[str], aim: Aim) -> list[Order]:
    """Move what serves behind these Services: the target's pods come in, and only then the former ones leave.

    Where the namespace decides what its pods follow, it turns first.
    """
    orders, around = [], dict[str, None]()
    for service in services:
        behind = state.behind_service.get(service, [])
        around.update(dict.fromkeys(one.namespace for one in behind if is_replaced(one) and not one.own and one.following.revision == aim.former))
        orders += _handed_over(state, behind, aim) if behind and behind[0].gateway == GATEWAY_API else _replaced(behind, aim)
    turned = [order for order in of_spaces(state, list(around), aim) if order.what in (PIN, TURN, RESTORE)]
    return [*turned, *orders]


def _on(what: str, workload: MeshWorkload, aim: Aim) -> Order:
    return Order(what, workload.kind, workload.namespace, workload.name, aim.target)


def _handed_over(state: ClusterState, behind: Sequence[MeshWorkload], aim: Aim) -> list[Order]:
    orders: list[Order] = []
    for first in behind:
        if not first.second_of and first.following.revision in aim.both:
            second = next((one for one in behind if one.second_of == first.name), None)
            leaving = first.following.revision == aim.former
            orders += _leaving(state, first, second, aim) if leaving else _coming(first, second, aim)
    return orders


def _leaving(state: ClusterState, first: MeshWorkload, second: MeshWorkload | None, aim: Aim) -> list[Order]:
    """Whose revision it is does not matter to a Gateway without pods. So another one stands in first, and then it loses its own pods."""
    begun = second is not None or first.stood_in
    if first.drained or not (begun or is_stood_in(state, first, aim)):
        return [_on(HAND_OVER, first, aim)]
    if second is None or second.drained or second.lacks:
        return [_on(RAISE, first, aim)]
    return [_on(DRAIN, first, aim)]


def _coming(first: MeshWorkload, second: MeshWorkload | None, aim: Aim) -> list[Order]:
    """It has changed its revision: its pods come back, and what stood in for it goes."""
    if first.asleep:
        return [_on(REJOIN, first, aim)]
    if second is not None and not second.drained:
        return [_on(DRAIN, second, aim)]
    return [_on(REMOVE, first, aim)] if second is not None or first.stood_in else []


def is_stood_in(state: ClusterState, gateway: MeshWorkload, aim: Aim) -> bool:
    """Whether a second Gateway has to stand in while this one changes its revision, because one of both would drop its configuration."""
    serving = gateway.gateway == GATEWAY_API and not gateway.second_of and bool(gateway.deployment) and not gateway.drained
    return serving and gateway.following.revision == aim.former and not set(aim.both) <= set(state.keeping)


def _replaced(behind: Collection[MeshWorkload], aim: Aim) -> list[Order]:
    """Each that serves for the former revision has its own second one. Two of one name are a first one and its second, of which a run left both."""
    serving = [gateway for gateway in behind if gateway.replicas]
    leaving = [gateway for gateway in serving if serves_for(gateway, aim.former)]
    there = {stem(gateway.name, aim) for gateway in serving if gateway.following.revision == aim.target and gateway not in leaving}
    coming: dict[str, MeshWorkload] = {}
    for gateway in leaving:
        if stem(gateway.name, aim) not in there:
            coming.setdefault(stem(gateway.name, aim), gateway)
    return [*(_on(RAISE, gateway, aim) for gateway in coming.values()), *(_on(DRAIN, gateway, aim) for gateway in leaving)]
