# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster brought to discover others: both ends in one call, so that no credential leaves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import connect_peer
from ..._mesh.contract.links import Federation
from ..._mesh.contract.trust import Trust
from ..._mesh.errors import Refused, Unreachable
from ..._mesh.links.entrance import Entrance
from ..._mesh.links.peers import Credential, Roots, require_mutual_trust
from ..._mesh.objects.change import Change, Ref, as_result
from ..._mesh.objects.managed_by import would_undo
from ..._pki.x509 import bundle, inspect
from ..._providers import PROVIDERS
from ..look import listed
from .credential import awaited, entrance, issued, newest

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
        provider=dict(choices=sorted(PROVIDERS), default="istio"),
        namespace=dict(default="istio-system"),
        links=dict(type="list", elements="dict", required=True, options=_LINK),
        prune=dict(type="bool", default=True),
        force=dict(type="bool", default=False),
        token_timeout=dict(type="int", default=30, no_log=False),
    ),
)

_AT_ONCE = 16


@dataclass(frozen=True)
class _Peer:
    """Another cluster that was reached, and what the task says of it."""

    wish: Mapping[str, Any]
    cluster: Cluster

    @property
    def way(self) -> Entrance:
        return entrance(self.cluster, self.wish)


@dataclass(frozen=True)
class _Missing:
    """Another cluster that was not."""

    wish: Mapping[str, Any]
    reason: str


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = PROVIDERS[params["provider"]].federation
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        tried = list(pool.map(lambda wish: _reach(wish, cluster.dry_run), params["links"]))
        peers = [one for one in tried if isinstance(one, _Peer)]
        everyone = [cluster, *(peer.cluster for peer in peers)]
        trust = PROVIDERS[params["provider"]].trust
        roots = dict(pool.map(lambda one: (one.name, _roots(one, trust, params["namespace"])), everyone))
        _require_mutual_trust(roots, cluster.dry_run)
        there = _links(cluster, mesh, params)
        for peer in peers:
            entrance(peer.cluster, peer.wish)  # refuses, before anything is written
        issued = list(pool.map(lambda peer: _credential(peer, mesh, params), peers))
    changes = [change for made, _issued in issued for change in made]
    changes += cluster.apply([mesh.link(credential, params["namespace"]) for _made, credential in issued], force=bool(params.get("force")))
    changes += _prune(cluster, mesh, params, there)
    return _result(cluster, peers, [one for one in tried if isinstance(one, _Missing)], changes)


def _reach(wish: Mapping[str, Any], dry_run: bool) -> _Peer | _Missing:
    if wish["unread"]:
        return _Missing(wish, wish["unread"])
    try:
        peer = connect_peer({**wish["kube"], "cluster": wish["name"], "cluster_uid": wish["cluster_uid"]}, dry_run=dry_run)
        peer.get(Ref("v1", "Namespace", "kube-system"))
        return _Peer(wish, peer)
    except Unreachable as error:
        return _Missing(wish, str(error))


def _roots(cluster: Cluster, trust: Trust, namespace: str) -> Roots:
    """What it signs under is in its CA, as long as it hands out that root itself: else somebody else signs, or another's control plane."""
    refs, given = trust.objects(namespace), trust.bundle(namespace)
    live = listed(cluster, list(dict.fromkeys([*given.reads, *refs])))
    trusts = [one.fingerprint for one in bundle(given.judge(live, {}))]
    held = {Ref.of(one): one for objects in live.values() for one in objects if Ref.of(one) in refs}
    root = inspect(trust.read(held), f"{cluster.name}: {refs[0]}", datetime.now(UTC)).root if refs[0] in held else None
    return Roots(trusts, root.fingerprint if root and root.fingerprint in trusts else "")


def _require_mutual_trust(roots: dict[str, Roots], dry_run: bool) -> None:
    """A dry run on empty clusters has no roots yet: what is there must still agree. Without a peer there is nothing to share."""
    if len(roots) < 2:
        return
    present = {name: one for name, one in roots.items() if one.trusts}
    if len(present) > 1 or not dry_run:
        require_mutual_trust(present if dry_run else roots)


def _credential(peer: _Peer, mesh: Federation, params: dict[str, Any]) -> tuple[list[Change], Credential]:
    """The other cluster's credential; it is asked for where it is missing, and waited for."""
    other, space = peer.cluster, params["namespace"]
    found = newest(other, mesh, space, peer.way)
    if found:
        return [], found
    (secret,) = mesh.account(space)
    made = [change for change in (other.create(secret),) if change] if not issued(other, mesh, space)[0] else []
    if other.dry_run:
        return made, Credential(other.name, peer.way.server, b"", b"")
    return made, awaited(other, Ref.of(secret), lambda: newest(other, mesh, space, peer.way), params["token_timeout"], lambda: None)


def _links(cluster: Cluster, mesh: Federation, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The links that are there, without content; refused where somebody else would write back one that this task writes."""
    read = mesh.links(params["namespace"])
    there = listed(cluster, [read])[read.kind]
    mine = {mesh.linking(link["name"], params["namespace"]).name for link in params["links"]}
    named = [(Ref(read.api_version, read.kind, one["metadata"]["name"], read.namespace), one) for one in there]
    undone = [would_undo(f"{cluster.name}: {ref}", one, "Have the link made there, or take the Secret out of its hands.")
              for ref, one in named if ref.name in mine or (params["prune"] and mesh.ours(one))]  # fmt: skip
    if any(undone):
        raise Refused(" ".join(filter(None, undone)), findings=list(filter(None, undone)))
    return there


def _prune(cluster: Cluster, mesh: Federation, params: dict[str, Any], there: Sequence[Mapping[str, Any]]) -> list[Change]:
    if not params["prune"]:
        return []
    wanted, read = {link["name"] for link in params["links"]}, mesh.links(params["namespace"])
    stale = [secret["metadata"]["name"] for secret in there if mesh.ours(secret) and mesh.linked(secret) not in wanted]
    return cluster.delete([Ref(read.api_version, read.kind, name, read.namespace) for name in stale])


def _result(cluster: Cluster, peers: list[_Peer], missing: list[_Missing], changes: list[Change]) -> dict[str, Any]:
    required = [one for one in missing if one.wish["required"]]
    if required:
        names, reasons = ", ".join(one.wish["name"] for one in required), " ".join(one.reason for one in required)
        raise Unreachable(f"{cluster.name}: not linked with {names}; all other links are made. {reasons}", **as_result(changes))
    return {
        **as_result(changes),
        "linked": sorted(peer.wish["name"] for peer in peers),
        "postponed": {one.wish["name"]: one.reason for one in missing},
        "warnings": [f"{cluster.name}: the link to {one.wish['name']} stays as it is: {one.reason}" for one in missing],
    }
