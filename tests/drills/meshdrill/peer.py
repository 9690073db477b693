# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-peer: what Istio's documents say on a canary upgrade, by istioctl and kubectl, under the same load. Nothing is promised: it shows what that loses."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

from . import byhand, play, revisions, sightings
from .app import NAMESPACE, Load
from .byhand import MESH
from .cutover import nobody_is_plain
from .errors import DrillError
from .ground import CLUSTERS, Ground, Seen
from .report import Phase, Promise, Result
from .revisions import REV, Pair, Variables
from .scenery import CANARY, DECOY, stage

# What somebody looks at before the next command.
AFTERWARDS = 15.0
EVERYTHING = "deployment,statefulset,daemonset"


def istioctl(estate: Estate, cluster: str, *words: str) -> None:
    done = subprocess.run(["istioctl", "--kubeconfig", estate.kubeconfig, "--context", cluster, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DrillError(f"istioctl {' '.join(words)}: {done.stderr.strip()[-400:]}")


def tag(estate: Estate, revision: str) -> None:
    for cluster in CLUSTERS:
        istioctl(estate, cluster, "tag", "set", "default", "--revision", revision, "--overwrite")
        estate.kubectl(cluster, "label", "namespace", CANARY, f"{REV}={revision}", "--overwrite")


def restart(estate: Estate) -> None:
    """All of a namespace at once, as `kubectl rollout restart deployment -n` does; pods of a StatefulSet with OnDelete are deleted."""
    for cluster in CLUSTERS:
        for space in (NAMESPACE, CANARY):
            estate.kubectl(cluster, "-n", space, "rollout", "restart", EVERYTHING)
        estate.kubectl(cluster, "-n", CANARY, "delete", "pod", "-l", "app=keeper", "--wait=true")
    for cluster in CLUSTERS:
        for name in byhand.deployments(estate, cluster, NAMESPACE):
            estate.kubectl(cluster, "-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=180s")


def gateways(estate: Estate, revision: str) -> None:
    """Those with a revision of their own in the pod template: another one is a rolling update."""
    patch = json.dumps({"spec": {"template": {"metadata": {"labels": {REV: revision}}}}})
    for cluster in CLUSTERS:
        for item in estate.get(cluster, "deployments", "-n", MESH)["items"]:
            name, template = item["metadata"]["name"], item["spec"]["template"]["metadata"]
            if "gateway" in template.get("annotations", {}).get("inject.istio.io/templates", ""):
                estate.kubectl(cluster, "-n", MESH, "patch", "deployment", name, "--type=merge", "-p", patch)
                estate.kubectl(cluster, "-n", MESH, "rollout", "status", f"deployment/{name}", "--timeout=180s")


def move(ground: Ground, revision: str) -> list[Phase]:
    ground.estate.kubectl_all("-n", CANARY, "delete", "pod", DECOY, "--ignore-not-found")
    began, phases = time.time(), []
    steps: list[tuple[str, Callable[[], object]]] = [
        ("istioctl tag set", lambda: tag(ground.estate, revision)), ("kubectl rollout restart", lambda: restart(ground.estate)),
        ("label the gateways", lambda: gateways(ground.estate, revision)), ("left alone", lambda: time.sleep(AFTERWARDS))]
    for name, step in steps:
        step()
        phases.append(Phase(name, began, time.time() - began))
        began = time.time()
    return phases


def hold(ground: Ground, servers: int, variables: Callable[[str], Variables]) -> Result:
    """The other revision is installed by our playbook, before the load: it is the move that is compared."""
    pair = revisions.between(ground.estate, CLUSTERS, variables)
    _install(ground, pair.target, pair, [])

    def act(_load: Load) -> list[Phase]:
        return [*move(ground, pair.target), *(Phase(f"back: {phase.name}", phase.begin, phase.seconds) for phase in move(ground, pair.former))]

    def judge(seen: Seen) -> list[Promise]:
        asked = min((flow.sent for flow in seen.flows.values()), default=0)
        return [Promise("the load ran", str(asked), asked > 0), *nobody_is_plain(seen)[1:2]]

    try:
        return ground.hold("peer", act, judge, stage(CLUSTERS, pair.former, servers), sightings.PODS)
    finally:
        _restore(ground, pair)


def _install(ground: Ground, revision: str, pair: Pair, tags: list[str]) -> None:
    given = {**pair.variables(revision), "mesh_revision": revision, "mesh_revision_tags": tags, "mesh_default_revision": pair.former}
    play.playbook("control_plane", "install", ground.build / "peer", given).succeeded()


def _restore(ground: Ground, pair: Pair) -> None:
    """What istioctl wrote is taken over by the playbook again, and the other revision goes."""
    ground.say(f"drill-peer: bringing the mesh back to {pair.former}")
    tag_of = [cluster for cluster in CLUSTERS if revisions.serving(ground.estate, cluster) != pair.former]
    for cluster in tag_of:
        istioctl(ground.estate, cluster, "tag", "set", "default", "--revision", pair.former, "--overwrite")
    given = {**pair.variables(pair.former), "mesh_revision": pair.former, "mesh_adopt": True}
    play.playbook("site", "site", ground.build / "peer", given).succeeded()
    for cluster in CLUSTERS:
        revisions.uninstall(ground.estate, cluster, pair.target)
