# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check before a link is made that clusters trust each other. Only meshes whose clusters share a root need this check."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from ..._kube.cluster import Cluster
from ..._mesh.contract.trust import Trust
from ..._mesh.links import peers
from ..._mesh.objects.change import Ref
from ..._mesh.question import Answers
from ..._mesh.trust.standing import Standing
from ..._pki.x509 import bundle, inspect
from ..look import listed

_AT_ONCE = 16


def require_mutual_trust(clusters: Sequence[Cluster], trust: Trust, namespace: str, now: datetime, dry_run: bool) -> None:
    """Refuse clusters that do not trust each other. In a dry run, clusters without a root are left out: the run has not installed it."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        roots = dict(pool.map(lambda one: (one.name, _roots(one, trust, namespace, now)), clusters))
    if len(roots) < 2:
        return
    present = {name: one for name, one in roots.items() if one.trusts}
    if len(present) > 1 or not dry_run:
        peers.require_mutual_trust(present if dry_run else roots)


def _roots(cluster: Cluster, trust: Trust, namespace: str, now: datetime) -> Standing:
    """Return what a cluster trusts and signs under. It signs under its CA's root only if it hands out that root too; otherwise another CA signs."""
    refs, given = trust.objects(namespace), trust.bundle(namespace)
    live = listed(cluster, list(dict.fromkeys([*given.reads, *refs])))
    trusts = frozenset(one.fingerprint for one in bundle(given.judge(live, Answers())))
    of_ca = {Ref.of(one): one for objects in live.values() for one in objects if Ref.of(one) in refs}
    root = inspect(trust.read(of_ca), f"{cluster.name}: {refs[0]}", now).root if refs[0] in of_ca else None
    return Standing(cluster.name, root.fingerprint if root and root.fingerprint in trusts else "", trusts=trusts)
