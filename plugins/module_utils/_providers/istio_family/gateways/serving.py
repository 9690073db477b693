# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find which gateways serve which Secret, and from which pods and ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...._mesh.gateways.certificates import Pod, Use
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from . import named

# Gateways, the pods that serve them, and the Services that map their ports.
READS = (
    Read("networking.istio.io/v1", "Gateway"),
    Read("gateway.networking.k8s.io/v1", "Gateway"),
    Read("v1", "Service"),
    Read("v1", "Pod", fields="status.phase=Running"),
)


def uses(live: Live, _answers: Answers) -> list[Use]:
    """Return all uses. Without a ready pod, a Gateway of Istio has none; one of the Gateway API still names its Secret."""
    ready = [pod for pod in live.get("Pod", ()) if _ready(pod)]
    return [use for gateway in live.get("Gateway", ()) for use in _uses(gateway, ready, live.get("Service", ()))]


def _uses(gateway: Object, ready: Sequence[Object], services: Sequence[Object]) -> Iterator[Use]:
    meta, serving = gateway["metadata"], [pod for pod in ready if named.serves(gateway, pod)]
    if not serving and "listeners" not in (gateway.get("spec") or {}):
        return
    for listener in named.secrets(gateway, serving):
        there = (pod for pod in serving if pod["metadata"]["namespace"] == listener.space)
        pods = (Pod(pod["metadata"]["namespace"], pod["metadata"]["name"], _port(pod, listener.port, services)) for pod in there)
        yield Use(f"Gateway {meta['namespace']}/{meta['name']}", listener.secret, listener.hosts, tuple(pods))


def _ready(pod: Object) -> bool:
    conditions = {one.get("type"): one.get("status") for one in (pod.get("status") or {}).get("conditions") or ()}
    return conditions.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp")


def _port(pod: Object, number: int, services: Iterable[Object]) -> int:
    """Return the port on which the proxy listens: the target port of the Service that has the gateway's port."""
    for service in services:
        spec = service.get("spec") or {}
        if service["metadata"]["namespace"] != pod["metadata"]["namespace"] or not named.selected(spec.get("selector") or {}, pod):
            continue
        for port in spec.get("ports") or ():
            if port.get("port") == number:
                return _number(port.get("targetPort") or number, pod)
    return number


def _number(target: int | str, pod: Object) -> int:
    if isinstance(target, int):
        return target
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports") or ())
    return next((int(port["containerPort"]) for port in ports if port.get("name") == target), 0)
