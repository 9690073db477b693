# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the platform under a cluster is, by its nodes, and what that means for the Service of a gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._mesh.objects.shapes import Object

AWS, AZURE, GCP, OTHER = "AWS", "Azure", "Google Cloud", ""
_BY_PROVIDER = {"aws": AWS, "azure": AZURE, "gce": GCP}
NLB = "service.beta.kubernetes.io/aws-load-balancer-type"
# Node addresses that others reach stand on the nodes only where a Service opens node ports.
_OF_NODES = "traffic.istio.io/nodeSelector"


def cloud(nodes: Sequence[Object]) -> str:
    """Return the cloud of the nodes; empty on bare metal, and where no node says it or they say different things."""
    schemes = {str((node.get("spec") or {}).get("providerID") or "").partition("://")[0] for node in nodes}
    return _BY_PROVIDER.get(next(iter(schemes)), OTHER) if len(schemes) == 1 else OTHER


def service_annotations(kind: str, of: str) -> dict[str, str]:
    """Return the annotations of a gateway's Service of this type.

    On AWS it is a network load balancer: a classic one ends connections that are idle for 60 s, and the mesh keeps long ones. It has a host name;
    those of Azure and Google have an IP. On bare metal, node ports lead to nodes, and istiod has to be told which.
    """
    if kind == "LoadBalancer" and of == AWS:
        return {NLB: "nlb"}
    if kind == "NodePort":
        return {_OF_NODES: '{"kubernetes.io/os": "linux"}'}
    return {}


def wrong_balancer(service: Object | None, of: str) -> str:
    """Return why the live Service cannot become what it has to be, as half a sentence: AWS does not turn one kind of load balancer into another."""
    if service is None or of != AWS or (service.get("spec") or {}).get("type") != "LoadBalancer":
        return ""
    meta = service["metadata"]
    if (meta.get("annotations") or {}).get(NLB) or not ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return ""
    told = f"Service {meta['namespace']}/{meta['name']} has a classic load balancer of AWS, which ends idle connections"
    return f"{told}; a network load balancer ({NLB}: nlb) needs another Service, so remove this one at a quiet time and run again"


def confined(openshift: bool) -> dict[str, Any]:
    """Return the security context of a gateway's container. On OpenShift the constraint restricted-v2 chooses the user, and refuses a fixed one."""
    context: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }
    return context if openshift else {**context, "runAsUser": 1337, "runAsGroup": 1337}


def of_openshift(version: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Return the minor version of OpenShift that its ClusterVersion says is there: the newest that was completed; None if nothing says it."""
    history = ((version or {}).get("status") or {}).get("history") or []
    done = [str(one.get("version") or "") for one in history if one.get("state") == "Completed"]
    parts = done[0].split(".") if done else []
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else None
