# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the keys that HashiCorp's chart `consul` knows, because the chart has no schema: Helm passes over a key that it does not know.

Only names are listed, no defaults and no descriptions. They are those of values.yaml of consul-k8s v1.8.16, v1.9.11 and v2.0.3 (MPL-2.0), and three
that templates of the chart read besides. What may hold any keys, such as resources and security contexts, has no list.
"""

from __future__ import annotations

from collections.abc import Mapping

# Each of these names a key of a Secret.
OF_SECRETS = (
    "connectInject.aclInjectToken connectInject.globalConfigACLToken dns.proxy.aclToken global.acls.bootstrapToken global.acls.partitionToken "
    "global.acls.replicationToken global.cloud.apiHost global.cloud.authUrl global.cloud.clientId global.cloud.clientSecret global.cloud.resourceId "
    "global.cloud.scadaAddress global.secretsBackend.vault.ca global.tls.caCert global.tls.caKey server.snapshotAgent.configSecret syncCatalog.aclSyncToken "
    "telemetryCollector.cloud.clientId telemetryCollector.cloud.clientSecret telemetryCollector.cloud.resourceId"
)
BELOW: Mapping[str, str] = {
    "": (
        "client connectInject dns externalServers fullnameOverride global ingressGateways meshGateway nameOverride prometheus server syncCatalog "
        "telemetryCollector terminatingGateways tests ui webhookCertManager"
    ),
    "client": (
        "aclInit affinity annotations containerSecurityContext dataDirectoryHostPath dnsPolicy enabled exposeGossipPorts extraConfig extraContainers "
        "extraEnvironmentVars extraLabels extraVolumes grpc hostNetwork image join livenessProbe logLevel nodeMeta nodeSelector priorityClassName "
        "readinessProbe resources securityContext serviceAccount tolerations updateStrategy"
    ),
    "client.aclInit": "startupStagger",
    "client.aclInit.startupStagger": "enabled maxSeconds minSeconds",
    "client.serviceAccount": "annotations",
    "connectInject": (
        "aclBindingRuleSelector aclInjectToken affinity annotations apiGateway cni consulNamespaces consulNode dataplaneAsSidecarInitContainer default "
        "disruptionBudget enabled envoyExtraArgs extraLabels failurePolicy globalConfigACLToken image imageConsul initContainer k8sAllowNamespaces "
        "k8sDenyNamespaces logLevel metrics namespaceSelector nodeSelector overrideAuthMethodName priorityClassName replicas resources serviceAccount "
        "sidecarProxy tolerations transparentProxy"
    ),
    "connectInject.apiGateway": "manageExternalCRDs manageNonStandardCRDs managedGatewayClass serviceAccount",
    "connectInject.apiGateway.managedGatewayClass": (
        "copyAnnotations deployment mapPrivilegedContainerPorts metrics nodeSelector openshiftSCCName resourceJob resources scaling serviceType tolerations"
    ),
    "connectInject.apiGateway.managedGatewayClass.copyAnnotations": "service",
    "connectInject.apiGateway.managedGatewayClass.deployment": "defaultInstances maxInstances minInstances",
    "connectInject.apiGateway.managedGatewayClass.metrics": "enabled path port",
    "connectInject.apiGateway.managedGatewayClass.resourceJob": "resources",
    "connectInject.apiGateway.managedGatewayClass.scaling": "enabled",
    "connectInject.apiGateway.serviceAccount": "annotations",
    "connectInject.cni": "autorotateToken cniBinDir cniNetDir enabled logLevel multus namespace resourceQuota resources securityContext tokenExpiration",
    "connectInject.cni.resourceQuota": "pods",
    "connectInject.consulNamespaces": "consulDestinationNamespace mirroringK8S mirroringK8SPrefix",
    "connectInject.consulNode": "meta",
    "connectInject.dataplaneAsSidecarInitContainer": (
        "defaultEnabled initialProbeCheckDelaySeconds probeCheckFailureThreshold probeCheckPeriodSeconds probeCheckTimeoutSeconds"
    ),
    "connectInject.disruptionBudget": "enabled maxUnavailable minAvailable",
    "connectInject.initContainer": "resources",
    "connectInject.metrics": "defaultEnableMerging defaultEnabled defaultMergedMetricsPort defaultPrometheusScrapePath defaultPrometheusScrapePort",
    "connectInject.serviceAccount": "annotations",
    "connectInject.sidecarProxy": "concurrency defaultLivenessFailureSeconds defaultStartupFailureSeconds lifecycle resources",
    "connectInject.sidecarProxy.lifecycle": (
        "defaultEnableShutdownDrainListeners defaultEnabled defaultGracefulPort defaultGracefulShutdownPath defaultGracefulStartupPath "
        "defaultShutdownGracePeriodSeconds defaultStartupGracePeriodSeconds"
    ),
    "connectInject.transparentProxy": "defaultEnabled defaultOverwriteProbes",
    "dns": "additionalSpec annotations clusterIP enableRedirection enabled proxy type",
    "dns.proxy": "aclToken enabled logLevel port replicas",
    "externalServers": "enabled grpcPort hosts httpsPort k8sAuthMethodHost skipServerWatch tlsServerName useSystemRoots",
    "global": (
        "acls adminPartitions argocd cloud consulAPITimeout crds datacenter domain dualStack enableConsulNamespaces enablePodSecurityPolicies enabled "
        "enterpriseLicense experiments extraLabels federation generateManifests generateManifestsStorage generateManifestsStorageClassName gossipEncryption "
        "image imageConsulDataplane imageK8S imagePullPolicy imagePullSecrets installK8sNetworkingCRDs logJSON logLevel metrics name openshift peering "
        "podSecurityContext recursors secretsBackend tls trustedCAs"
    ),
    "global.acls": (
        "annotations bootstrapToken createReplicationToken logLevel manageSystemACLs nodeSelector partitionToken replicationToken resources tolerations"
    ),
    "global.adminPartitions": "enabled name",
    "global.argocd": "enabled",
    "global.cloud": "apiHost authUrl clientId clientSecret enabled resourceId scadaAddress",
    "global.crds": "consulapi enableTcpRoute",
    "global.crds.consulapi": "enabled",
    "global.dualStack": "enabled",
    "global.enterpriseLicense": "enableLicenseAutoload secretKey secretName",
    "global.federation": "createFederationSecret enabled k8sAuthMethodHost logLevel primaryDatacenter primaryGateways",
    "global.gossipEncryption": "autoGenerate logLevel secretKey secretName",
    "global.metrics": (
        "agentMetricsRetentionTime datadog disableAgentHostName enableAgentMetrics enableGatewayMetrics enableHostMetrics enableTelemetryCollector enabled "
        "prefixFilter"
    ),
    "global.metrics.datadog": "dogstatsd enabled namespace openMetricsPrometheus otlp",
    "global.metrics.datadog.dogstatsd": "dogstatsdAddr dogstatsdPort dogstatsdTags enabled socketTransportType",
    "global.metrics.datadog.openMetricsPrometheus": "enabled",
    "global.metrics.datadog.otlp": "enabled protocol",
    "global.metrics.prefixFilter": "allowList blockList",
    "global.openshift": "crds enabled isOcpGreaterthan4_18 upgradeTo419From418",
    "global.openshift.crds": "consulapi enableTcpRoute",
    "global.openshift.crds.consulapi": "enabled",
    "global.peering": "enabled",
    "global.podSecurityContext": "enabled",
    "global.secretsBackend": "vault",
    "global.secretsBackend.vault": (
        "adminPartitionsRole agentAnnotations ca connectCA connectInject connectInjectRole consulCARole consulClientRole consulServerRole enabled "
        "manageSystemACLsRole vaultNamespace"
    ),
    "global.secretsBackend.vault.connectCA": "additionalConfig address authMethodPath intermediatePKIPath rootPKIPath",
    "global.secretsBackend.vault.connectInject": "caCert tlsCert",
    "global.secretsBackend.vault.connectInject.caCert": "secretName",
    "global.secretsBackend.vault.connectInject.tlsCert": "secretName",
    "global.tls": "annotations caCert caKey enableAutoEncrypt enabled httpsOnly logLevel serverAdditionalDNSSANs serverAdditionalIPSANs verify",
    "ingressGateways": "defaults enabled gateways logLevel",
    "ingressGateways.defaults": (
        "affinity annotations consulNamespace nodeSelector priorityClassName replicas resources service serviceAccount terminationGracePeriodSeconds "
        "tolerations topologySpreadConstraints"
    ),
    "ingressGateways.defaults.service": "additionalSpec annotations ports type",
    "ingressGateways.defaults.serviceAccount": "annotations",
    "meshGateway": (
        "affinity annotations consulServiceName containerPort dnsPolicy enabled hostNetwork hostPort initServiceInitContainer logLevel nodeSelector "
        "priorityClassName replicas resources service serviceAccount tolerations topologySpreadConstraints wanAddress"
    ),
    "meshGateway.initServiceInitContainer": "resources",
    "meshGateway.service": "additionalSpec annotations nodePort port type",
    "meshGateway.serviceAccount": "annotations",
    "meshGateway.wanAddress": "port source static",
    "prometheus": "enabled",
    "server": (
        "affinity annotations auditLogs bootstrapExpect connect containerSecurityContext disruptionBudget enableAgentDebug enabled exposeGossipAndRPCPorts "
        "exposeService extraConfig extraContainers extraEnvironmentVars extraLabels extraVolumes image limits logLevel nodeSelector "
        "persistentVolumeClaimRetentionPolicy ports priorityClassName replicas resources securityContext serverCert service serviceAccount snapshotAgent "
        "storage storageClass tolerations topologySpreadConstraints updatePartition"
    ),
    "server.auditLogs": "enabled sinks",
    "server.disruptionBudget": "enabled maxUnavailable",
    "server.exposeService": "annotations enabled nodePort type",
    "server.exposeService.nodePort": "grpc http https rpc serf",
    "server.limits": "requestLimits",
    "server.limits.requestLimits": "mode readRate writeRate",
    "server.ports": "serflan",
    "server.ports.serflan": "port",
    "server.serverCert": "secretName",
    "server.service": "annotations",
    "server.serviceAccount": "annotations",
    "server.snapshotAgent": "caCert configSecret enabled extraEnvironmentVars extraVolumes interval resources",
    "syncCatalog": (
        "aclSyncToken addK8SNamespaceSuffix affinity annotations cleanupNodeOnRemoval consulNamespaces consulNodeName consulPrefix consulWriteInterval "
        "default enabled extraLabels image ingress k8sAllowNamespaces k8sDenyNamespaces k8sPrefix k8sSourceNamespace k8sTag logLevel metrics nodePortSyncType "
        "nodeSelector priorityClassName resources serviceAccount syncClusterIPServices syncLoadBalancerEndpoints toConsul toK8S tolerations"
    ),
    "syncCatalog.consulNamespaces": "consulDestinationNamespace mirroringK8S mirroringK8SPrefix",
    "syncCatalog.ingress": "enabled loadBalancerIPs",
    "syncCatalog.metrics": "enabled path port",
    "syncCatalog.serviceAccount": "annotations",
    "telemetryCollector": (
        "cloud customExporterConfig enabled extraEnvironmentVars image initContainer logLevel nodeSelector priorityClassName replicas resources service "
        "serviceAccount"
    ),
    "telemetryCollector.cloud": "clientId clientSecret resourceId",
    "telemetryCollector.initContainer": "resources",
    "telemetryCollector.service": "annotations",
    "telemetryCollector.serviceAccount": "annotations",
    "terminatingGateways": "defaults enabled gateways logLevel",
    "terminatingGateways.defaults": (
        "affinity annotations consulNamespace extraVolumes nodeSelector priorityClassName replicas resources serviceAccount tolerations "
        "topologySpreadConstraints"
    ),
    "terminatingGateways.defaults.serviceAccount": "annotations",
    "tests": "enabled",
    "ui": "dashboardURLTemplates enabled ingress metrics service",
    "ui.dashboardURLTemplates": "service",
    "ui.ingress": "annotations enabled hosts ingressClassName pathType tls",
    "ui.metrics": "baseURL enabled provider",
    "ui.service": "additionalSpec annotations enabled nodePort port type",
    "ui.service.nodePort": "http https",
    "ui.service.port": "http https",
    "webhookCertManager": "nodeSelector resources tolerations",
}
# Keys, with what is below them, that not all lines of the chart know.
ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "connectInject.globalConfigACLToken": ("2.0",),
    "connectInject.apiGateway.managedGatewayClass.scaling": ("2.0",),
    "global.cloud": ("1.8", "1.9"),
    "global.crds": ("1.8", "2.0"),
    "global.dualStack": ("1.9", "2.0"),
    "global.generateManifests": ("1.8", "2.0"),
    "global.generateManifestsStorage": ("1.8", "2.0"),
    "global.generateManifestsStorageClassName": ("1.8", "2.0"),
    "global.installK8sNetworkingCRDs": ("1.8", "2.0"),
    "global.podSecurityContext": ("1.8", "2.0"),
    "global.openshift.crds": ("1.8", "2.0"),
    "global.openshift.isOcpGreaterthan4_18": ("1.8", "2.0"),
    "global.openshift.upgradeTo419From418": ("1.8", "2.0"),
    "telemetryCollector.cloud": ("1.8", "1.9"),
}
# Keys that the chart refuses, or no longer reads, and what stands in their place.
REPLACED: Mapping[str, str] = {
    "apiGateway": "connectInject.apiGateway",
    "controller": "connectInject.enabled",
    "global.bootstrapACLs": "global.acls.manageSystemACLs",
    "global.imageEnvoy": "global.imageConsulDataplane",
    "global.imageK8s": "global.imageK8S",
    "global.lifecycleSidecarContainer": "connectInject.sidecarProxy",
    "meshGateway.globalMode": "the entry proxy-defaults",
    "server.disableFsGroupSecurityContext": "global.openshift.enabled",
    "server.enterpriseLicense": "global.enterpriseLicense",
}
