# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster brought to discover others: both ends in one call, so that no credential leaves it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._kube.cluster import Cluster
from .._mesh.change import Change, Ref, as_result
from .._mesh.errors import MeshError, NotReady, Unreachable
from .._mesh.federation import Credential, require_common_root
from .._pki.x509 import bundle
from .._providers import PROVIDERS
from .run import connect_peer


@dataclass
class _Peer:
    """Another cluster, reached or not."""

    wish: dict[str, Any]
    cluster: Cluster | None = None
    failure: MeshError | None = None


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = PROVIDERS[params["provider"]].capability("federation")
    with ThreadPoolExecutor(max_workers=16) as pool:
        peers = list(pool.map(lambda wish: _reach(wish, cluster.dry_run), params["links"]))
        reached = [peer for peer in peers if peer.cluster]
        everyone = [cluster, *(peer.cluster for peer in reached)]
        roots = dict(pool.map(lambda one: (one.name, _roots(one, mesh, params["namespace"])), everyone))
        _require_common_root(roots, cluster.dry_run)
        issued = list(pool.map(lambda peer: _credential(peer, mesh, params), reached))
    changes = [change for made, _credential_ in issued for change in made]
    changes += cluster.apply([mesh.link(credential, params["namespace"]) for _made, credential in issued if credential])
    changes += _prune(cluster, mesh, params)
    return _result(cluster, params, peers, changes)


def _reach(wish: dict[str, Any], dry_run: bool) -> _Peer:
    try:
        options = {**wish["kube"], "cluster": wish["name"], "cluster_uid": wish["cluster_uid"]}
        peer = connect_peer(options, dry_run=dry_run)
        peer.get(Ref("v1", "Namespace", "kube-system"))
        return _Peer(wish, peer)
    except Unreachable as error:
        return _Peer(wish, failure=error)


def _roots(cluster: Cluster, mesh: Any, namespace: str) -> list[str]:
    pem = mesh.root_pem([cluster.get(ref) for ref in mesh.roots(namespace)])
    return [certificate.fingerprint for certificate in bundle(pem.encode())]


def _require_common_root(roots: dict[str, list[str]], dry_run: bool) -> None:
    """A dry run on empty clusters has no roots yet: what is there must still agree. Without a peer there is nothing to share."""
    if len(roots) < 2:
        return
    present = {name: prints for name, prints in roots.items() if prints}
    if len(present) > 1 or not dry_run:
        require_common_root(present if dry_run else roots)


def _credential(peer: _Peer, mesh: Any, params: dict[str, Any]) -> tuple[list[Change], Credential | None]:
    """The other cluster's credential; it is asked for where it is missing, and waited for."""
    other = peer.cluster
    ref = Ref("v1", "Secret", *reversed(mesh.token_secret(params["namespace"])))
    server = peer.wish["server"] or other.server
    changes: list[Change] = []
    live = other.get(ref)
    if live is None:
        changes = [change for change in map(other.create, mesh.account(params["namespace"])) if change]
    deadline = time.monotonic() + params["token_timeout"]
    while True:
        credential = mesh.credential(other.name, server, peer.wish["tls_server_name"] or "", live)
        if credential or other.dry_run:
            return changes, credential or Credential(other.name, server, b"", b"")
        if time.monotonic() > deadline:
            raise NotReady(
                f"{other.name}: the Secret {ref.namespace}/{ref.name} got no token within {params['token_timeout']} s. "
                f"Look whether its service account is there and the cluster's token controller runs."
            )
        time.sleep(0.2)
        live = other.get(ref)


def _prune(cluster: Cluster, mesh: Any, params: dict[str, Any]) -> list[Change]:
    if not params["prune"]:
        return []
    wanted = {link["name"] for link in params["links"]}
    read = mesh.links(params["namespace"])
    there = cluster.list(read.api_version, read.kind, read.namespace, labels=read.labels, metadata_only=read.metadata_only)
    stale = [secret["metadata"]["name"] for secret in there if mesh.ours(secret) and mesh.linked(secret) not in wanted]
    return cluster.delete([Ref(read.api_version, read.kind, name, read.namespace) for name in stale])


def _result(cluster: Cluster, params: dict[str, Any], peers: list[_Peer], changes: list[Change]) -> dict[str, Any]:
    failed = {peer.wish["name"]: peer for peer in peers if peer.failure}
    required = [peer for peer in failed.values() if peer.wish["required"]]
    result = as_result(changes)
    if required:
        told = " ".join(str(peer.failure) for peer in required)
        raise Unreachable(f"{cluster.name}: not linked with {', '.join(peer.wish['name'] for peer in required)}; all other links are made. {told}", **result)
    postponed = {name: str(peer.failure) for name, peer in failed.items()}
    warnings = [f"{cluster.name}: the link to {name} stays as it is: {reason}" for name, reason in postponed.items()]
    return {**result, "linked": sorted(link["name"] for link in params["links"] if link["name"] not in failed), "postponed": postponed, "warnings": warnings}
