# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the mesh gateway of a primary moves: secondaries that know only its present addresses would lose their primary."""

from __future__ import annotations

from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Read
from .. import api
from ..gateways.addresses import addresses, node_port
from ..names import GATEWAY, PASSAGE, labelled

_ON_NODES, _PORT_OF_NODES = "HostPort", "NodePort"


def reads(namespace: str) -> list[Read | Ref]:
    gateways = labelled("mesh-gateway")
    return [Ref("v1", "Service", GATEWAY, namespace), Read("apps/v1", "Deployment", namespace, gateways), Read("v1", "Pod", namespace, gateways)]


def refusal(live: Live, wished: str, port: int) -> str:
    """Return why the gateway may not move to a Service of the wished type, and to this port of the nodes if it is not 0; empty if it stays, or is not there."""
    service, present = _service(live), _type(live)
    there = (node_port(service) or 0) if service else 0
    if present and present != wished:
        moves = f"The Service of its mesh gateway is a {present} and is to become a {wished}"
    elif present == _PORT_OF_NODES and port and there and port != there:
        moves = f"The port of the nodes that leads to its mesh gateway is {there} and is to become {port}"
    else:
        return ""
    pods = [pod for pod in live.get("Pod", ()) if (pod["metadata"].get("labels") or {}).get("component") == "mesh-gateway" and api.ready(pod)]
    known = ", ".join(addresses(service, pods)) or "none yet"
    first = "Secondaries need the new one before: add it to their mesh_values.connect.primary_addresses, and run site for them"
    return f"{moves}, so that its addresses ({known}) go. {first}. Then set mesh_values.gateway.secondaries_know to true here."


def _service(live: Live) -> Object | None:
    return next((one for one in live.get("Service", ()) if one["metadata"]["name"] == GATEWAY), None)


def _type(live: Live) -> str:
    """Return how the gateway is reached now; empty if it is not there. HashiCorp's chart makes a Service beside a port of the node, too."""
    if any(map(_takes_port, live.get("Deployment", ()))):
        return _ON_NODES
    service = _service(live)
    return str((service.get("spec") or {}).get("type") or "ClusterIP") if service else ""


def _takes_port(deployment: Object) -> bool:
    containers = ((deployment.get("spec") or {}).get("template") or {}).get("spec", {}).get("containers") or []
    return any(port.get("hostPort") == PASSAGE for one in containers for port in one.get("ports") or [])
