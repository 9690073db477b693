#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: links
short_description: Make a cluster's control plane discover other clusters
version_added: 0.1.0
description:
  - Brings the whole set of a cluster's links to the wish in one call, whether there are two clusters or two hundred.
  - Connects to each of the other clusters, takes the credential that their reader account has (it is made where it is missing), and
    stores it in this cluster where the control plane looks for it. No credential ever leaves the call.
  - Refuses, by name and before the first write, clusters that do not share a root certificate.
author:
  - meshops contributors (@meshops)
options:
  provider:
    description: The mesh.
    type: str
    choices: [istio]
    default: istio
  namespace:
    description: The namespace of the control plane, the same in all clusters.
    type: str
    default: istio-system
  links:
    description:
      - All clusters that this one is to discover.
      - The filter P(meshops.lifecycle.mesh_links#filter) makes the list from the inventory.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The other cluster's name, as its control plane knows it.
        type: str
        required: true
      kube:
        description: The connection to the other cluster, with the connection options of this module as keys.
        type: dict
        required: true
      cluster_uid:
        description: UID that the other cluster's namespace kube-system must have.
        type: str
      server:
        description: URL of the other API server as this cluster's pods reach it. The URL of O(links[].kube) if it is not given.
        type: str
      tls_server_name:
        description: The name to expect in the other API server's certificate, where it differs from the host of O(links[].server).
        type: str
      required:
        description:
          - Whether the task fails when the other cluster is not reached.
          - If V(false), a link that is there stays as it is and a warning names it.
        type: bool
        default: true
  prune:
    description: Whether to remove links that this collection made and that are not in O(links).
    type: bool
    default: true
  token_timeout:
    description: Seconds to wait for another cluster to issue a credential.
    type: int
    default: 30
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Of a credential only the keys and a short digest are shown.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Let east discover west
  meshops.lifecycle.links:
    kubeconfig: ~/.kube/config
    context: east
    links:
      - name: west
        kube: {kubeconfig: ~/.kube/config, context: west}
        server: https://api.west.example:6443
"""

RETURN = r"""
linked:
  description: The clusters that this one discovers now.
  returned: success
  type: list
  elements: str
postponed:
  description: The clusters that were not reached and are not required, each with the reason.
  returned: success
  type: dict
changes:
  description: What was written, object by object.
  returned: success
  type: list
  elements: dict
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..module_utils._kube.cluster import Cluster
from ..module_utils._mesh.change import Change, Ref, as_result
from ..module_utils._mesh.errors import MeshError, NotReady, Unreachable
from ..module_utils._mesh.federation import Credential, require_common_root
from ..module_utils._module.run import connect_peer, run
from ..module_utils._pki.x509 import fingerprints
from ..module_utils._providers import PROVIDERS


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
    return fingerprints(mesh.root_pem([cluster.get(ref) for ref in mesh.roots(namespace)]))


def _require_common_root(roots: dict[str, list[str]], dry_run: bool) -> None:
    """A dry run on empty clusters has no roots yet: what is there must still agree."""
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
        raise Unreachable(f"{cluster.name}: not linked with {', '.join(peer.wish['name'] for peer in required)}; all other links are made. {told}")
    postponed = {name: str(peer.failure) for name, peer in failed.items()}
    warnings = [f"{cluster.name}: the link to {name} stays as it is: {reason}" for name, reason in postponed.items()]
    return {**result, "linked": sorted(link["name"] for link in params["links"] if link["name"] not in failed), "postponed": postponed, "warnings": warnings}


def main() -> None:
    link = dict(
        name=dict(required=True),
        kube=dict(type="dict", required=True),
        cluster_uid=dict(),
        server=dict(),
        tls_server_name=dict(),
        required=dict(type="bool", default=True),
    )
    run(
        reconcile,
        argument_spec=dict(
            provider=dict(choices=sorted(PROVIDERS), default="istio"),
            namespace=dict(default="istio-system"),
            links=dict(type="list", elements="dict", required=True, options=link),
            prune=dict(type="bool", default=True),
            token_timeout=dict(type="int", default=30, no_log=False),
        ),
    )


if __name__ == "__main__":
    main()
