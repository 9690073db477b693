# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask one colour of a plane by a host that leads to it alone, before it gets a share of the traffic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._kube.cluster import Answer, Cluster, PodRequest
from ..._mesh.cutover.planes import OwnHost, Side
from ..._mesh.errors import MeshError
from ..._mesh.few_names import few

_SHOWN = 3


def failures(cluster: Cluster, side: Side, timeout: float) -> list[str]:
    """Why the tests of a colour fail, as half sentences. A test that nobody can be asked for has failed."""
    return [why for test in side.tests if (why := _failure(cluster, test, timeout))]


def _failure(cluster: Cluster, test: OwnHost, timeout: float) -> str:
    pods = [pod for pod in cluster.list("v1", "Pod", test.pods.namespace, labels=test.pods.selector) if _ready(pod)]
    if not pods:
        return f"the test {test.says} has nobody to ask: no pod of namespace {test.pods.namespace} with {test.pods.selector} is ready"
    answers = cluster.ask_all([_request(test, pod, timeout) for pod in pods for _time in range(test.times)])
    wrong = [_said(answer) for answer in answers if not (isinstance(answer, Answer) and answer.status == test.status)]
    return f"the test {test.says} got {len(wrong)} of {len(answers)} other answers than {test.status}: {_list(wrong)}" if wrong else ""


def _ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return not pod["metadata"].get("deletionTimestamp") and any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _request(test: OwnHost, pod: dict[str, Any], timeout: float) -> PodRequest:
    headers = (("Host", test.host),) if test.host else ()
    return PodRequest(test.pods.namespace, pod["metadata"]["name"], test.port, test.path, "GET", None, timeout, headers)


def _said(answer: Answer | MeshError) -> str:
    return str(answer.status) if isinstance(answer, Answer) else str(answer)


def _list(said: Sequence[str]) -> str:
    kinds = list(dict.fromkeys(said))
    return few(kinds, _SHOWN, "; ")
