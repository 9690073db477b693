# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust domains in which the istiods of a revision expect workloads, read from the endpoints that they know.

Since 1.29 istiod reads the trust domain of another cluster from the ConfigMap of its own revision there. Where that is missing, it takes cluster.local, and an
endpoint keeps what was true when its pod was first seen: pilot/pkg/serviceregistry/kube/controller/multicluster.go and endpoint_builder.go, istio#59474.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...._mesh.cutover.expectation import Expectation
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from .. import endpoint_shards
from ..rotation.connected import running
from .injection import REV

_PORT, _SCHEME = 15014, "spiffe://"


def expectation(namespace: str, revision: str) -> Look[Expectation]:
    """Ask each istiod of a revision. One that does not answer tells nothing."""
    istiods = f"app=istiod,{REV}={revision}"
    return Look([Read("v1", "Pod", namespace, istiods), Read("apps/v1", "Deployment", namespace, istiods)], _expectation, _questions)


def _questions(live: Live) -> list[Question]:
    pods = [pod["metadata"] for pod in live.get("Pod", ()) if running(pod)]
    return [Question("endpoints", meta["namespace"], meta["name"], _PORT, endpoint_shards.ENDPOINTS) for meta in pods]


def _expectation(live: Live, answers: Answers) -> Expectation:
    domains: dict[str, set[str]] = {}
    for text in answers.values():
        try:
            for cluster, domain in _seen(json.loads(text or "")):
                domains.setdefault(cluster, set()).add(domain)
        except (ValueError, AttributeError, TypeError):
            continue
    planes = tuple(Ref.of(one) for one in live.get("Deployment", ()))
    return Expectation({cluster: frozenset(names) for cluster, names in domains.items()}, planes)


def _seen(shards: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the cluster and the trust domain of each endpoint that has an identity."""
    for cluster, _service, there in endpoint_shards.endpoints(shards):
        for identity in (str(one.get("ServiceAccount") or "") for one in there):
            if identity.startswith(_SCHEME):
                yield cluster, identity.removeprefix(_SCHEME).partition("/")[0]
