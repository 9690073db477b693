# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-naive: another root is put into `cacerts` everywhere and all is restarted. Shows what a rotation loses that knows no better, and that this load and
this witness do see losses: a drill in which nothing can be lost proves nothing."""

from __future__ import annotations

import time

from . import authority, byhand
from .app import NAMESPACE, PLAIN_PROXY, Stage
from .ground import CLUSTERS, Ground, Seen
from .report import Phase, Promise, Result
from .timeline import conflicts

# Somebody who sees that nobody answers needs a moment; by hand it took longer than this until the clients were restarted as well.
AFTERWARDS = 15.0


def hold(ground: Ground) -> Result:
    before = {cluster: byhand.cacerts(ground.estate, cluster) for cluster in CLUSTERS}
    try:
        return ground.hold("naive", lambda _load: swap(ground), judge, Stage(PLAIN_PROXY))
    finally:
        _restore(ground, before)


def swap(ground: Ground) -> list[Phase]:
    """Replace the root and restart everything but the clients, because their requests show the losses."""
    estate, began = ground.estate, [time.time()]
    root = authority.make("the next root")
    for cluster in CLUSTERS:
        byhand.write_cacerts(estate, cluster, authority.make(f"{cluster}'s intermediate", root).cacerts(root, root.pem))
        byhand.restart(estate, cluster, byhand.MESH, byhand.deployments(estate, cluster, byhand.MESH, "app=istiod"))
    began.append(time.time())
    for cluster in CLUSTERS:
        byhand.restart(estate, cluster, NAMESPACE, [f"server-{cluster}"])
    began.append(time.time())
    for cluster in CLUSTERS:
        byhand.restart(estate, cluster, byhand.MESH, byhand.deployments(estate, cluster, byhand.MESH, "istio=eastwestgateway"))
    began.append(time.time())
    time.sleep(AFTERWARDS)
    names = ("swap cacerts, restart istiod", "restart the servers", "restart the gateways", "clients left alone")
    return [Phase(name, begin, end - begin) for name, begin, end in zip(names, began, [*began[1:], time.time()], strict=True)]


def judge(seen: Seen) -> list[Promise]:
    states = sum(one.certain for one in conflicts(seen.samples))
    return [Promise("the load sees what is lost", str(seen.lost), seen.lost > 0), Promise("the witness sees what is unsafe", str(states), states > 0)]


def _restore(ground: Ground, before: dict[str, dict[str, bytes]]) -> None:
    """Put the former root back in the same way. The load has ended, so no request is lost."""
    ground.say("drill-naive: bringing the mesh back to the root it had")
    for cluster, data in before.items():
        byhand.write_cacerts(ground.estate, cluster, data)
        byhand.restart(ground.estate, cluster, byhand.MESH, byhand.deployments(ground.estate, cluster, byhand.MESH, "app=istiod"))
    for cluster, data in before.items():
        byhand.await_bundle(ground.estate, cluster, data["root-cert.pem"])
        byhand.restart(ground.estate, cluster, byhand.MESH, byhand.deployments(ground.estate, cluster, byhand.MESH, "istio=eastwestgateway"))
