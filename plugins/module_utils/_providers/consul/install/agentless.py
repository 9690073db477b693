# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The move of a datacenter to servers without agents: the gateway registers with the servers first, then the agents leave.

A sidecar from manifests registers with the agent of its node, so the agents stay as long as one needs them.
"""

from __future__ import annotations

from functools import partial

from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ..names import AGENT, AGENT_TLS, PROXY, labelled

_NAMED = 3  # pods in a sentence
_KINDS = ("DaemonSet", "ConfigMap", "ServiceAccount")


def due(wish: ControlPlane) -> Look[Due]:
    """Find agents that nobody needs any more. They leave their pool when they end."""
    space = wish.namespace
    agents: list[Read | Ref] = [Ref("apps/v1", "DaemonSet", AGENT, space), *(Ref("v1", kind, AGENT, space) for kind in _KINDS[1:])]
    needing = [Read("apps/v1", "Deployment", space, labelled("mesh-gateway")), Read("v1", "Pod", None, PROXY, metadata_only=True)]
    return Look([*agents, *needing], partial(_due, wish))


def _due(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    there = [Ref(("apps/v1" if kind == "DaemonSet" else "v1"), kind, AGENT, wish.namespace) for kind in _KINDS if live.get(kind)]
    staying = [pod["metadata"] for pod in live.get("Pod", ()) if not pod["metadata"].get("deletionTimestamp")]
    sidecars = sorted(f"{one.get('namespace')}/{one['name']}" for one in staying)
    if there and sidecars:
        return Due(refusal=_needed(wish, sidecars))
    through_agents = any(map(_uses_agents, live.get("Deployment", ())))
    return Due(removes=[] if through_agents else there)


def _uses_agents(gateway: Object) -> bool:
    """Return whether a gateway registers with the agent of its node: it has the certificate of the agents' CA from their Secret."""
    volumes = gateway["spec"]["template"]["spec"].get("volumes") or ()
    return any((one.get("secret") or {}).get("secretName") == AGENT_TLS for one in volumes)


def _needed(wish: ControlPlane, sidecars: list[str]) -> str:
    named = ", ".join(sidecars[:_NAMED]) + (f" and {len(sidecars) - _NAMED} more" if len(sidecars) > _NAMED else "")
    what = f"mesh_values.agents.enabled is false, but sidecars of pods register with the agents of {wish.namespace} ({named})"
    return f"{what}. Take their workloads out of mesh_workloads and run meshops.lifecycle.workloads first, or set agents.enabled to true."
