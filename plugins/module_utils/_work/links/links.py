# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a cluster discover others. One call writes both ends, so that no credential leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.contract.links import Links
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import MeshError, Refused, Unreachable
from ..._mesh.install.due import Due
from ..._mesh.links.entrance import Entrance
from ..._mesh.links.link import Grant, Link, Linked, Offer
from ..._mesh.objects.change import Change, Ref, as_result
from ..._mesh.objects.look import Look
from ..._mesh.objects.managed_by import managed_by
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS
from ..chosen_mesh import complete as completed
from ..clock import Clock, SystemClock
from ..follow import nothing
from ..install.due import Completed, complete
from ..look import look
from . import offers
from .mutual_trust import require_mutual_trust
from .request import LinksRequest, LinkWish, reached

_LINK: dict[str, Any] = dict(
    name=dict(required=True),
    kube=dict(type="dict", required=True),
    cluster_uid=dict(),
    server=dict(),
    tls_server_name=dict(),
    ca=dict(),
    unread=dict(),
    required=dict(type="bool", default=True),
)
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        **MESH_OPTIONS,
        links=dict(type="list", elements="dict", required=True, options=_LINK),
        consumers=dict(type="list", elements="str"),
        prune=dict(type="bool", default=True),
        force=dict(type="bool", default=False),
        token_timeout=dict(type="int", default=30, no_log=False),
    ),
    prepare=completed,
)

_AT_ONCE = 16


@dataclass(frozen=True)
class _Source:
    """Another cluster that the run reached, and the task's wish for its link."""

    wish: LinkWish
    cluster: Cluster

    @property
    def entrance(self) -> Entrance:
        return offers.entrance(self.cluster, self.wish.address)


@dataclass(frozen=True)
class _Missing:
    """Another cluster that the run did not reach, and the reason."""

    wish: LinkWish
    reason: str


@dataclass(frozen=True)
class _Linking:
    """The consumer, the provider's links and the request of one run. `changes` is what the run has written so far, in all clusters."""

    consumer: Cluster
    links: Links
    request: LinksRequest
    clock: Clock
    by_api_server: bool = True
    changes: list[Change] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)

    def link(self, source: _Source) -> Link:
        return Link(source.cluster.name, self.consumer.name, self.request.namespace)

    def offer(self, source: _Source) -> Offer:
        entrance = source.entrance if self.by_api_server else Entrance("")
        return offers.offered(source.cluster, self.links, self.link(source), entrance)


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request = LinksRequest.of(params)
    mesh = provider(request.provider)
    work = _Linking(cluster, mesh.links, request, clock or SystemClock(), mesh.defaults.links_by_api_server)
    try:
        return _link_all(work, mesh, connect or connect_to)
    except MeshError as failed:
        failed.facts.update(_written(work))
        raise


def _link_all(work: _Linking, mesh: Provider, connect: Connector) -> dict[str, Any]:
    cluster, request = work.consumer, work.request
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        tried = list(pool.map(lambda wish: _reach(wish, connect, cluster.dry_run), request.links))
        sources = [one for one in tried if isinstance(one, _Source)]
        if mesh.defaults.shares_root:
            require_mutual_trust([cluster, *(source.cluster for source in sources)], mesh.trust, request.namespace, work.clock.now(), cluster.dry_run)
        offered = list(pool.map(work.offer, sources))
        there = look(cluster, work.links.there(request.namespace))
        grants = look(cluster, work.links.grants(request.namespace))
        _require_ours(work, sources, offered, there, grants)
        filled = list(pool.map(lambda source, offer: _filled(work, source, offer), sources, offered))
    accepted = [work.links.accept(work.link(source), offer) for source, offer in zip(sources, filled, strict=True)]
    work.changes.extend(cluster.apply([manifest for manifests in accepted for manifest in manifests], force=request.force))
    _settle(work, filled)
    _prune(work, _leaving(work, there, grants))
    return _result(work, sources, [one for one in tried if isinstance(one, _Missing)])


def _reach(wish: LinkWish, connect: Connector, dry_run: bool) -> _Source | _Missing:
    if wish.unread:
        return _Missing(wish, wish.unread)
    try:
        return _Source(wish, reached(wish.source, connect, dry_run))
    except Unreachable as error:
        return _Missing(wish, str(error))


def _filled(work: _Linking, source: _Source, offer: Offer) -> Offer:
    """Create what the source lacks, and wait until the source has filled it in."""
    for manifest in offer.missing:
        made = source.cluster.create(manifest)
        work.changes.extend([made] if made else [])
    if offer.fills:
        done = _completed(work, source.cluster, offer.fills)
        offer = offer if source.cluster.dry_run or not done.changed else work.offer(source)
    if source.cluster.dry_run or offer.lacking is None:
        return offer
    return offers.awaited(lambda: work.offer(source), source.cluster.name, work.request.token_timeout, nothing, work.clock)


def _settle(work: _Linking, offered: Sequence[Offer]) -> None:
    """Have the product of the consumer take its links, where objects alone do not make it."""
    for then in [offer.then for offer in offered if offer.then]:
        _completed(work, work.consumer, then)


def _completed(work: _Linking, cluster: Cluster, wanted: Look[Due]) -> Completed:
    done = Completed()
    try:
        return complete(cluster, wanted, work.request.token_timeout, work.clock, did=done)
    finally:
        work.changes.extend(done.changes)
        work.ordered.extend(done.ordered)


def _require_ours(work: _Linking, sources: Sequence[_Source], offered: Sequence[Offer], there: Sequence[Linked], grants: Sequence[Grant]) -> None:
    """Refuse to write or delete a link, or what is given for one, if another tool would undo the change."""
    mine = {Ref.of(one) for source, offer in zip(sources, offered, strict=True) for one in work.links.accept(work.link(source), offer)}
    touched = [*(one for one in there if one.ref in mine or (work.request.prune and one.ours)), *_leaving(work, (), grants)]
    way = "Have the link made there, or stop managing the Secret there."
    undone = [said for one in touched if (said := managed_by(one.live).refusal(f"{work.consumer.name}: {one.ref}", way))]
    if undone:
        raise Refused(" ".join(undone), findings=undone)


def _leaving(work: _Linking, there: Sequence[Linked], grants: Sequence[Grant]) -> list[Linked | Grant]:
    """Return what goes: the links to clusters that are no sources any more, and what this cluster gave such clusters."""
    if not work.request.prune:
        return []
    wanted = {wish.source.cluster for wish in work.request.links}
    left = [one for one in there if one.ours and one.source not in wanted]
    return [*left, *(one for one in grants if one.ours and one.consumer not in work.request.members)]


def _prune(work: _Linking, leaving: Sequence[Linked | Grant]) -> None:
    """End the links in the product, and then remove their objects, which a later run finds if this one is killed between."""
    for ends in [one.ends for one in leaving if one.ends]:
        _completed(work, work.consumer, ends)
    work.changes.extend(work.consumer.delete([one.ref for one in leaving]))


def _result(work: _Linking, sources: list[_Source], missing: list[_Missing]) -> dict[str, Any]:
    cluster = work.consumer
    required = [one for one in missing if one.wish.required]
    if required:
        names, reasons = ", ".join(one.wish.source.cluster for one in required), " ".join(one.reason for one in required)
        raise Unreachable(f"{cluster.name}: could not link {names}; all other links were made. {reasons}")
    return {
        **_written(work),
        "linked": sorted(source.wish.source.cluster for source in sources),
        "postponed": {one.wish.source.cluster: one.reason for one in missing},
        "warnings": [f"{cluster.name}: the link to {one.wish.source.cluster} was not updated: {one.reason}" for one in missing],
    }


def _written(work: _Linking) -> dict[str, Any]:
    result = as_result(work.changes)
    return {**result, "changed": result["changed"] or bool(work.ordered), "ordered": list(work.ordered)}
