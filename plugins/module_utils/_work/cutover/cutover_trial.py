# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prove that pods get their proxies from whom they should, for module cutover_trial and its action: the API server makes pods and stores none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._kube.waiting import waiting
from ..._mesh.connection import Connection
from ..._mesh.contract.cutover import Cutover
from ..._mesh.cutover.trial import Trial
from ..._mesh.few_names import few
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..follow import Pace
from ..look import look
from .fresh import PRIMARY_CONNECTION, FreshLook, primary_connection

TASK: dict[str, Any] = {
    "argument_spec": {
        **MESH_OPTIONS,
        **PRIMARY_CONNECTION,
        "revision": {},
        "space": {},
        "requests": {"type": "int", "default": 5},
        "timeout": {"type": "int", "default": 60},
    },
    "required_together": [("revision", "space")],
    "prepare": complete,
}
# An API server keeps its connections to a webhook, and opens another one only while all are in use: asking more at once reaches more replicas.
_AT_ONCE, _MOST_AT_ONCE = 8, 64
_REACHES = 20.0  # so long a replica is looked for that the API server does not ask


@dataclass(frozen=True)
class TrialRequest:
    """`requests` pods of each kind are tried for each replica. `revision` is the one that the namespace `space` names; empty tries what is there."""

    provider: str
    namespace: str
    revision: str
    space: str
    requests: int
    timeout: float
    primary: Connection | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> TrialRequest:
        revision, space = params["revision"] or "", params["space"] or ""
        primary = primary_connection(params["primary_kube"])
        return cls(params["provider"], params["namespace"], revision, space, params["requests"], params["timeout"], primary)


@dataclass
class Proof:
    """What came back so far. A round without a fault counts; a fault starts the proof anew.

    `replicas` are the control planes that injected since the proof began; `before` is what each had injected then.
    """

    answered: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    replicas: dict[str, int | None] = field(default_factory=dict)
    before: dict[str, int | None] = field(default_factory=dict)

    def unreached(self) -> list[str]:
        return sorted(name for name, count in self.replicas.items() if count is not None and count <= (self.before.get(name) or 0))


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None, connect: Connector | None = None) -> dict[str, Any]:
    """Only asks: the API server stores no pod, whether this is a check or not."""
    request, ticking = TrialRequest.of(params), clock or SystemClock()
    cutover = provider(request.provider).cutover
    looking = FreshLook(cluster, cutover, request.namespace, request.primary, connect)
    trials = cutover.trials(looking.scene(), request.revision, request.space)
    proof = _proved(cluster, looking.control, cutover, trials, request, ticking) if trials else Proof()
    names = [f"{name} did not say how many proxies it injected" for name, count in proof.replicas.items() if count is None]
    names += [f"no trial pod reached {name}" for name in proof.unreached() if not proof.faults]
    return {
        "changed": False,
        "faults": [f"{cluster.name}: {said}." for said in proof.faults],
        "notices": [f"{cluster.name}: {said}." for said in dict.fromkeys([*proof.notices, *names])],
        "replicas": sorted(proof.replicas),
        "trials": [
            {"namespace": trial.namespace, "expected": trial.expected.revision, "stands_for": trial.stands_for, "answered": proof.answered.get(number, 0)}
            for number, trial in enumerate(trials)
        ],
    }


def _proved(cluster: Cluster, control: Cluster, cutover: Cutover, trials: Sequence[Trial], request: TrialRequest, clock: Clock) -> Proof:
    """Ask until each kind of pod has come back often enough and each replica has injected, or the time is over."""
    at_once, proof = _AT_ONCE, Proof()
    begun = well = clock.monotonic()
    with waiting() as say:
        for pause in Pace(0.5, 3.0).pauses():
            if proof.faults or not proof.before:
                before = _injected(control, cutover, trials, request.namespace)
                proof = Proof(replicas=before, before=before)
            _round(cluster, cutover, trials, proof, request.requests * max(1, len(proof.before)), at_once)
            proof.replicas = {**proof.replicas, **_injected(control, cutover, trials, request.namespace)}
            well = clock.monotonic() if proof.faults else well
            over = clock.monotonic() - begun >= request.timeout or clock.monotonic() - well >= _REACHES
            if over or not (proof.faults or proof.unreached()):
                break
            say(few(proof.faults, 3, "; ") or f"no trial pod has reached {few(proof.unreached(), 3)} yet")
            at_once = min(_MOST_AT_ONCE, at_once * 2)
            clock.sleep(pause)
    return proof


def _injected(cluster: Cluster, cutover: Cutover, trials: Sequence[Trial], namespace: str) -> dict[str, int | None]:
    revisions = sorted({trial.expected.revision for trial in trials} - {""})
    return {name: count for revision in revisions for name, count in look(cluster, cutover.injections(namespace, revision)).items()}


def _round(cluster: Cluster, cutover: Cutover, trials: Sequence[Trial], proof: Proof, times: int, at_once: int) -> None:
    """Ask for each kind of pod so many times, all kinds in turn."""
    asked = [number for _time in range(times) for number in range(len(trials))]
    came = cluster.rehearse_all([trials[number].pod for number in asked], at_once)
    faults = []
    for number, answer in zip(asked, came, strict=True):
        fault = cutover.judged(trials[number], answer.live, answer.refusal)
        if fault:
            faults.append(fault)
        elif answer.live is None:
            proof.notices.append(f"a trial pod in namespace {trials[number].namespace} proves nothing, because others refuse it: {answer.refusal.rstrip('.')}")
        else:
            proof.answered[number] = proof.answered.get(number, 0) + 1
    proof.faults = list(dict.fromkeys(faults))
