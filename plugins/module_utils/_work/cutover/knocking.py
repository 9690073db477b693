# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a probe ask the gateways of users through their Services: whatever revision serves there has to answer as the one before the first wave did.

Nothing is written to these gateways. They are asked for a host that nobody serves, so most of them say that they have no such page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._kube.cluster import Answer, Cluster
from ..._mesh.contract.health import Health
from ..._mesh.cutover.gate import ProbeReading
from ..._mesh.cutover.observed import INGRESS, ClusterState
from ..._mesh.cutover.probes import FORMER
from ..._mesh.errors import MeshError
from ..._mesh.health.probe import SILENT, Load, Measured, Probe, ProbeWish, counted
from ..health.probe import asking_pod
from ..look import asked
from .probing import longest, together

# What a proxy answers for whoever it cannot reach, and what stands for no answer.
_NOBODY = SILENT | {"502", "503", "504"}
Service = tuple[str, str, int]


def knocked(
    cluster: Cluster, health: Health, state: ClusterState, load: Load, since: Mapping[str, Any] | None
) -> tuple[list[ProbeReading], list[str]]:
    """What was read of each Service, and why some of them show nothing. `since` are facts of the first reading; None makes this one the first."""
    probe = health.probe(ProbeWish(cluster.name, "", (), FORMER))
    before = {one["path"]: str(one.get("answer") or "") for one in (since or {}).get("probes") or ()}
    services = [one for one in _services(state) if since is None or before.get(_path(one))]
    knock = probe.knock
    pod = asking_pod(cluster, probe) if services and knock else None
    readings, notices = list[ProbeReading](), list[str]()
    if pod is None or knock is None:
        return readings, notices
    questions = [knock(pod, service, load) for service in services]
    answers = [answer for some in together(questions) for answer in cluster.ask_all([asked(question, longest(load)) for question in some])]
    for service, measured in zip(services, answers, strict=True):
        seen = _read(probe, measured)
        answer = before[_path(service)] if since is not None else _usual(seen)
        if answer:
            readings.append(_reading(service, seen, load.requests, answer))
        else:
            notices.append(f"{_path(service)} nothing can be seen, because {_why(seen)}; give it a gate of your own")
    return readings, notices


def _services(state: ClusterState) -> list[Service]:
    """Those of gateways that take plain HTTP."""
    return sorted({(one.namespace, one.service, one.port) for one in state.workloads if one.gateway == INGRESS and one.service and one.port})


def _path(service: Service) -> str:
    return f"through Service {service[0]}/{service[1]}"


def _read(probe: Probe, answer: Answer | MeshError) -> Measured | str:
    """What was measured, or why there is nothing."""
    if isinstance(answer, MeshError):
        return str(answer).rstrip(".")
    try:
        return probe.measured(answer.body.decode(errors="replace")) if answer.status == 200 else f"the measure was answered with HTTP {answer.status}"
    except ValueError as wrong:
        return str(wrong)


def _usual(seen: Measured | str) -> str:
    """The status of all answers; empty if they differ, or if none came from the gateway."""
    if isinstance(seen, str) or len(seen.answers) != 1:
        return ""
    (status,) = seen.answers
    return "" if status in _NOBODY else status


def _why(seen: Measured | str) -> str:
    if isinstance(seen, str):
        return seen
    return f"it answers with {counted(seen.answers)}" if set(seen.answers) - SILENT else "it does not answer"


def _reading(service: Service, seen: Measured | str, requests: int, answer: str) -> ProbeReading:
    if isinstance(seen, str):
        return ProbeReading(_path(service), requests, 0, 0.0, seen, answer)
    return ProbeReading(_path(service), seen.sent, seen.answers.get(answer, 0), seen.slowest, "", answer, seen.besides(answer))
