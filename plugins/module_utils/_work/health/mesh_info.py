# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of a mesh: objects and the answers of the control planes themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import NotReady
from ..._mesh.health.health import Expected, HealthFacts, findings, lasting
from ..._mesh.health.stuck import Patience
from ..._mesh.install import notices
from ..._pki.x509 import bundle
from ..chosen_mesh import MESH_OPTIONS, complete, mesh_of
from ..follow import Pace, follow
from ..install import places
from ..look import look, present

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
        **MESH_OPTIONS,
        expected=dict(type="dict", options=_EXPECTED),
        config=dict(type="bool", default=False),
        leftovers_of=dict(),
        notices=dict(type="bool", default=False),
        led=dict(type="list", elements="str", default=[]),
        wait=dict(type="bool", default=False),
        wait_timeout=dict(type="int", default=120),
    ),
    prepare=complete,
)


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = mesh_of(params)
    expected = Expected(**params["expected"]) if params["expected"] else None
    health, told = _awaited(cluster, mesh, params, expected) if params["wait"] and not cluster.dry_run else _judged(cluster, mesh, params, expected)
    result = {"changed": False, **health.as_dict(), "findings": told, "trust": _trust(cluster, mesh, params["namespace"])}
    if params["config"]:
        result["config"] = _config(cluster, mesh, params["namespace"])
    if params.get("notices"):
        result["notices"] = _notices(cluster, mesh, params, health)
    if params["leftovers_of"] is not None:
        result["leftovers"] = _leftovers(cluster, mesh, params["namespace"], params["leftovers_of"])
    return result


def _judged(cluster: Cluster, mesh: Provider, params: dict[str, Any], expected: Expected | None) -> tuple[HealthFacts, list[str]]:
    health = _health(cluster, mesh, params["namespace"])
    return health, findings(health, expected) if expected else []


def _awaited(cluster: Cluster, mesh: Provider, params: dict[str, Any], expected: Expected | None) -> tuple[HealthFacts, list[str]]:
    """Until nothing is found any more. What somebody has to mend is not waited for to the end."""
    patience, timeout = Patience(), params["wait_timeout"]

    def hopeless(seen: tuple[HealthFacts, list[str]], seconds: float) -> NotReady | None:
        if not expected or not patience.over(lasting(seen[0], expected), seconds):
            return None
        told = f"After {seconds:.0f} s, and not waited for any longer, since somebody has to mend it: {' '.join(seen[1])}"
        return NotReady(told, findings=seen[1])

    return follow(
        lambda: _judged(cluster, mesh, params, expected),
        done=lambda seen: not seen[1],
        late=lambda seen, _seconds: NotReady(f"After {timeout} s: {' '.join(seen[1])}", findings=seen[1]),
        timeout=timeout,
        hopeless=hopeless,
        pace=Pace(0.5, 0.5),
    )


def _health(cluster: Cluster, mesh: Provider, namespace: str) -> HealthFacts:
    return look(cluster, mesh.health.facts(cluster.name, namespace))


def _notices(cluster: Cluster, mesh: Provider, params: dict[str, Any], health: HealthFacts) -> list[str]:
    """What will not last. The one place of this module that asks what day it is."""
    asked = mesh.install.requirements()
    known = notices.SupportData(asked.gone, asked.versions, datetime.now(UTC).date(), params["led"])
    found = places.named(cluster, mesh, params["namespace"])
    told = re.match(r"v?(\d+)\.(\d+)", cluster.identity().version)
    facts = health.as_dict()
    whose = [f"{cluster.name}: {text}." for text in health.kept]
    return whose + notices.running(cluster.name, facts["planes"], facts["proxies"], found, (int(told[1]), int(told[2])) if told else None, known)


def _config(cluster: Cluster, mesh: Provider, namespace: str) -> dict[str, int]:
    """Objects of the mesh's own kinds that are not ours, counted."""
    return look(cluster, mesh.health.config(namespace))


def _leftovers(cluster: Cluster, mesh: Provider, namespace: str, revision: str) -> list[dict[str, Any]]:
    """As manifests that name their objects and hold nothing else."""
    found = look(cluster, mesh.install.leftovers(namespace, revision))
    return [{"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name, "namespace": ref.namespace}} for ref in found]


def _trust(cluster: Cluster, mesh: Provider, namespace: str) -> dict[str, Any]:
    """Only the certificates are taken out of what holds the CA, never a key."""
    trust = mesh.trust
    refs = trust.objects(namespace)
    live = present(cluster, refs)
    if refs[0] not in live:
        return {}
    material = trust.read(live)
    held = {"root": bundle(material.roots), "intermediate": bundle(material.certificate)}
    return {part: certificates[0].facts() for part, certificates in held.items() if certificates}
