# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of a mesh: objects and the answers of the control planes themselves."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import NotReady
from ..._mesh.health.health import Expected, Health, findings, lasting
from ..._mesh.health.stuck import Patience
from ..._mesh.install import notices
from ..._mesh.objects.change import Ref
from ..._pki.x509 import bundle
from ..._providers import PROVIDERS
from ..install import places
from ..look import answered, listed

_EXPECTED: dict[str, Any] = dict(
    revision=dict(default=""),
    network=dict(default=""),
    role=dict(choices=["primary", "remote"], default="primary"),
    gateway=dict(type="bool", default=True),
    remotes=dict(type="dict", default={}),
    tags=dict(type="list", elements="str"),
)
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        provider=dict(choices=sorted(PROVIDERS), default="istio"),
        namespace=dict(default="istio-system"),
        expected=dict(type="dict", options=_EXPECTED),
        config=dict(type="bool", default=False),
        leftovers_of=dict(),
        notices=dict(type="bool", default=False),
        led=dict(type="list", elements="str", default=[]),
        wait=dict(type="bool", default=False),
        wait_timeout=dict(type="int", default=120),
    ),
)


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = PROVIDERS[params["provider"]]
    expected = Expected(**params["expected"]) if params["expected"] else None
    start, patience = time.monotonic(), Patience()
    while True:
        health = _health(cluster, mesh, params["namespace"])
        told = findings(health, expected) if expected else []
        if not told or not params["wait"] or cluster.dry_run:
            break
        now = time.monotonic()
        if expected and patience.over(lasting(health, expected), now):
            raise NotReady(f"After {now - start:.0f} s, and not waited for any longer, since somebody has to mend it: {' '.join(told)}", findings=told)
        if now > start + params["wait_timeout"]:
            raise NotReady(f"After {params['wait_timeout']} s: {' '.join(told)}", findings=told)
        time.sleep(0.5)
    result = {"changed": False, **health.as_dict(), "findings": told, "trust": _trust(cluster, mesh, params["namespace"])}
    if params["config"]:
        result["config"] = _config(cluster, mesh, params["namespace"])
    if params.get("notices"):
        result["notices"] = _notices(cluster, mesh, params, health)
    if params["leftovers_of"]:
        result["leftovers"] = _leftovers(cluster, mesh, params["namespace"], params["leftovers_of"])
    return result


def _health(cluster: Cluster, mesh: Provider, namespace: str) -> Health:
    observation = mesh.observation
    live = listed(cluster, observation.reads(namespace))
    return observation.health(cluster.name, live, answered(cluster, observation.questions(live)))


def _notices(cluster: Cluster, mesh: Provider, params: dict[str, Any], health: Health) -> list[str]:
    """What will not last. The one place of this module that asks what day it is."""
    known = notices.Known(mesh.supply.gone(), mesh.requirements.known(), datetime.now(UTC).date(), params["led"])
    found = places.named(cluster, mesh, params["namespace"])
    told = re.match(r"v?(\d+)\.(\d+)", cluster.identity().version)
    facts = health.as_dict()
    whose = [f"{cluster.name}: {text}." for text in health.kept]
    return whose + notices.running(cluster.name, facts["planes"], facts["proxies"], found, (int(told[1]), int(told[2])) if told else None, known)


def _config(cluster: Cluster, mesh: Provider, namespace: str) -> dict[str, int]:
    """Objects of the mesh's own kinds that are not ours, counted."""
    observation = mesh.observation
    live = listed(cluster, observation.config(namespace))
    counts = {kind: sum(1 for one in found if not observation.ours(one)) for kind, found in live.items()}
    return {kind: count for kind, count in counts.items() if count}


def _leftovers(cluster: Cluster, mesh: Provider, namespace: str, revision: str) -> list[dict[str, Any]]:
    """As manifests that name their objects and hold nothing else."""
    observation = mesh.observation
    found: list[Ref] = observation.leftovers(namespace, revision, listed(cluster, observation.handed_out()))
    return [{"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name, "namespace": ref.namespace}} for ref in found]


def _trust(cluster: Cluster, mesh: Provider, namespace: str) -> dict[str, Any]:
    """Only the certificates are taken out of the Secret, never a key."""
    trust = mesh.trust
    secret = cluster.get(trust.held(namespace))
    if secret is None:
        return {}
    material = trust.read(secret)
    held = {"root": bundle(material.roots), "intermediate": bundle(material.certificate)}
    return {part: certificates[0].facts() for part, certificates in held.items() if certificates}
