# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, and the last words of what does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import cgroups, paths, processes, state
from .cluster import Cluster
from .kubeapi import ApiError
from .plan import Plan
from .state import Member, Record

Pod = Mapping[str, Any]


def _clusters(record: Record, only: str | None = None) -> list[tuple[Cluster, Member]]:
    return [(Cluster(Plan(name, member.index)), member) for name, member in sorted(record.clusters.items()) if only in (None, name)]


def pod_trouble(pod: Pod) -> str | None:
    """Why a pod is not ready, as its containers tell it; None for one that is, or that has ended well."""
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return None
    ready: Mapping[str, Any] = next((one for one in status.get("conditions", []) if one["type"] == "Ready"), {})
    if ready.get("status") == "True":
        return None
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        for kind in ("waiting", "terminated"):
            reason = container.get("state", {}).get(kind, {}).get("reason")
            if reason and reason not in ("Completed", "PodInitializing"):
                return f"{container['name']}: {reason}"
    return ready.get("message") or status.get("phase", "Unknown")


def _pods(cluster: Cluster) -> list[Pod] | None:
    try:
        return cluster.api.get("/api/v1/pods")["items"]
    except (OSError, ApiError):
        return None


def down(cluster: Cluster, member: Member) -> dict[str, str]:
    """The programs that do not run, and how it ended with them."""
    if not processes.alive(member.pid, member.started):
        return {"supervisor": "ended, and with it the whole cluster"}
    return {name: f"exited with code {facts['last_exit']}, {facts['restarts']} times so far" if facts["restarts"] else "not started yet"
            for name, facts in cluster.programs().items() if not facts["pid"]}


def _describe(cluster: Cluster, member: Member) -> Iterator[str]:
    plan = cluster.plan
    stopped, programs = down(cluster, member), cluster.programs()
    healthy = not stopped and cluster.node_ready()
    yield f"{plan.name}: {'ready' if healthy else 'NOT READY'}, {plan.server}, load balancers {plan.pool}, pods {plan.pods}" + (
        f", flat with {', '.join(member.flat)}" if member.flat else "")
    for name in [*stopped, *(name for name in programs if name not in stopped)]:
        restarts = programs.get(name, {}).get("restarts", 0)
        yield f"  {name:24} {stopped.get(name) or 'up' + (f', restarted {restarts} times' if restarts else '')}"
    pods = _pods(cluster)
    if pods is None:
        yield "  pods                     unknown: the API server does not answer"
    else:
        troubled = {f"{pod['metadata']['namespace']}/{pod['metadata']['name']}": pod_trouble(pod) for pod in pods}
        bad = {name: why for name, why in troubled.items() if why}
        yield f"  {'pods':24} {len(pods)}, {len(bad)} not ready"
        yield from (f"    {name}: {why}" for name, why in bad.items())
    yield f"  {'memory':24} {cgroups.memory(plan.cgroup) / 2**20:.0f} MiB"


def status() -> bool:
    """Print what runs; whether all of it is well."""
    record = state.load()
    if not record or not record.clusters:
        print("no lab runs on this machine: bring one up with `make lab`")
        return False
    other = "" if record.owner == str(paths.CHECKOUT) else " (another checkout: `make lab` here replaces it)"
    print(f"lab of {record.owner}{other}, kubeconfig {record.state}/kubeconfig")
    well = True
    for cluster, member in _clusters(record):
        lines = list(_describe(cluster, member))
        well = well and "NOT READY" not in lines[0]
        print("\n".join(lines))
    return well


def tail(file: Path, lines: int) -> str:
    try:
        with open(file, "rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - 64 * 1024))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def _pod_logs(cluster: Cluster, pod: Pod) -> list[Path]:
    metadata = pod["metadata"]
    directory = cluster.logs / "node/pods" / f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
    return sorted(directory.glob("*/*.log"))


def _failed(cluster: Cluster, member: Member) -> Iterator[tuple[str, Path]]:
    """(what failed, its log)."""
    for name, end in down(cluster, member).items():
        yield f"{name} {end}", cluster.logs / f"{name}.log"
    for name, facts in cluster.programs().items():
        if facts["pid"] and facts["restarts"]:
            yield f"{name} runs after {facts['restarts']} restarts", cluster.logs / f"{name}.log"
    if not cluster.node_ready():
        yield "the node is not ready", cluster.logs / "kubelet.log"
    for pod in _pods(cluster) or ():
        why = pod_trouble(pod)
        if why:
            for log in _pod_logs(cluster, pod) or [cluster.logs / "kubelet.log"]:
                yield f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']}: {why}", log


def logs(only: str | None, lines: int, program: Sequence[str] = ()) -> None:
    """Print the last lines of what failed, or of the programs named."""
    record = state.load()
    for cluster, member in _clusters(record, only) if record else []:
        print(f"# {cluster.plan.name}: logs in {cluster.logs}, of pods in {cluster.logs}/node/pods")
        chosen = [(name, cluster.logs / f"{name}.log") for name in program] or list(_failed(cluster, member))
        for what, log in chosen:
            print(f"## {what}: {log}\n{tail(log, lines)}")
        if not chosen:
            print("nothing has failed")
