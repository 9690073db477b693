# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step of a cutover still has to write in one cluster, in order. Everything follows from what was seen, so a killed step goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from ..health.revision_tag import Tag
from .observed import DELETING, EAST_WEST, ENABLED, GATEWAY_API, INGRESS, NEVER, NOTHING, ROLLING, TAG, ClusterState, Following, MeshWorkload, Space

PIN, TURN, RESTORE, RELABEL, RESTART, EVICT = "pin", "turn", "restore", "relabel", "restart", "evict"
RAISE, DRAIN, HAND_OVER, UNPIN, REJOIN, REMOVE = "raise", "drain", "hand over", "unpin", "rejoin", "remove"
POINT_SERVICE, POINT_WEBHOOK, NARROW, LABEL, VALIDATE = "point service", "point webhook", "narrow", "label", "validate"


@dataclass(frozen=True)
class Aim:
    """The revision to end on, and the one that served before. On the way back they have changed places."""

    target: str
    former: str

    @property
    def both(self) -> tuple[str, str]:
        return self.target, self.former


@dataclass(frozen=True)
class Order:
    """One write: what is done to which object, so that it follows `to`. It `undoes` one before it, whose note goes with it."""

    what: str
    kind: str
    namespace: str
    name: str
    to: str
    undoes: bool = False

    def away(self, aim: Aim) -> str | None:
        """The revision that it notes as the one from which it leads; None where a note is taken off."""
        return None if self.undoes else aim.former

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


def of_spaces(state: ClusterState, names: Collection[str], aim: Aim, first: Iterable[Order] = ()) -> list[Order]:
    """Move these namespaces: Gateways stay behind, the namespaces turn, then whatever runs there is made anew."""
    spaces = [state.space[name] for name in names if name in state.space]
    inside = [workload for space in spaces for workload in state.in_space.get(space.name, ())]
    turning = {space.name for space in spaces if _turns(space, aim)}
    pinned = [gateway for behind in state.behind_service.values() for gateway in behind if gateway.namespace in turning and _to_pin(gateway, aim)]
    return [
        *first,
        *(_on(PIN, gateway, aim.former) for gateway in pinned),
        *(order for space in spaces if (order := _turned(space, aim))),
        *(order for workload in inside if not workload.late for order in _anew(workload, aim)),
    ]


def of_pointers(state: ClusterState, aim: Aim) -> list[Order]:
    """Move the tags before anything else: Gateways that follow one by their namespace stay behind."""
    tags = of_tags(state, aim)
    pinned = [_on(PIN, workload, aim.former) for workload in state.workloads if _to_pin(workload, aim)] if tags else []
    return [*pinned, *tags]


def _turns(space: Space, aim: Aim) -> bool:
    """A rule that leads to a third revision, or to nobody, is none of the cutover's."""
    return space.following.rule != NOTHING and space.following.revision == aim.former


def _turned(space: Space, aim: Aim) -> Order | None:
    """Back to the labels that it had, where these lead to the target; else the namespace names the target itself."""
    if not _turns(space, aim):
        return None
    back = space.former is not None and space.former.revision == aim.target
    return Order(RESTORE if back else TURN, "Namespace", "", space.name, aim.target)


def _to_pin(gateway: MeshWorkload, aim: Aim) -> bool:
    return gateway.gateway == GATEWAY_API and not gateway.own and gateway.following.revision == aim.former


def _anew(workload: MeshWorkload, aim: Aim) -> Iterator[Order]:
    """A template that names its revision is rolled by the change of that name."""
    if workload.own and workload.following.revision == aim.former:
        yield _on(RELABEL, workload, aim.target)
        if workload.restarts == ROLLING:
            return
    yield from _restarted(workload, aim)


def _on(what: str, workload: MeshWorkload, to: str) -> Order:
    return Order(what, workload.kind, workload.namespace, workload.name, to)


def of_rejoining(state: ClusterState, aim: Aim) -> list[Order]:
    """Let gateways serve from their first Deployment again, which is the one that whatever installed them knows: it comes in, and its second one leaves."""
    orders: dict[Order, None] = {}
    for first, seconds in rejoining(state, aim):
        if first.following.revision != aim.target or first.replicas < max(second.replicas for second in seconds):
            orders[_on(REJOIN, first, aim.target)] = None
        orders |= dict.fromkeys(_on(DRAIN, second, aim.target) for second in seconds)
    return list(orders)


def rejoining(state: ClusterState, aim: Aim) -> list[tuple[MeshWorkload, list[MeshWorkload]]]:
    """The first Deployment of each gateway that serves from second ones, with these."""
    pairs = []
    for behind in state.behind_service.values():
        seconds = [one for one in behind if is_replaced(one) and one.second_of and one.replicas and one.following.revision == aim.target]
        for first in behind:
            if own := [one for one in seconds if one.second_of == first.name]:
                pairs.append((first, own))
    return pairs


def serves_for(gateway: MeshWorkload, revision: str) -> bool:
    """Whether its pods are of this revision. What it follows says so only where nobody turned its namespace or its tag since."""
    return bool(gateway.replicas) and (gateway.following.revision == revision or bool(gateway.made.get(revision)))


def stem(name: str, aim: Aim) -> str:
    """What the Deployments of one gateway have in common in their names."""
    return name.removesuffix(f"-{aim.target}").removesuffix(f"-{aim.former}")


def of_tags(state: ClusterState, aim: Aim) -> list[Order]:
    """Both halves of each tag, the Service first: what is injected by the new name must reach what it leads to."""
    orders = [order for tag in state.tags for order in _of_tag(tag, aim, tag.service == aim.former, tag.webhook == aim.former)]
    if state.legacy == aim.former and state.default_tag not in {tag.name for tag in state.tags if tag.webhook}:
        orders += [Order(half, "tag", "", state.default_tag, aim.target) for half in (POINT_SERVICE, POINT_WEBHOOK)]
    return orders


def _of_tag(tag: Tag, aim: Aim, service: bool, webhook: bool) -> Iterator[Order]:
    """Lead these halves. A Service that is missing follows a webhook that leads, or is led, to the target."""
    if service or (tag.lacks and (webhook or tag.webhook == aim.target)):
        yield Order(POINT_SERVICE, "tag", "", tag.name, aim.target)
    if webhook:
        yield Order(POINT_WEBHOOK, "tag", "", tag.name, aim.target)


def of_finish(state: ClusterState, aim: Aim) -> list[Order]:
    """Whatever leads to the former revision leads to the target, and namespaces get their own labels back. The validator comes last.

    On a way back, objects that the target alone had read before get its label again, as nothing of the other revision needs them any more.
    """
    late = [workload for workload in state.workloads if workload.late and (workload.following.revision in aim.both)]
    legacy = state.legacy == aim.former
    return [
        *of_tags(state, aim),
        *([Order(NARROW, "default rule", "", aim.former, aim.target)] if legacy else []),
        *(Order(RESTORE, "Namespace", "", space.name, aim.target) for space in state.spaces if _unfinished(space, aim)),
        *(_on(UNPIN, gateway, aim.target) for gateway in state.workloads if gateway.pinned and gateway.following.revision == aim.target),
        *(order for workload in late for order in _restarted(workload, aim)),
        *(Order(LABEL, one.kind, one.namespace, one.name, aim.target) for one in state.unlabelled if one.revision == aim.target),
        *([Order(VALIDATE, "validator", "", state.default_revision, aim.target)] if state.default_revision == aim.former else []),
    ]


def of_turn_back(state: ClusterState, back: Aim) -> list[Order]:
    """Undo a finish without undoing the waves: `back` aims at the revision that served before. What follows a pointer names its revision first.

    So nothing moves with the pointers but what has no other way. A Gateway follows its namespace, which is led to nobody else, and needs no pin.
    Only what a cutover led away is led back: a tag that led there before stays, with whatever follows it, and so does validation.
    """
    returning = _returning(state, back)
    validated = _is_back(state.default_revision, state.default_from, back)
    turned = [space for space in state.spaces if space.following.rule in (TAG, ENABLED) and _is_led(space.following, back, returning)]
    return [
        *(Order(TURN, "Namespace", "", space.name, back.former) for space in turned),
        *(replace(order, undoes=True) for tag in state.tags
          for order in _of_tag(tag, back, _is_back(tag.service, tag.service_from, back), tag.name in returning)),
        *(order for workload in with_pointers(state, back) for order in _restarted(workload, back)),
        *([Order(VALIDATE, "validator", "", state.default_revision, back.target, True)] if validated else []),
    ]  # fmt: skip


def _is_back(revision: str, came_from: str, back: Aim) -> bool:
    """Whether half of a tag, or validation, leads to where a cutover led it, away from the revision that is to serve again."""
    return (revision, came_from) == (back.former, back.target)


def _returning(state: ClusterState, back: Aim) -> set[str]:
    """The tags that are still to be led back, by whose webhook pods are injected."""
    return {tag.name for tag in state.tags if _is_back(tag.webhook, tag.webhook_from, back)}


def _is_led(following: Following, back: Aim, returning: Collection[str]) -> bool:
    return following.revision == back.former and following.pointer in returning


def with_pointers(state: ClusterState, back: Aim) -> list[MeshWorkload]:
    """What follows by its own template a tag that is led back, or was."""
    late, returning = [workload for workload in state.workloads if workload.late], _returning(state, back)
    return [one for one in late if one.following.revision == back.target or _is_led(one.following, back, returning)]


def staying(state: ClusterState, back: Aim) -> list[str]:
    """The tags that lead to the revision that is left, and that no cutover led there from the one that is to serve again."""
    return [tag.name for tag in state.tags if back.former in (tag.webhook, tag.service) and tag.name not in _returning(state, back)
            and not _is_back(tag.service, tag.service_from, back)]  # fmt: skip


def validation_stays(state: ClusterState, back: Aim) -> bool:
    """Whether the revision that is left validates, and no cutover led that there from the one that is to serve again."""
    return state.default_revision == back.former and state.default_from != back.target


def unheld(state: ClusterState, back: Aim) -> list[str]:
    """The namespaces that no name can hold at their revision, because it is the name of a tag, too, and that tag is led back."""
    if back.former not in _returning(state, back):
        return []
    return [space.name for space in state.spaces if space.following.revision == back.former and space.following.rule != NOTHING]


def _unfinished(space: Space, aim: Aim) -> bool:
    return space.former is not None and space.following.revision == aim.target


def _restarted(workload: MeshWorkload, aim: Aim) -> Iterator[Order]:
    if workload.behind(aim.target) and workload.restarts != NEVER:
        yield _on(EVICT if workload.restarts == DELETING else RESTART, workload, aim.target)


def is_replaced(gateway: MeshWorkload) -> bool:
    """Whether a second workload takes its place, rather than another control plane that takes it over."""
    return gateway.gateway in (INGRESS, EAST_WEST)


def unreached(state: ClusterState, aim: Aim) -> list[MeshWorkload]:
    """What no restart by the cutover reaches: single pods, Jobs, and what an operator makes."""
    return [workload for workload in state.workloads if workload.restarts == NEVER and workload.behind(aim.target)]
