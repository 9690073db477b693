# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

from meshdrill import app, authority, revisions, scenery
from meshdrill.app import Stage

CLUSTERS = ("east", "west")
CA = authority.make("outside")


def applied(cluster: str, stage: Stage | None = None) -> dict[str, dict[str, Any]]:
    items = json.loads(app.manifests(CLUSTERS, cluster, 50, "image:1", stage or Stage(), CA))["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


def sender(stage: Stage | None = None) -> list[str]:
    words: list[str] = applied("east", stage)["Deployment/client"]["spec"]["template"]["spec"]["containers"][0]["args"]
    return words


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
    assert [word for word in sender() if "@" in word] == [
        "inside-pooled=http://pooled-east.drill:8080/@50", "inside-handshake=http://handshake-east.drill:8080/@50",
        "across-pooled=http://pooled-west.drill:8080/@50", "across-handshake=http://handshake-west.drill:8080/@50",
        "gateway-handshake=https://drill-gateway.istio-system:8443/@50"]


def test_every_proxy_is_configured_as_asked() -> None:
    deployments = [item for name, item in applied("east", Stage(app.PLAIN_PROXY)).items() if name.startswith("Deployment/")]
    told = [json.loads(item["spec"]["template"]["metadata"]["annotations"]["proxy.istio.io/config"]) for item in deployments]
    assert told == [app.PLAIN_PROXY, app.PLAIN_PROXY]


def test_in_a_cutover_a_client_that_goes_leaves_its_records_in_a_file_of_the_machine() -> None:
    stage = scenery.stage(CLUSTERS, "stable", 1)
    pod = applied("east", stage)["Deployment/client"]["spec"]["template"]["spec"]
    assert {"name": "ledger", "hostPath": {"path": str(app.ledgers("east")), "type": "Directory"}} in pod["volumes"]
    assert pod["terminationGracePeriodSeconds"] > app.PATIENCE
    assert sender(stage)[-12:-10] == ["-ledger", app.LEDGER] and "-ledger" not in sender()


def test_in_a_cutover_only_connections_across_end_and_before_a_gateway_does() -> None:
    rules = {name: item["spec"]["trafficPolicy"]["connectionPool"] for name, item in applied("east", scenery.stage(CLUSTERS, "stable", 1)).items()
             if name.startswith("DestinationRule/")}
    assert rules.pop("DestinationRule/pooled-west") == {"tcp": {"maxConnectionDuration": "6s"}}
    assert sorted(rules) == ["DestinationRule/handshake-east", "DestinationRule/handshake-west"]
    assert applied("east", scenery.stage(CLUSTERS, "stable", 1))["DestinationRule/pooled-west"]["spec"]["exportTo"] == ["."], "the gateway would cut them"
    chart = revisions.DRAINING["mesh_cluster_values"]["gateway"]["podAnnotations"]
    for one in (chart, gateway()["spec"]["template"]["metadata"]["annotations"]):
        assert float(json.loads(one["proxy.istio.io/config"])["terminationDrainDuration"].rstrip("s")) > app.CONNECTED + 4


def gateway() -> dict[str, Any]:
    return applied("east", scenery.stage(CLUSTERS, "stable", 1))["Deployment/drill-ingress"]


def test_the_gateway_that_is_asked_from_outside_is_one_of_its_own() -> None:
    items = applied("east", scenery.stage(CLUSTERS, "stable", 1))
    assert items["Service/drill-gateway"]["spec"]["selector"] == items["Gateway/drill-gateway"]["spec"]["selector"] == {"istio": "drill-ingress"}
    assert gateway()["spec"]["template"]["metadata"]["labels"] == {"istio": "drill-ingress", "sidecar.istio.io/inject": "true", "istio.io/rev": "stable"}
    assert "Deployment/drill-ingress" not in applied("west", scenery.stage(CLUSTERS, "stable", 1))


def test_a_stream_that_is_renewed_and_one_that_nobody_renews_are_sent_at_the_rate_of_a_drill() -> None:
    words = sender(scenery.stage(CLUSTERS, "stable", 1))
    assert words[words.index("-pace") + 1] == "0.025s"
    assert [word for word in words if ":8081" in word] == ["across-stream=pooled-west.drill:8081/2s", "across-endless=pooled-west.drill:8081"]
    assert [word for word in sender() if ":8081" in word] == ["across-stream=pooled-west.drill:8081"]


def test_each_kind_of_rule_and_of_workload_is_there() -> None:
    items = applied("west", scenery.stage(CLUSTERS, "next", 2))
    assert (items["Namespace/drill"]["metadata"]["labels"], items["Namespace/drill-canary"]["metadata"]["labels"]) == (
        {"istio-injection": "enabled"}, {"istio.io/rev": "next"})
    assert items["StatefulSet/keeper"]["spec"]["updateStrategy"] == {"type": "OnDelete"} and "DaemonSet/everywhere" in items
    assert items["Deployment/server-west"]["spec"]["replicas"] == 2 and "PodDisruptionBudget/server-west" in items
    assert "PodDisruptionBudget/server-west" not in applied("west", scenery.stage(CLUSTERS, "next", 1))
