# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints that a sidecar has got from its istiod, read from Envoy's dump of its configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...._mesh.cutover.destinations import Destinations
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from ..install.passage import AUTO_PASSTHROUGH_PORT
from ..proxy import admin_port, instance
from ..rotation.connected import running

_DUMP = "/config_dump?include_eds&resource=dynamic_endpoint_configs"
_RELAYS = frozenset({str(AUTO_PASSTHROUGH_PORT)})
_OUTBOUND = "outbound"


def destinations(space: str) -> Look[Destinations]:
    """Ask the first sidecar of a namespace. Its pod also has a container that is no proxy; that of a gateway has none."""
    return Look([Read("v1", "Pod", space)], _destinations, _questions)


def _questions(live: Live) -> list[Question]:
    sidecars = [pod for pod in live.get("Pod", ()) if running(pod) and instance(pod, "istio-proxy") and _serves_something(pod)]
    asked = [Question("destinations", pod["metadata"]["namespace"], pod["metadata"]["name"], admin_port(pod), _DUMP) for pod in sidecars]
    return sorted(asked, key=lambda question: question.pod)[:1]


def _serves_something(pod: Mapping[str, Any]) -> bool:
    return any(one["name"] != "istio-proxy" for one in pod["spec"]["containers"])


def _destinations(_live: Live, answers: Answers) -> Destinations:
    texts = [text for text in answers.values() if text is not None]
    try:
        return Destinations(dict(_known(json.loads(texts[0]))), _RELAYS) if texts else Destinations()
    except (ValueError, KeyError, TypeError, AttributeError):
        return Destinations()


def _known(dump: Any) -> Iterator[tuple[str, frozenset[str]]]:
    for one in dump["configs"]:
        config = one.get("endpoint_config") or {}
        direction, port, subset, host = (str(config.get("cluster_name") or "").split("|", 3) + [""] * 3)[:4]
        if direction == _OUTBOUND:
            yield f"{host}:{port}{f' subset {subset}' if subset else ''}", frozenset(_addresses(config))


def _addresses(config: Mapping[str, Any]) -> Iterator[str]:
    for group in config.get("endpoints") or []:
        for one in group.get("lb_endpoints") or []:
            address = one["endpoint"]["address"]
            socket, internal = address.get("socket_address"), address.get("envoy_internal_address")
            if socket:
                yield f"{socket['address']}:{socket['port_value']}"
            elif internal:
                yield str(internal.get("endpoint_id") or internal.get("server_listener_name") or "")
