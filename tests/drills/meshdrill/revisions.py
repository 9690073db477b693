# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two revisions that a drill goes between, and which of them a cluster is on; read by kubectl, no code of the collection."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT, Estate

from .byhand import MESH
from .errors import DrillError

REVISIONS = ("stable", "green")
DRAINING: Mapping[str, Any] = yaml.safe_load((CHECKOUT / "tests" / "drills" / "draining.yml").read_text(encoding="utf-8"))
REV, TAG = "istio.io/rev", "istio-revision-tag-default"
Variables = Mapping[str, Any]
Left = Callable[[Estate, str, str], list[str]]


@dataclass(frozen=True)
class Pair:
    """Where a cutover begins and where it is to end, and what of the inventory is another for each of the two."""

    former: str
    target: str
    variables: Callable[[str], Variables] = field(default=lambda _revision: DRAINING)


def serving(estate: Estate, cluster: str) -> str:
    """The revision that the tag `default` leads to; none where there is no mesh."""
    tags = [item for item in estate.get(cluster, "mutatingwebhookconfigurations")["items"] if item["metadata"]["name"] == TAG]
    return str(tags[0]["metadata"]["labels"][REV]) if tags else ""


def between(estate: Estate, clusters: tuple[str, ...], variables: Callable[[str], Variables]) -> Pair:
    """From the one that serves now to the other."""
    former = {serving(estate, cluster) for cluster in clusters}
    if len(former) != 1 or not former <= set(REVISIONS):
        raise DrillError(f"The clusters follow {', '.join(sorted(former)) or 'nothing'}, and a drill begins with all of them on one of {', '.join(REVISIONS)}. "
                         "Bring them there, or take the mesh down (meshops.lifecycle.teardown) and begin anew.")
    (one,) = former
    return Pair(one, next(other for other in REVISIONS if other != one), variables)


def strangers(estate: Estate, cluster: str, revision: str) -> list[str]:
    """What is not on the revision: proxies that another one made, the tag, the namespaces that name one."""
    pods = [item for item in estate.get(cluster, "pods", "-A")["items"] if REV in item["metadata"].get("annotations", {})]
    spaces = [item for item in estate.get(cluster, "namespaces")["items"] if item["metadata"].get("labels", {}).get(REV) in REVISIONS]
    others = [(item, item["metadata"]["annotations"][REV]) for item in pods] + [(item, item["metadata"]["labels"][REV]) for item in spaces]
    named = [f"{cluster}: {item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}" for item, seen in others
             if seen != revision and not item["metadata"].get("deletionTimestamp")]
    led = serving(estate, cluster)
    return [*named, *([] if led == revision else [f"{cluster}: the tag default leads to {led}"])]


def left(estate: Estate, cluster: str, revision: str) -> list[str]:
    """What a revision that was retired has left."""
    kinds = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
    hooks = [item["metadata"]["name"] for item in estate.get(cluster, kinds)["items"] if item["metadata"].get("labels", {}).get(REV) == revision]
    deployments = [f"Deployment {item['metadata']['name']}" for item in estate.get(cluster, "deployments", "-n", MESH, "-l", f"{REV}={revision}")["items"]]
    return [f"{cluster}: {name}" for name in (*hooks, *deployments)]


def uninstall(estate: Estate, cluster: str, revision: str) -> None:
    """Its control plane goes, where there is one; nobody may follow it any more."""
    gone = ["helm", "uninstall", f"istiod-{revision}", "-n", MESH, "--ignore-not-found", "--kubeconfig", estate.kubeconfig, "--kube-context", cluster]
    done = subprocess.run(gone, check=False, capture_output=True, text=True)
    if done.returncode:
        raise DrillError(f"{cluster}: the control plane of {revision} stays: {done.stderr.strip()}")


def charts(place: Path, version: str, tag: str) -> Variables:
    """The variables by which a control plane of another version is installed: its charts and its images."""
    cluster = DRAINING["mesh_cluster_values"]
    return {**DRAINING, "mesh_version": version, "mesh_charts": {"source": "directory", "location": str(place)},
            "mesh_cluster_values": {**cluster, "istiod": {"global": {"tag": tag}}}}
