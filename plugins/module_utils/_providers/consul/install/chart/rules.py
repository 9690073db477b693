# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules by which the chart itself refuses values, and some of ours, as a table: each broken rule gives a sentence before Helm runs.

The chart has some ninety `fail` calls in its templates. Here are those that the values of this collection, with an inventory's on top, can meet; `settled`
keeps the others away, such as those of Vault and of servers elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from . import hcp
from .by_path import Values
from .rule import ChartRule, needs, pair

_IN_CONFIGURATION = {
    "enable_debug": "server.enableAgentDebug",
    "disable_hostname": "global.metrics.disableAgentHostName",
    "enable_host_metrics": "global.metrics.enableHostMetrics",
    "prefix_filter": "global.metrics.prefixFilter",
}
_MODES, _PULLS, _PROTOCOLS = ("disabled", "permissive", "enforce"), ("IfNotPresent", "Always", "Never", ""), ("http", "grpc")
_RESERVED = ("system", "universal", "operator", "root")
_RESERVING = (
    "global.adminPartitions.name",
    "connectInject.consulNamespaces.consulDestinationNamespace",
    "syncCatalog.consulNamespaces.consulDestinationNamespace",
)
_PAIRS = ("global.enterpriseLicense", "server.snapshotAgent.configSecret")
_PAID = ("global.adminPartitions.enabled", "global.enableConsulNamespaces", "server.auditLogs.enabled", "server.snapshotAgent.enabled")
_INGRESS, _TERMINATING = "ingressGateways", "terminatingGateways"
_DATADOG, _VAULT = "global.metrics.datadog", "global.secretsBackend.vault"
_OF_WEBHOOK = ("connectInjectRole", "connectInject.tlsCert.secretName", "connectInject.caCert.secretName")


def _paid(path: str) -> ChartRule:
    why = "is a feature of Consul Enterprise, and global.image is none of its images"
    return ChartRule(path, lambda v: v.on(path) and not _enterprise(v), why, f"name an image of Consul Enterprise, or set {path} to false")


def _enterprise(values: Values) -> bool:
    return "enterprise" in values.text("global.image") or values.text("global.image").endswith("-ent")


def _configured(key: str, instead: str) -> ChartRule:
    why = f"has the key {key}, for which the chart has a value"
    return ChartRule("server.extraConfig", lambda v: key in v.text("server.extraConfig"), why, f"set {instead} instead")


def _reserved(path: str) -> ChartRule:
    return ChartRule(path, lambda v: v.text(path) in _RESERVED, "is a name that Consul reserves", f"choose another name for {path}")


def _static(v: Values) -> bool:
    return v.text("meshGateway.wanAddress.source") == "Static" and not v.text("meshGateway.wanAddress.static")


def _portless(v: Values) -> bool:
    by_service = v.text("meshGateway.wanAddress.source") == "Service" and v.text("meshGateway.service.type") == "NodePort"
    return by_service and not v.on("meshGateway.service.nodePort")


def _too_few(v: Values) -> bool:
    return v.on("server.bootstrapExpect") and v.number("server.bootstrapExpect") < v.number("server.replicas")


def _never_enough(v: Values) -> bool:
    return v.number("server.bootstrapExpect") > v.number("server.replicas")


def _renamed(v: Values) -> bool:
    return v.on("global.acls.manageSystemACLs") and v.text("meshGateway.consulServiceName") not in ("", "mesh-gateway")


def _hostless(v: Values) -> bool:
    return v.on("global.metrics.disableAgentHostName") and v.on("global.metrics.enabled") != v.on("global.metrics.enableAgentMetrics")


def _unmeasured(v: Values) -> bool:
    return v.on("global.metrics.datadog.enabled") and not (v.on("global.metrics.enabled") and v.on("global.metrics.enableAgentMetrics"))


def _statsd(key: str) -> ChartRule:
    """Return the rule about what the chart itself tells Datadog's agent, once it measures agents and sends there."""
    why = f"has the key {key}, which the chart sets by {_DATADOG}.dogstatsd"
    return ChartRule("server.extraConfig", lambda v: _measured(v) and key in v.text("server.extraConfig"), why, f"set it below {_DATADOG}.dogstatsd instead")


def _measured(v: Values) -> bool:
    return v.on("global.metrics.enabled") and v.on("global.metrics.enableAgentMetrics") and v.on(f"{_DATADOG}.dogstatsd.enabled")


def _vault_in_part(v: Values) -> bool:
    return len({v.on(f"{_VAULT}.{one}") for one in _OF_WEBHOOK}) > 1


def _no_mode(v: Values) -> bool:
    return v.text("server.limits.requestLimits.mode") not in _MODES


def _no_port(v: Values) -> bool:
    """Return whether an ingress gateway has no port for its kind of Service, first in its own list or in that of the defaults."""
    return v.on(f"{_INGRESS}.enabled") and any(map(partial(_unreached, v.at(f"{_INGRESS}.defaults.service") or {}), v.listed(f"{_INGRESS}.gateways")))


def _unreached(defaults: Mapping[str, Any], gateway: Mapping[str, Any]) -> bool:
    own = gateway.get("service") or {}
    ports = own.get("ports") or defaults.get("ports") or [{"port": 8080}]
    kind = own.get("type") or defaults.get("type") or "ClusterIP"
    return not ports[0].get("nodePort" if kind == "NodePort" else "port")


def _twice(v: Values) -> bool:
    every = v.names(f"{_INGRESS}.gateways") + v.names(f"{_TERMINATING}.gateways")
    return len(set(every)) < len(every) and (v.on(f"{_INGRESS}.enabled") or v.on(f"{_TERMINATING}.enabled"))


def _nameless(kind: str) -> Callable[[Values], bool]:
    return lambda v: v.on(f"{kind}.enabled") and "" in v.names(f"{kind}.gateways")


RULES: Sequence[ChartRule] = (
    *needs("global.federation.enabled", "meshGateway.enabled"),
    ChartRule("global.federation.enabled", lambda v: v.on("global.federation.enabled") and v.on("global.adminPartitions.enabled"),
              "excludes global.adminPartitions.enabled", "set global.adminPartitions.enabled to false"),
    ChartRule("global.federation.createFederationSecret", lambda v: v.on("global.federation.createFederationSecret"),
              "would have the chart make a Secret with the key of the CA", "leave it out: the module ca gives every cluster what a federation shares"),
    *needs("global.peering.enabled", "connectInject.enabled", "meshGateway.enabled"),
    *needs("meshGateway.enabled", "connectInject.enabled"),
    *needs("connectInject.cni.enabled", "connectInject.enabled"),
    *needs("telemetryCollector.enabled", "connectInject.enabled", "telemetryCollector.image"),
    *needs(f"{_INGRESS}.enabled", "connectInject.enabled"),
    *needs(f"{_TERMINATING}.enabled", "connectInject.enabled"),
    *needs("global.adminPartitions.enabled", "global.enableConsulNamespaces"),
    ChartRule("meshGateway.wanAddress.static", _static, "is no address, although meshGateway.wanAddress.source is Static", "set it to that address"),
    ChartRule("meshGateway.service.nodePort", _portless, "is no port, although the gateway's Service is a NodePort", "set gateway.service.node_port"),
    ChartRule("meshGateway.consulServiceName", _renamed, "cannot be chosen where there are tokens", "leave it out"),
    ChartRule("server.bootstrapExpect", _too_few, "is less than server.replicas", "leave it out"),
    ChartRule("server.bootstrapExpect", _never_enough, "is more than server.replicas, so the servers would wait for ever", "leave it out"),
    ChartRule("server.limits.requestLimits.mode", _no_mode, f"is none of {', '.join(_MODES)}", "choose one of them"),
    ChartRule("server.exposeGossipAndRPCPorts", lambda v: v.on("server.exposeGossipAndRPCPorts") and v.on("global.openshift.enabled"),
              "takes ports of the node, which OpenShift's restricted servers may not", "set it to false"),
    ChartRule("global.gossipEncryption.autoGenerate", lambda v: v.on("global.gossipEncryption.autoGenerate"),
              "would make a second key", "leave it out: the module ca makes the key"),
    *map(pair, _PAIRS),
    *(_configured(key, instead) for key, instead in _IN_CONFIGURATION.items()),
    *map(_statsd, ("dogstatsd_tags", "dogstatsd_addr")),
    ChartRule("externalServers.skipServerWatch", lambda v: v.on("externalServers.skipServerWatch") and not v.on("externalServers.enabled"),
              "is for servers outside of the cluster", "leave it out"),
    ChartRule(f"{_VAULT}.connectInjectRole", _vault_in_part, f"comes only with all of {', '.join(_OF_WEBHOOK[1:])}", f"leave all of them below {_VAULT} out"),
    *map(_reserved, _RESERVING),
    *map(_paid, _PAID),
    ChartRule("global.adminPartitions.name", lambda v: v.text("global.adminPartitions.name") != "default", "must be default here", "leave it out"),
    ChartRule("global.imagePullPolicy", lambda v: v.text("global.imagePullPolicy") not in _PULLS, "is no policy", "set IfNotPresent, Always or Never"),
    ChartRule("global.metrics.disableAgentHostName", _hostless, "needs both global.metrics.enabled and global.metrics.enableAgentMetrics", "set both to true"),
    ChartRule(f"{_DATADOG}.enabled", _unmeasured, "needs global.metrics.enabled and global.metrics.enableAgentMetrics", "set both to true"),
    ChartRule(f"{_DATADOG}.dogstatsd.enabled", lambda v: v.on(f"{_DATADOG}.dogstatsd.enabled") and v.on(f"{_DATADOG}.openMetricsPrometheus.enabled"),
              f"excludes {_DATADOG}.openMetricsPrometheus.enabled", "set one of the two to false"),
    *needs(f"{_DATADOG}.otlp.enabled", "telemetryCollector.enabled"),
    ChartRule(f"{_DATADOG}.otlp.protocol", lambda v: v.text(f"{_DATADOG}.otlp.protocol").lower() not in _PROTOCOLS, "is no protocol", "set http or grpc"),
    ChartRule(f"{_INGRESS}.gateways", _no_port, "has a gateway whose first port does not fit its Service", "give it a port, or for a NodePort a nodePort"),
    ChartRule(f"{_INGRESS}.gateways", _nameless(_INGRESS), "has a gateway without a name", "give each a name"),
    ChartRule(f"{_TERMINATING}.gateways", _nameless(_TERMINATING), "has a gateway without a name", "give each a name"),
    ChartRule(f"{_TERMINATING}.gateways", _twice, "has a gateway with the name of another one", "give each a name of its own"),
    *hcp.RULES,
)  # fmt: skip


def faults(values: Values, rules: Iterable[ChartRule] = RULES) -> list[str]:
    """Return half a sentence for each rule that the values break: the value, why it is refused, and what to do."""
    return list(dict.fromkeys(f"{rule.seen} is {_shown(values, rule.seen)}, which {rule.why}; {rule.instead}" for rule in rules if rule.broken(values)))


def _shown(values: Values, path: str) -> str:
    value = values.at(path)
    return "empty" if value in (None, "") else "given" if isinstance(value, list | dict) or len(str(value)) > 60 else str(value).lower()
