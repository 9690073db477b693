# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads that ask each other across clusters. Their answers prove that requests cross, over mTLS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..objects.shapes import Manifest
from ..question import Question, Read
from ..workloads.service_wish import ServiceWish

NAMESPACE = "meshops-probe"
IMAGE = "docker.io/fortio/fortio:1.66.0"


@dataclass(frozen=True)
class ProbeWish:
    """The probe of one cluster. `targets` are all clusters of the mesh, this one included.

    A probe asks the servers of its own namespace, or those of the namespace `asks`. `callers` are other namespaces whose probes may ask its server.
    With `gateway` the probe has a gateway, too, which passes requests on to the servers of its own namespace and of `callers`. A probe that asks
    `through` a namespace sends its requests to this cluster's gateway there, and the servers see that gateway's identity.
    """

    cluster: str
    revision: str
    targets: Sequence[str] = ()
    namespace: str = NAMESPACE
    image: str = IMAGE
    trust_domain: str = "cluster.local"
    asks: str = ""
    callers: Sequence[str] = ()
    gateway: bool = False
    through: str = ""


SILENT = frozenset({"-1", "0"})


@dataclass(frozen=True)
class Load:
    """So many requests one after the other, 20 a second. `timeout` is how many seconds one may take; one that takes longer has no answer."""

    requests: int = 50
    timeout: float = 5.0


@dataclass(frozen=True)
class Measured:
    """Many requests, how many of them were answered, and the 99th percentile of the answers' time in seconds. `answers` counts them by their status."""

    sent: int
    answered: int
    slowest: float
    answers: Mapping[str, int] = field(default_factory=dict, compare=False)

    def besides(self, answer: str) -> str:
        """What else came than this status, and how often: "503 (2), no answer (1)"."""
        return counted({status: count for status, count in self.answers.items() if status != answer})


def measured(body: str) -> Measured:
    """Read the result of a load that a probe's echo server was asked for. Only an answer with the status 200 counts: any other one comes from a proxy."""
    result = json.loads(body)
    try:
        codes, durations = result["RetCodes"], result["DurationHistogram"]
        slowest = next((float(one["Value"]) for one in durations.get("Percentiles") or [] if one["Percentile"] == 99), 0.0)
        return Measured(int(durations["Count"]), int(codes.get("200", 0)), slowest, {str(code): int(count) for code, count in codes.items()})
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError("the answer is no measure") from wrong


def counted(answers: Mapping[str, int]) -> str:
    """Statuses and how often each came. -1 and 0 stand for requests that nothing answered."""
    silent = sum(count for status, count in answers.items() if status in SILENT)
    told = [f"{status} ({count})" for status, count in sorted(answers.items()) if count and status not in SILENT]
    return ", ".join([*told, *([f"no answer ({silent})"] if silent else [])])


@dataclass(frozen=True)
class Probe:
    """The workloads of one cluster that ask those of the others.

    `pods` finds the pods that ask. `question` makes the request that lets a pod ask a target. `fault` judges the status and the body of the answer:
    None if the target answered over mTLS as a workload of this mesh. `load` makes the request that lets a pod put a load on a target, and `measured`
    reads the answer to that; it raises ValueError if there is nothing to read. `knock` puts the same load on a Service (namespace, name, port),
    as somebody from outside of the mesh would, and for a host that nobody serves.
    `services` are for a mesh whose product injects no proxy into these workloads.
    """

    manifests: Sequence[Manifest]
    pods: Read
    question: Callable[[str, str], Question]
    fault: Callable[[str, int, str], str | None]
    load: Callable[[str, str, Load], Question]
    measured: Callable[[str], Measured]
    knock: Callable[[str, tuple[str, str, int], Load], Question] | None = None
    services: Sequence[ServiceWish] = ()
