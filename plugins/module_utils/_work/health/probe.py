# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verify that requests reach all clusters over mTLS, for module probe and its action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Answer, Cluster
from ..._mesh.errors import NotReady
from ..._mesh.few_names import few
from ..._mesh.health.probe import Probe, ProbeWish
from ..._providers import provider
from ..chosen_mesh import PROVIDER_OPTION
from ..clock import Clock, SystemClock
from ..follow import Pace, follow
from ..look import asked, listed

TASK: dict[str, Any] = dict(
    argument_spec=dict(
        **PROVIDER_OPTION,
        targets=dict(type="list", elements="str", required=True),
        clusters=dict(type="list", elements="str"),
        requests=dict(type="int", default=5),
        namespace=dict(default="meshops-probe"),
        trust_domain=dict(default="cluster.local"),
        wait_timeout=dict(type="int", default=60),
    ),
)


@dataclass(frozen=True)
class Request:
    """The clusters to ask, of all in the mesh, how many answers each has to give, and how long the task waits for them."""

    provider: str
    wish: ProbeWish
    asked: Sequence[str]
    requests: int
    timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any], cluster: str) -> Request:
        known = tuple(params.get("clusters") or params["targets"])
        wish = ProbeWish(cluster, "", known, params["namespace"], trust_domain=params["trust_domain"])
        return cls(params["provider"], wish, tuple(params["targets"]), params["requests"], params["wait_timeout"])


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    request = Request.of(params, cluster.name)
    wish, wanted, timeout = request.wish, request.requests, request.timeout
    probe = provider(request.provider).health.probe(wish)
    answers = dict.fromkeys(request.asked, 0)

    def look() -> dict[str, str]:
        """Ask without a pause as long as all targets answer."""
        faults: dict[str, str] = {}
        while not faults and any(count < wanted for count in answers.values()):
            faults = _ask(cluster, probe, wish, answers, wanted)
        return faults

    def late(faults: dict[str, str], _seconds: float) -> NotReady:
        shown = "; ".join(f"{target}: {fault}" for target, fault in sorted(faults.items()))
        return NotReady(f"{cluster.name}: these clusters did not answer over mTLS within {timeout} s: {shown}.", answers=answers)

    if not cluster.dry_run:
        follow(look, done=lambda faults: not faults, late=late, timeout=timeout, waits=_waits, pace=Pace(0.5, 0.5), clock=clock or SystemClock())
    return {"changed": False, "answers": answers}


def _waits(faults: Mapping[str, str]) -> str:
    return f"no answer over mTLS yet from {few(sorted(faults), 5)}"


def _ask(cluster: Cluster, probe: Probe, wish: ProbeWish, answers: dict[str, int], wanted: int) -> dict[str, str]:
    """Send one request to each target that has not answered often enough. A fault resets the target's count."""
    pod = asking_pod(cluster, probe)
    if pod is None:
        return dict.fromkeys(answers, f"the probe pod of {wish.cluster} is not running")
    open_targets = [target for target in answers if answers[target] < wanted]
    posed = (probe.question(pod, target) for target in open_targets)
    questions = [asked(one) for one in posed]
    faults = {}
    for target, answer in zip(open_targets, cluster.ask_all(questions), strict=True):
        fault = probe.fault(target, answer.status, answer.body.decode(errors="replace")) if isinstance(answer, Answer) else str(answer)
        answers[target] = 0 if fault else answers[target] + 1
        if fault:
            faults[target] = fault
    return faults


def asking_pod(cluster: Cluster, probe: Probe) -> str | None:
    """Return the name of a pod of this cluster's probe; None if none runs."""
    pods = listed(cluster, [probe.pods])[probe.pods.kind]
    alive = [pod for pod in pods if pod.get("status", {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")]
    return alive[0]["metadata"]["name"] if alive else None
