# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the control planes of a cluster which proxies they serve, and compare the answer with the pods of the cluster."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.objects.change import Ref
from ..._mesh.rotation.observed import Observed
from ..._mesh.rotation.trust_users import PROXY
from ..look import look


def connected(cluster: Cluster, mesh: Provider, namespace: str, seen: Observed, limit: int) -> dict[str, Any]:
    """Return the facts of a module. For a remote cluster they come from its primary."""
    if seen.primary:
        mine = list((seen.primary.facts.get("elsewhere") or {}).get(cluster.name) or ())
        facts: dict[str, Any] = {"ids": [cluster.name], "linked": [], "elsewhere": {}, "silent": []}
        return {**facts, "unseen": _no_pods(cluster, mine, seen)[:limit]}
    if mesh.driven_rotation:
        return {"ids": [cluster.name], "linked": [], "elsewhere": {}, "silent": [], "unseen": []}
    served = look(cluster, mesh.rotation.served(cluster.name, namespace))
    lost = _no_pods(cluster, served.of(served.ids), seen)
    if lost:  # a proxy that ended meanwhile is not in the next answer
        lost = [one for one in lost if one in look(cluster, mesh.rotation.served(cluster.name, namespace)).of(served.ids)]
    served_facts = {"ids": sorted(served.ids), "linked": sorted(served.linked), "elsewhere": served.elsewhere()}
    return {**served_facts, "silent": list(served.silent), "unseen": lost[:limit]}


def _no_pods(cluster: Cluster, names: Collection[str], seen: Observed) -> list[str]:
    """Return the proxies that are no pods: nobody saw them, and the API server knows no pod of that name."""
    known = {one.where for one in seen.users if one.kind == PROXY}
    left = [name for name in names if name not in known]
    refs = [Ref("v1", "Pod", name.partition("/")[2], name.partition("/")[0]) for name in left if all(name.partition("/"))]
    pods = {f"{ref.namespace}/{ref.name}" for ref, pod in zip(refs, cluster.get_all(refs), strict=True) if pod}
    return [name for name in left if name not in pods]
