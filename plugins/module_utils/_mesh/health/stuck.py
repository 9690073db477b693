# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find why pods do not become ready, and whether waiting may still help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..objects.shapes import Object

# States that somebody has to repair: a wrong image, a missing Secret, a program that ends. The kubelet retries, which rarely helps.
_LASTING = frozenset({
    "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull", "ImageInspectError", "ImagePullBackOff",
    "InvalidImageName", "RunContainerError",
})  # fmt: skip
# Seconds for which such a state must last before a wait ends early: a registry may be busy, or the control plane behind a webhook may just start.
GRACE = 30.0


@dataclass(frozen=True)
class Stuck:
    """Why a pod is not ready. `lasting` says that waiting rarely helps; it is false for a pod that waits for a node (Unschedulable)."""

    text: str
    lasting: bool = False


def why(workload: Object, pods: Iterable[Object]) -> Stuck | None:
    """Return why the pods of a workload do not exist or are not ready; a lasting reason comes first."""
    reasons = [stuck for stuck in (_refused(workload), *map(_pod, _newest(pods))) if stuck]
    return next((stuck for stuck in reasons if stuck.lasting), reasons[0] if reasons else None)


def _newest(pods: Iterable[Object]) -> list[Object]:
    """Return the pods of the newest template. The newest template may repair what keeps the older pods from being ready."""
    there = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    last = max(there, key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""), default=None)
    return [pod for pod in there if last and _template(pod) == _template(last)]


def _template(pod: Object) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("pod-template-hash") or labels.get("controller-revision-hash") or "")


def _refused(workload: Object) -> Stuck | None:
    """Return why the API server refuses to create pods: a quota, an admission webhook, a missing service account."""
    for condition in (workload.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return Stuck(_words(condition.get("reason"), condition.get("message")), lasting=True)
    return None


def _pod(pod: Object) -> Stuck | None:
    status = pod.get("status") or {}
    for container in containers(pod):
        waiting = waits_for(container)
        if waiting:
            return Stuck(_words(waiting["reason"], ended(container) or waiting.get("message")), waiting["reason"] in _LASTING)
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return Stuck(_words(condition.get("reason"), condition.get("message")))
    return None


def containers(pod: Object) -> list[Object]:
    """Return what the kubelet reports of each container of a pod, init containers first."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def waits_for(container: Object) -> Object:
    """Return reason and message of a container that waits for something; empty if it runs, or waits for another container."""
    waiting: Object = (container.get("state") or {}).get("waiting") or {}
    return waiting if waiting.get("reason") and waiting["reason"] != "PodInitializing" else {}


def ended(container: Object) -> str:
    """Return how a container ended that the kubelet keeps restarting."""
    last = (container.get("lastState") or {}).get("terminated") or {}
    return f"container {container.get('name')} ended with {last.get('reason')} ({last.get('exitCode')})" if last else ""


def _words(*parts: Any) -> str:
    return " ".join(" ".join(str(part).split()) for part in parts if part)[:400]


def late_after(seconds: float) -> str:
    """Return what every wait says when its time is over."""
    return f"not ready after {seconds:g} s"


def stuck_after(seconds: float) -> str:
    """Return what every wait says when it ends early."""
    return f"not ready after {seconds:.0f} s, and waiting longer will not help; somebody has to repair it"


class Patience:
    """Remembers since when a lasting fault has blocked a wait."""

    def __init__(self) -> None:
        self._since: float | None = None

    def over(self, lasting: bool, now: float) -> bool:
        """Return whether to give up. Call this after each look; the time starts again if the fault goes away in between."""
        if not lasting:
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= GRACE
