# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workload gets where the webhook of HashiCorp's chart makes sidecars: annotations that ask for one.

The chart's controller registers a pod under the name of the Service that selects it, and gives it the identity of its account, so both have the name of the
service. Tokens are the controller's. What was read in its documentation and source is here; no controller ran with it.
"""

from __future__ import annotations

from ...._mesh.errors import Refused
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.workloads.service_wish import ServiceSet, ServiceWish, Upstream
from .. import datacenter

_PREFIX = "consul.hashicorp.com/"
INJECT, OPAQUE, PORT, UPSTREAMS = (f"{_PREFIX}{name}" for name in ("connect-inject", "transparent-proxy", "connect-service-port", "connect-service-upstreams"))


def part(wish: ControlPlane, service: ServiceWish, workload: Object) -> Manifest:
    """Return the annotations of the pods. As with a sidecar from manifests, the workload listens on its loopback and calls ports of it."""
    _require_account(wish, service, workload)
    asked = {INJECT: "true", OPAQUE: "false", PORT: str(service.port)}
    if service.upstreams:
        asked[UPSTREAMS] = ",".join(_upstream(wish, one) for one in service.upstreams)
    meta = workload["metadata"]
    return {
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        "spec": {"template": {"metadata": {"annotations": asked}}},
    }


def _require_account(wish: ControlPlane, service: ServiceWish, workload: Object) -> None:
    account = str(workload["spec"]["template"]["spec"].get("serviceAccountName") or "default")
    if account != service.service:
        place = f"{wish.cluster}: {Ref.of(workload)}"
        why = f"but HashiCorp's chart takes the identity of a pod from its account, and the service is {service.service}"
        raise Refused(f"{place} runs as the ServiceAccount {account}, {why}. Give the workload a ServiceAccount of this name.")


def _upstream(wish: ControlPlane, upstream: Upstream) -> str:
    """Return an upstream. In another cluster it is a service of a member of the federation, or of a peer."""
    if upstream.cluster in ("", wish.cluster):
        return f"{upstream.service}:{upstream.port}"
    place = "dc" if datacenter.federated(wish) else "peer"
    return f"{upstream.service}.svc.{upstream.cluster}.{place}:{upstream.port}"


def service_refs(services: ServiceSet) -> list[Ref]:
    return [Ref("v1", "Service", one.service, one.namespace) for one in services.services]


def lacks(services: ServiceSet, live: Live) -> str:
    """Return which Service is missing, as half a sentence; empty if none is."""
    there = {(one["metadata"].get("namespace"), one["metadata"]["name"]) for one in live.get("Service", ())}
    missing = sorted(f"{one.namespace}/{one.service}" for one in services.services if (one.namespace, one.service) not in there)
    why = "HashiCorp's controller registers a pod only under the name of a Service that selects it"
    return f"the Service {' and '.join(missing)} is missing: {why}" if missing else ""
