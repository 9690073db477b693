# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

from meshdrill import app, authority

CLUSTERS = ("east", "west")
CA = authority.make("outside")


def applied(cluster: str, proxy: Any = None) -> dict[str, dict[str, Any]]:
    items = json.loads(app.manifests(CLUSTERS, cluster, 50, "image:1", proxy or app.PROXY, CA))["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


def test_a_cluster_s_server_runs_in_it_only_and_the_client_in_the_first() -> None:
    east, west = applied("east"), applied("west")
    assert "Deployment/server-east" in east and "Deployment/server-west" not in east
    assert (east["Deployment/client"]["spec"]["replicas"], west["Deployment/client"]["spec"]["replicas"]) == (1, 0)


def test_every_name_resolves_in_every_cluster() -> None:
    services = {name for name in applied("east") if name.startswith("Service/")}
    assert services == {"Service/drill-gateway", *(f"Service/{kind}-{cluster}" for kind in ("pooled", "handshake") for cluster in CLUSTERS)}
    assert services == {name for name in applied("west") if name.startswith("Service/")}


def test_nothing_is_asked_twice() -> None:
    routes = [item for name, item in applied("east").items() if name.startswith("VirtualService/")]
    assert len(routes) == 5 and all(item["spec"]["http"][0]["retries"] == {"attempts": 0} for item in routes)


def test_only_handshake_flows_have_a_connection_for_each_request() -> None:
    assert {name for name in applied("east") if name.startswith("DestinationRule/")} == {"DestinationRule/handshake-east", "DestinationRule/handshake-west"}


def test_the_sender_asks_at_every_flow_s_rate() -> None:
    words = applied("east")["Deployment/client"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [word for word in words if "@" in word] == [
        "inside-pooled=http://pooled-east.drill:8080/@50", "inside-handshake=http://handshake-east.drill:8080/@50",
        "across-pooled=http://pooled-west.drill:8080/@50", "across-handshake=http://handshake-west.drill:8080/@50",
        "gateway-handshake=https://drill-gateway.istio-system:8443/@50"]


def test_every_proxy_is_configured_as_asked() -> None:
    deployments = [item for name, item in applied("east", app.PLAIN_PROXY).items() if name.startswith("Deployment/")]
    told = [json.loads(item["spec"]["template"]["metadata"]["annotations"]["proxy.istio.io/config"]) for item in deployments]
    assert told == [app.PLAIN_PROXY, app.PLAIN_PROXY]
