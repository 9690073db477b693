# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints and the identities behind them that a sidecar has got from its istiod, read from Envoy's dump of its configuration."""

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

_DUMPS = {"endpoints": "/config_dump?include_eds&resource=dynamic_endpoint_configs", "clusters": "/config_dump?resource=dynamic_active_clusters"}
_RELAYS = frozenset({str(AUTO_PASSTHROUGH_PORT)})
_OUTBOUND = "outbound"


def destinations(space: str) -> Look[Destinations]:
    """Ask the first sidecar of a namespace. Its pod also has a container that is no proxy; that of a gateway has none."""
    return Look([Read("v1", "Pod", space)], _destinations, _questions)


def _questions(live: Live) -> list[Question]:
    sidecars = [pod for pod in live.get("Pod", ()) if running(pod) and instance(pod, "istio-proxy") and _serves_something(pod)]
    first = sorted(sidecars, key=lambda pod: str(pod["metadata"]["name"]))[:1]
    return [Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], admin_port(pod), path) for pod in first for about, path in _DUMPS.items()]


def _serves_something(pod: Mapping[str, Any]) -> bool:
    return any(one["name"] != "istio-proxy" for one in pod["spec"]["containers"])


def _destinations(_live: Live, answers: Answers) -> Destinations:
    """Who does not say one of both has said nothing."""
    texts = {question.about: text for question, text in answers.items() if text is not None}
    try:
        read = {about: json.loads(texts[about])["configs"] for about in _DUMPS}
        return Destinations(dict(_known(read["endpoints"])), _RELAYS, dict(_accepted(read["clusters"])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Destinations()


def _known(configs: Any) -> Iterator[tuple[str, frozenset[str]]]:
    for one in configs:
        config = one.get("endpoint_config") or {}
        if service := _service(config.get("cluster_name")):
            yield service, frozenset(_addresses(config))


def _service(cluster: object) -> str:
    """What an outbound cluster of Envoy is called to people; empty for any other."""
    direction, port, subset, host = (str(cluster or "").split("|", 3) + [""] * 3)[:4]
    return f"{host}:{port}{f' subset {subset}' if subset else ''}" if direction == _OUTBOUND else ""


def _accepted(configs: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """The identities that a sidecar accepts of each service over mTLS."""
    for one in configs:
        cluster = one.get("cluster") or {}
        sockets = [*(match.get("transport_socket") or {} for match in cluster.get("transport_socket_matches") or ()), cluster.get("transport_socket") or {}]
        found = frozenset(name for socket in sockets for name in _names(socket.get("typed_config") or {}))
        if found and (service := _service(cluster.get("name"))):
            yield service, found


def _names(tls: Mapping[str, Any]) -> Iterator[str]:
    context = ((tls.get("common_tls_context") or {}).get("combined_validation_context") or {}).get("default_validation_context") or {}
    for one in context.get("match_typed_subject_alt_names") or context.get("match_subject_alt_names") or ():
        matcher = one.get("matcher") or one
        if "exact" in matcher:
            yield str(matcher["exact"])


def _addresses(config: Mapping[str, Any]) -> Iterator[str]:
    for group in config.get("endpoints") or []:
        for one in group.get("lb_endpoints") or []:
            address = one["endpoint"]["address"]
            socket, internal = address.get("socket_address"), address.get("envoy_internal_address")
            if socket:
                yield f"{socket['address']}:{socket['port_value']}"
            elif internal:
                yield str(internal.get("endpoint_id") or internal.get("server_listener_name") or "")
