# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a cutover before its first write, as sentences: cluster, object, what was seen, what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..few_names import few
from ..install.versions import Versions
from . import skew, stray
from .gateway_orders import is_stood_in, of_gateways
from .leftover import forbidding
from .observed import EAST_WEST, GATEWAY_API, ClusterState, MeshWorkload
from .orders import DRAIN, HAND_OVER, Aim, of_finish, of_spaces
from .plan import CutoverWish
from .waves import NOT_MOVED, scope, services

COPY, UNLABEL, REFUSE, LEAVE = "copy", "unlabel", "refuse", "leave"
_SHOWN = 5


@dataclass(frozen=True)
class Allowed:
    """What the user allowed: what is done with labelled objects, whether a hook writes what GitOps owns, and the version that is to be installed.

    `platforms` are those of the clusters, by name, if they have one.
    """

    objects: str = COPY
    gitops: str = REFUSE
    version: str = ""
    platforms: Mapping[str, str] = field(default_factory=dict)


def refusals(states: Sequence[ClusterState], aim: Aim, wish: CutoverWish, rules: skew.SkewRules, table: Versions, allowed: Allowed) -> list[str]:
    """Every cluster's, so that one run shows all of them."""
    return [f"{state.cluster}: {said}." for state in states for said in _of(state, aim, wish, rules, table, allowed)]


def _of(state: ClusterState, aim: Aim, wish: CutoverWish, rules: skew.SkewRules, table: Versions, allowed: Allowed) -> list[str]:
    return [
        *state.forbids,
        *_versions(state, aim, rules, table, allowed),
        *(f"{pod} does not say which proxies it serves, so nobody can see what is moved; look at its log" for pod in state.silent),
        *_pointers(state, aim, {aim.target, *([aim.former] if wish.retire else [])}),
        *stray.of_two_rules(state),
        *stray.of_labels(state),
        *stray.of_pods(state),
        *_workloads(state, aim, wish),
        *_gateways(state, aim, wish, rules, allowed),
        *_keepers(state, aim, wish, allowed),
        *_objects(state, aim, allowed),
    ]


def _versions(state: ClusterState, aim: Aim, rules: skew.SkewRules, table: Versions, allowed: Allowed) -> list[str]:
    target, former = state.version(aim.target) or allowed.version, state.version(aim.former)
    if state.node_proxies:
        return ["proxies of whole nodes run there. They have no revisions, and a cutover moves sidecars and gateways only; upgrade this mesh with site"]
    return [
        *skew.between(rules, target, former),
        *(_node_agent(state, aim, rules, allowed) if state.cni else []),
        *(skew.gateway_api(table, state.gateway_api, target) if state.gateway_api else []),
    ]


def _node_agent(state: ClusterState, aim: Aim, rules: skew.SkewRules, allowed: Allowed) -> list[str]:
    """As it is, and as it will be once the target is installed."""
    target, former = state.version(aim.target) or allowed.version, state.version(aim.former)
    found = skew.node_agent(rules, state.cni, target, former)
    if found or state.revision(aim.target):
        return found
    return skew.carried(rules, allowed.platforms.get(state.cluster, ""), target, former)


def _pointers(state: ClusterState, aim: Aim, spared: Collection[str]) -> list[str]:
    """A remote cluster has those revisions that inject there, and a tag may lead to another one of its primary."""
    lost = [] if state.served_by else stray.of_lost_tags(state, aim.target)
    told = "lets pods start without a proxy while nobody answers it; set its failurePolicy to Fail"
    unguarded = [f"the webhook {name} {told}" for name in state.unguarded]
    return [*stray.of_halves(state, aim.both), *lost, *forbidding(state.leftovers, spared), *unguarded]


def _list(names: Sequence[str]) -> str:
    return few(names, _SHOWN)


def _workloads(state: ClusterState, aim: Aim, wish: CutoverWish) -> list[str]:
    inside = set(scope(state, aim, wish.waves))
    stuck = [one for one in state.workloads if one.namespace in inside and one.blocked_by and one.behind(aim.target)]
    way = "give it another replica or change the budget"
    return [f"{one.where} cannot restart, because its budget {one.blocked_by} never lets a pod go; {way}" for one in stuck]


def _gateways(state: ClusterState, aim: Aim, wish: CutoverWish, rules: skew.SkewRules, allowed: Allowed) -> list[str]:
    if wish.waves.gateways == NOT_MOVED:
        return []
    found, moved = _cut(state, aim, rules, allowed), set(services(state, aim))
    entrances = sorted({one.service for one in state.workloads if one.gateway == EAST_WEST and f"{one.namespace}/{one.service}" in moved})
    if len(entrances) > 1:
        found.append(f"the Services {_list(entrances)} all are east-west gateways, so peers would discover every address of each; keep one Service")
    return found


def _cut(state: ClusterState, aim: Aim, rules: skew.SkewRules, allowed: Allowed) -> list[str]:
    """Gateways that would lose traffic by another label, and for which no second one can stand in."""
    versions = [state.version(aim.target) or allowed.version, state.version(aim.former)]
    cut = [version for version in versions if version and not skew.hands_over(rules, version)]
    api = [one for one in state.workloads if one.gateway == GATEWAY_API and not one.second_of and one.following.revision == aim.former] if cut else []
    found = []
    for one in api:
        if why := _unable(state, one, aim, rules, versions[0], allowed):
            told = f"{one.where} would lose traffic while the revision changes, because {rules.mesh} {cut[0]} drops its configuration, and {why}"
            found.append(f"{told}; make a second Gateway for {aim.target} yourself, or leave gateways out with cutover_gateways: never")
    return found


def _unable(state: ClusterState, one: MeshWorkload, aim: Aim, rules: skew.SkewRules, target: str, allowed: Allowed) -> str:
    """Why no second Gateway can stand in for this one, as half a sentence. What has none and needs none, because it has no pods, is no fault."""
    if one.drained:
        return ""
    if one.unable or not is_stood_in(state, one, aim):
        return one.unable or "the mesh runs no pods for it that a second Gateway could have, too"
    if not skew.stands_in(rules, target):
        return f"a second one cannot serve behind the same Service with {rules.mesh} {target}"
    kept = [*([f"{one.where} ({one.keeper})"] if one.keeper else []), *one.kept]
    if kept and allowed.gitops != LEAVE:
        return f"a second one takes several writes one after the other to what another tool would write back ({_list(kept)})"
    return ""


def _keepers(state: ClusterState, aim: Aim, wish: CutoverWish, allowed: Allowed) -> list[str]:
    """Who writes back what a cutover writes. A label that comes back after seconds is worse than none."""
    if allowed.gitops != REFUSE:
        return []
    spaces, names = {space.name: space for space in state.spaces}, scope(state, aim, wish.waves)
    written = {order.name for order in [*of_spaces(state, names, aim), *of_finish(state, aim)] if order.kind == "Namespace"}
    kept = [(f"namespace {name}", spaces[name].keeper) for name in sorted(written) if spaces[name].keeper]
    relabelled = {(order.namespace, order.name) for order in of_spaces(state, names, aim) if order.what in ("relabel", "pin")}
    kept += [(one.where, one.keeper) for one in _with_keeper(state.workloads) if (one.namespace, one.name) in relabelled]
    way = "name a task file that writes it there as cutover_gitops"
    entrances = [f"{one.where} is a gateway kept by {one.keeper}, which would write back what a cutover changes of it; {way}"
                 for one in _replaced(state, aim, wish) if one.keeper]  # fmt: skip
    return [f"{where} is kept by {keeper}, which would write its labels back; {way}" for where, keeper in kept] + entrances


def _replaced(state: ClusterState, aim: Aim, wish: CutoverWish) -> list[MeshWorkload]:
    """The gateways that lose their pods to a second workload, or that come to follow the target by their own label."""
    moved = [] if wish.waves.gateways == NOT_MOVED else of_gateways(state, services(state, aim), aim)
    places = {(order.namespace, order.kind, order.name) for order in moved if order.what in (DRAIN, HAND_OVER)}
    return [one for one in state.workloads if (one.namespace, one.kind, one.name) in places]


def _with_keeper(workloads: Iterable[MeshWorkload]) -> list[MeshWorkload]:
    return [one for one in workloads if one.keeper]


def _objects(state: ClusterState, aim: Aim, allowed: Allowed) -> list[str]:
    if allowed.objects != REFUSE:
        return []
    alone = [held.name for held in state.objects if held.revision != aim.target and aim.target not in held.copies]
    return [f"only one revision reads {_list(alone)}; copy or unlabel them with cutover_objects"] if alone else []


def retirement(states: Sequence[ClusterState], former: str) -> list[str]:
    """Who still needs the former revision, in any cluster. Nothing of it is removed while there is somebody."""
    found = []
    for state in states:
        uses = state.users(former)
        if uses:
            found.append(f"{state.cluster}: {former} is still needed: {_list(uses)}. Move or restart what is named, and run the cutover again.")
    return found
