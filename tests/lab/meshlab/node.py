# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a cluster's node: the programs, their settings, and the files they read. Pure: text and lists only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .images import PAUSE
from .plan import BRIDGE_ADDRESS, NODE_PREFIX, Plan

DOMAIN = "cluster.local"
ETCD = "127.0.0.1:2379"
SYSCTLS = {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0",
           # Every refusal is told to the pod, not only one a second: see network().
           "net.ipv4.icmp_ratelimit": "0", "net.ipv4.conf.all.send_redirects": "0", "net.ipv4.conf.default.send_redirects": "0"}
# (below the cluster's directory, place on the node): what Kubernetes expects at fixed places, and CNI charts too.
BINDS = (("kubelet", "/var/lib/kubelet"), ("cni-data", "/var/lib/cni"), ("cni-config", "/etc/cni/net.d"), ("cni-bin", "/opt/cni/bin"),
         ("logs/node", "/var/log"))

CONTAINERD = """version = 2
root = "{home}/containerd"
state = "/run/containerd"
oom_score = 0
# It would make directories in /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{home}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Without CAP_SYS_RESOURCE runc may not lower the score, and dies trying.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false
"""
KUBELET = """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {home}/pki/ca.crt}}
authorization: {{mode: Webhook}}
address: {plan.node}
cgroupDriver: cgroupfs
# Of its own: a kubelet ends the pods that it does not know, and would take the other cluster's for such.
cgroupRoot: /{plan.cgroup}
failCgroupV1: false
failSwapOn: false
clusterDNS: [{plan.dns_service}]
clusterDomain: {domain}
containerRuntimeEndpoint: unix://{home}/containerd.sock
evictionHard: {{memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}}
imageGCHighThresholdPercent: 100
maxPods: 250
resolvConf: {home}/resolv.conf
# How late a changed Secret reaches a pod's files: quicker than the usual minute.
syncFrequency: 10s
tlsCertFile: {home}/pki/kubelet.crt
tlsPrivateKeyFile: {home}/pki/kubelet.key
volumePluginDir: {home}/kubelet/volume-plugins
"""
# ptp, not bridge: pods of one node then reach each other through the node's rules, so that a Service works among them
# without br_netfilter.
CNI = """{{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {{"type": "ptp", "ipMasq": false, "ipam": {{"type": "host-local", "ranges": [[{{"subnet": "{plan.pods}"}}]], "routes": [{{"dst": "0.0.0.0/0"}}]}}}},
  {{"type": "portmap", "capabilities": {{"portMappings": true}}}}
]}}
"""
PROXY = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: {plan.pods}
hostnameOverride: {plan.name}
clientConnection: {{kubeconfig: {home}/pki/proxy.conf}}
conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
"""
AUDIT = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""


def files(plan: Plan, home: Path, snapshotter: str) -> dict[str, str]:
    """Path below the cluster's directory -> content."""
    facts = {"plan": plan, "home": home, "domain": DOMAIN, "pause": PAUSE, "snapshotter": snapshotter}
    return {
        "containerd.toml": CONTAINERD.format(**facts),
        "kubelet.yaml": KUBELET.format(**facts),
        "cni-config/10-pods.conflist": CNI.format(**facts),
        "kube-proxy.yaml": PROXY.format(**facts),
        "audit-policy.yaml": AUDIT,
        "resolv.conf": "",
    }


def etcd(home: Path, name: str, client: str = ETCD, peer: str = "127.0.0.1:2380") -> list[str]:
    return ["etcd", f"--name={name}", f"--data-dir={home}/etcd", f"--listen-client-urls=http://{client}", f"--advertise-client-urls=http://{client}",
            f"--listen-peer-urls=http://{peer}", f"--initial-advertise-peer-urls=http://{peer}", f"--initial-cluster={name}=http://{peer}",
            # A lab outlives no power cut, so it need not wait for the disk.
            "--unsafe-no-fsync", "--log-level=warn", "--auto-compaction-mode=periodic", "--auto-compaction-retention=10m"]


def audit(log: Path, policy: Path) -> list[str]:
    return [f"--audit-policy-file={policy}", f"--audit-log-path={log}", "--audit-log-maxsize=1000"]


def apiserver(pki: Path, services: str, advertise: str, client: str = ETCD) -> list[str]:
    return ["kube-apiserver", f"--advertise-address={advertise}", f"--etcd-servers=http://{client}", f"--service-cluster-ip-range={services}",
            f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key", f"--client-ca-file={pki}/ca.crt",
            f"--service-account-key-file={pki}/sa.pub", f"--service-account-signing-key-file={pki}/sa.key",
            f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}", "--authorization-mode=Node,RBAC", "--allow-privileged",
            f"--kubelet-client-certificate={pki}/admin.crt", f"--kubelet-client-key={pki}/admin.key",
            "--kubelet-preferred-address-types=InternalIP", "--enable-admission-plugins=NodeRestriction", f"--cert-dir={pki}", "--profiling=false"]


def _controllers(plan: Plan, pki: Path) -> list[str]:
    return ["kube-controller-manager", f"--kubeconfig={pki}/controller-manager.conf", f"--service-account-private-key-file={pki}/sa.key",
            f"--root-ca-file={pki}/ca.crt", f"--cluster-signing-cert-file={pki}/ca.crt", f"--cluster-signing-key-file={pki}/ca.key",
            "--use-service-account-credentials", "--leader-elect=false",
            f"--flex-volume-plugin-dir={pki.parent}/kubelet/volume-plugins", f"--cluster-cidr={plan.pods}", "--allocate-node-cidrs",
            "--node-cidr-mask-size=20", f"--cert-dir={pki}", "--profiling=false"]


def _kubelet(plan: Plan, home: Path) -> list[str]:
    labels = f"topology.kubernetes.io/region={plan.name},topology.kubernetes.io/zone={plan.name}-a"
    return ["kubelet", f"--config={home}/kubelet.yaml", f"--kubeconfig={home}/pki/kubelet.conf", f"--hostname-override={plan.name}",
            f"--node-ip={plan.node}", f"--node-labels={labels}", f"--cert-dir={home}/pki"]


def network(plan: Plan, flat: list[Plan]) -> list[list[str]]:
    """Commands that set up the node's network. There is no default route: what is not the lab's cannot be reached.

    `flat` are the clusters whose pods are reached directly, without a gateway.
    """
    commands = [
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{plan.node}/{NODE_PREFIX}", "dev", "eth0"],
        ["ip", "link", "set", "eth0", "up"],
        # The whole pool is this node's, answered by the kernel: an address needs no setting up before kube-proxy serves it.
        ["ip", "route", "add", "local", plan.pool, "dev", "eth0"],
        # kube-proxy redirects a packet to a Service only after a route for it was found.
        ["ip", "route", "add", plan.services, "via", BRIDGE_ADDRESS, "src", plan.node],
        # Refused at once, where a real network would lose the packet: tests need not wait for a time-out.
        ["ip", "route", "add", "unreachable", "198.18.0.0/15"],
        ["iptables", "-t", "nat", "-N", "MESHLAB"],
        ["iptables", "-t", "nat", "-A", "POSTROUTING", "-s", plan.pods, "-j", "MESHLAB"],
        ["iptables", "-t", "nat", "-A", "MESHLAB", "-d", plan.pods, "-j", "RETURN"],
    ]
    for other in flat:
        commands += [["ip", "route", "add", other.pods, "via", other.node],
                     ["iptables", "-t", "nat", "-A", "MESHLAB", "-d", other.pods, "-j", "RETURN"]]
    return [*commands, ["iptables", "-t", "nat", "-A", "MESHLAB", "-j", "MASQUERADE"]]


def programs(plan: Plan, home: Path, python: list[str], with_audit: bool) -> list[dict[str, Any]]:
    pki, ready = home / "pki", f"https://{plan.node}:6443/readyz"
    listed = [
        ("etcd", etcd(home, plan.name), ""),
        ("containerd", ["containerd", f"--config={home}/containerd.toml"], ""),
        ("kube-apiserver", apiserver(pki, plan.services, plan.node)
         + (audit(home / "logs/audit.log", home / "audit-policy.yaml") if with_audit else []), ETCD),
        ("kubelet", _kubelet(plan, home), ready),
        ("kube-controller-manager", _controllers(plan, pki), ready),
        ("kube-scheduler", ["kube-scheduler", f"--kubeconfig={pki}/scheduler.conf", "--leader-elect=false", f"--cert-dir={pki}"], ready),
        ("kube-proxy", ["kube-proxy", f"--config={home}/kube-proxy.yaml"], ready),
        ("load-balancer", [*python, "-m", "meshlab.loadbalancer", plan.server, str(pki), plan.pool], ready),
    ]
    return [{"name": name, "argv": argv, "after": after} for name, argv, after in listed]
