# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why pods do not become ready, and whether waiting alone may still help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..objects.shapes import Object

# What somebody has to mend: an image, a Secret that is not there, a program that ends. The kubelet tries again, and may be lucky once.
_LASTING = frozenset({
    "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull", "ImageInspectError", "ImagePullBackOff",
    "InvalidImageName", "RunContainerError",
})  # fmt: skip
# Seconds in which it has to stay so before a wait is given up: a registry that was busy, a webhook whose control plane just starts.
GRACE = 30.0


@dataclass(frozen=True)
class Stuck:
    """`lasting` where it does not mend itself as a rule; a pod for which a node is still to come (Unschedulable) may wait."""

    text: str
    lasting: bool = False


def why(workload: Object, pods: Iterable[Object]) -> Stuck | None:
    """What keeps the pods of a workload from being there or ready; what is lasting comes first."""
    found = [stuck for stuck in (_refused(workload), *map(_pod, _newest(pods))) if stuck]
    return next((stuck for stuck in found if stuck.lasting), found[0] if found else None)


def _newest(pods: Iterable[Object]) -> list[Object]:
    """Those of the template that was rolled out last. What keeps the ones before may be just what it mends."""
    there = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    last = max(there, key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""), default=None)
    return [pod for pod in there if last and _template(pod) == _template(last)]


def _template(pod: Object) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("pod-template-hash") or labels.get("controller-revision-hash") or "")


def _refused(workload: Object) -> Stuck | None:
    """Pods that the API server does not let be made: a quota, an admission webhook, a missing account."""
    for condition in (workload.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return Stuck(_words(condition.get("reason"), condition.get("message")), lasting=True)
    return None


def _pod(pod: Object) -> Stuck | None:
    status = pod.get("status") or {}
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return Stuck(_words(waiting["reason"], _ended(container) or waiting.get("message")), waiting["reason"] in _LASTING)
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return Stuck(_words(condition.get("reason"), condition.get("message")))
    return None


def _ended(container: Object) -> str:
    """How a container ended that the kubelet starts again and again."""
    ended = (container.get("lastState") or {}).get("terminated") or {}
    return f"container {container.get('name')} ended with {ended.get('reason')} ({ended.get('exitCode')})" if ended else ""


def _words(*parts: Any) -> str:
    return " ".join(" ".join(str(part).split()) for part in parts if part)[:400]


class Patience:
    """Remembers since when something lasting keeps a wait from its end."""

    def __init__(self) -> None:
        self._since: float | None = None

    def over(self, lasting: bool, now: float) -> bool:
        """Whether to give up, told at each look what is seen and when. What goes away in between begins anew."""
        if not lasting:
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= GRACE
