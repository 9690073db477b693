# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule by which the chart refuses values is met once, and is silent about values that are right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import merged
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import hcp, rules, settled
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import stages as chart
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart.by_path import Values
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.chart.charted import (
    OPENSHIFT,
    PEER,
    PRIMARY,
    SECONDARY,
    given,
)


def at(path: str, value: Any) -> dict[str, Any]:
    for part in reversed(path.split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def on(*paths: str) -> dict[str, Any]:
    return merged(*(at(path, True) for path in paths))


def named(path: str, secret: str = "x") -> dict[str, Any]:
    return at(path, {"secretName": secret, "secretKey": "key"})


DOG, CLOUD = "global.metrics.datadog", ("resourceId", "clientId", "clientSecret")
INJECTED = on("connectInject.enabled")
BROKEN: list[tuple[dict[str, Any], str]] = [
    (on("global.federation.enabled"), "global.federation.enabled is true, which needs meshGateway.enabled; set meshGateway.enabled to true, or"),
    (on("global.federation.enabled", "meshGateway.enabled", "connectInject.enabled", "global.adminPartitions.enabled", "global.enableConsulNamespaces"),
     "which excludes global.adminPartitions.enabled"),
    (on("global.federation.createFederationSecret"), "would have the chart make a Secret with the key of the CA; leave it out"),
    (on("global.peering.enabled", "meshGateway.enabled"), "global.peering.enabled is true, which needs connectInject.enabled"),
    (on("global.peering.enabled", "connectInject.enabled"), "global.peering.enabled is true, which needs meshGateway.enabled"),
    (on("meshGateway.enabled"), "meshGateway.enabled is true, which needs connectInject.enabled"),
    (on("connectInject.cni.enabled"), "connectInject.cni.enabled is true, which needs connectInject.enabled"),
    (on("telemetryCollector.enabled"), "telemetryCollector.enabled is true, which needs connectInject.enabled"),
    (merged(INJECTED, on("telemetryCollector.enabled"), at("telemetryCollector.image", "")), "which needs telemetryCollector.image"),
    (on("ingressGateways.enabled"), "ingressGateways.enabled is true, which needs connectInject.enabled"),
    (on("terminatingGateways.enabled"), "terminatingGateways.enabled is true, which needs connectInject.enabled"),
    (on("global.adminPartitions.enabled"), "global.adminPartitions.enabled is true, which needs global.enableConsulNamespaces"),
    (at("meshGateway.wanAddress.source", "Static"), "meshGateway.wanAddress.static is empty, which is no address, although"),
    (at("meshGateway", {"wanAddress": {"source": "Service"}, "service": {"type": "NodePort"}}), "set gateway.service.node_port"),
    (merged(on("global.acls.manageSystemACLs"), at("meshGateway.consulServiceName", "edge")), "meshGateway.consulServiceName is edge, which cannot"),
    (at("server", {"replicas": 3, "bootstrapExpect": 1}), "server.bootstrapExpect is 1, which is less than server.replicas"),
    (at("server", {"replicas": 3, "bootstrapExpect": 5}), "the servers would wait for ever"),
    (at("server.limits.requestLimits.mode", "strict"), "server.limits.requestLimits.mode is strict, which is none of disabled, permissive, enforce"),
    (on("server.exposeGossipAndRPCPorts", "global.openshift.enabled"), "server.exposeGossipAndRPCPorts is true, which takes ports of the node"),
    (on("global.gossipEncryption.autoGenerate"), "global.gossipEncryption.autoGenerate is true, which would make a second key"),
    (at("global.enterpriseLicense.secretName", "x"), "global.enterpriseLicense.secretName is x, which is named with only one of"),
    (at("server.snapshotAgent.configSecret.secretKey", "x"), "server.snapshotAgent.configSecret.secretName is empty, which is named with only one of"),
    *((at("server.extraConfig", json.dumps({key: 1})), f"has the key {key}, for which the chart has a value; set {instead}")
      for key, instead in rules._IN_CONFIGURATION.items()),
    *((at(path, "root"), f"{path} is root, which is a name that Consul reserves") for path in rules._RESERVING),
    *((on(path), f"{path} is true, which is a feature of Consul Enterprise") for path in rules._PAID),
    *((merged(on("global.metrics.enabled", "global.metrics.enableAgentMetrics", f"{DOG}.dogstatsd.enabled"), at("server.extraConfig", f'{{"{key}": 1}}')),
       f"has the key {key}, which the chart sets by {DOG}.dogstatsd; set it below") for key in ("dogstatsd_tags", "dogstatsd_addr")),
    (on("externalServers.skipServerWatch"), "externalServers.skipServerWatch is true, which is for servers outside of the cluster; leave it out"),
    (at("global.secretsBackend.vault.connectInjectRole", "x"), "connectInjectRole is x, which comes only with all of connectInject.tlsCert.secretName, "),
    *((at(f"{path}.secretName", "x"), f"{path}.secretName is x, which is named with only one of") for path in hcp._SECRETS),
    *((merged(on("global.cloud.enabled"), *(named(f"global.cloud.{name}") for name in CLOUD if name != lacks)),
       f"global.cloud.enabled is true, which needs global.cloud.{lacks}.secretName") for lacks in CLOUD),
    (named("telemetryCollector.cloud.clientId"), "clientId.secretName is x, which comes only with telemetryCollector.cloud.clientSecret.secretName"),
    (merged(*(named(f"telemetryCollector.cloud.{name}") for name in CLOUD[1:])), "needs telemetryCollector.cloud.resourceId or global.cloud.resourceId"),
    (merged(named("global.cloud.resourceId"), named("telemetryCollector.cloud.resourceId", "y")), "is y, which differs from global.cloud.resourceId"),
    (at("global.adminPartitions.name", "west"), "global.adminPartitions.name is west, which must be default here"),
    (at("global.imagePullPolicy", "Sometimes"), "global.imagePullPolicy is sometimes, which is no policy"),
    (on("global.metrics.disableAgentHostName", "global.metrics.enabled"), "needs both global.metrics.enabled and global.metrics.enableAgentMetrics"),
    (on(f"{DOG}.enabled", "global.metrics.enabled"), f"{DOG}.enabled is true, which needs global.metrics.enabled and"),
    (on(f"{DOG}.dogstatsd.enabled", f"{DOG}.openMetricsPrometheus.enabled"), f"excludes {DOG}.openMetricsPrometheus.enabled"),
    (on(f"{DOG}.otlp.enabled"), f"{DOG}.otlp.enabled is true, which needs telemetryCollector.enabled"),
    (at(f"{DOG}.otlp.protocol", "udp"), f"{DOG}.otlp.protocol is udp, which is no protocol"),
    (merged(INJECTED, at("ingressGateways", {"enabled": True, "gateways": [{"name": "a", "service": {"type": "NodePort", "ports": [{"port": 1}]}}]})),
     "has a gateway whose first port does not fit its Service"),
    (merged(INJECTED, at("ingressGateways", {"enabled": True, "gateways": [{"service": {}}]})), "ingressGateways.gateways is given, which has a gateway"),
    (merged(INJECTED, at("terminatingGateways", {"enabled": True, "gateways": [{}]})), "terminatingGateways.gateways is given, which has a gateway"),
    (merged(INJECTED, at("terminatingGateways", {"enabled": True, "gateways": [{"name": "a"}]}), at("ingressGateways.gateways", [{"name": "a"}])),
     "has a gateway with the name of another one"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "fault"), BROKEN)
def test_a_broken_rule(values: dict[str, Any], fault: str) -> None:
    assert fault in "; ".join(rules.faults(Values(values)))


def test_every_rule_is_broken_once() -> None:
    met = {id(rule) for values, _fault in BROKEN for rule in rules.RULES if rule.broken(Values(values))}
    assert [rule for rule in rules.RULES if id(rule) not in met] == []


@pytest.mark.parametrize("wish", [PEER, PRIMARY, SECONDARY, OPENSHIFT], ids=lambda wish: f"{wish.cluster}-{wish.role}")
def test_our_own_values_break_none(wish) -> None:
    (release,) = [one for stage in chart.stages(wish) for one in stage.releases]
    assert rules.faults(Values(release.values)) == []


def test_an_image_of_enterprise_may_have_its_features() -> None:
    values = merged(on("server.auditLogs.enabled"), at("global.image", "registry.example/consul:1.22.3-ent"))
    assert rules.faults(Values(values)) == []


def test_a_collector_with_a_client_of_its_own_is_right() -> None:
    given = merged(*(named(f"telemetryCollector.cloud.{name}") for name in CLOUD))
    assert rules.faults(Values(given)) == []
    assert rules.faults(Values(merged(given, on("global.cloud.enabled"), *(named(f"global.cloud.{name}") for name in CLOUD)))) == []


def test_gateways_that_are_right() -> None:
    gateways = [{"name": "a"}, {"name": "b", "service": {"type": "NodePort", "ports": [{"port": 1, "nodePort": 30000}]}}]
    assert rules.faults(Values(merged(INJECTED, at("ingressGateways", {"enabled": True, "gateways": gateways})))) == []


def test_a_refusal_names_the_cluster_and_everything_at_once() -> None:
    with pytest.raises(Refused) as refused:
        chart.stages(given(PEER, connectInject={"enabled": False}, servers=3, **{"global": {"name": "other"}}))
    text = str(refused.value)
    assert text.startswith("east: mesh_values.consul.servers is no key of the chart; did you mean server?; ")
    assert "mesh_values.consul.global.name cannot be set here: status, links and rotations look for its objects by this name; remove it" in text
    assert "meshGateway.enabled is true, which needs connectInject.enabled" in text
    assert text.endswith("Correct mesh_values, mesh_site_values or mesh_cluster_values.")


@pytest.mark.parametrize("path", settled.SETTLED)
def test_what_is_settled_cannot_be_set(path: str) -> None:
    ours = chart.ours(PEER, chart.Settings.of(PEER), chart.lines.choose(PEER, chart.Settings.of(PEER)))
    other: Any = not Values(ours).on(path) if isinstance(Values(ours).at(path), bool | None) else "s3cret"
    (fault,) = settled.faults(ours, merged(ours, at(path, other)))
    assert fault.startswith(f"mesh_values.consul.{path} cannot be set here: ")
    assert "s3cret" not in fault


@pytest.mark.parametrize("path", settled.CONFIGURED)
def test_what_cannot_be_set_in_the_configuration_of_servers(path: str) -> None:
    (fault,) = settled.configured(at(path, "s3cret"))
    assert fault.startswith(f"mesh_values.consul.server.extraConfig has {path}, which cannot be set there: ")
    assert "s3cret" not in fault


def test_settings_that_only_manifests_know() -> None:
    wish = given(PEER)
    wish.values.update({"servers": {"host_path": "/x", "restart": "1"}, "agents": {"enabled": True}, "images": {"envoy": "x"}})  # type: ignore[attr-defined]
    with pytest.raises(Refused, match=r"servers.host_path is set.*agents is set.*servers.restart is set.*images.envoy is set"):
        chart.stages(wish)


def test_a_secondary_says_where_its_pods_are_known() -> None:
    with pytest.raises(Refused, match=r"^west: .*k8sAuthMethodHost is empty, but the servers of east ask .* set it to the URL at which they reach"):
        chart.stages(given(SECONDARY, **{"global": {"federation": {"k8sAuthMethodHost": ""}}}))
