# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences of docs/benchmarks.md."""

from __future__ import annotations

INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not edit, run it again. Every contestant really runs, {rounds} times here (10 without `BENCH_RUNS`), against the same real
API server (with etcd, without nodes). Fewer than 10 runs, or a machine that others use (its load was {load} before the start), give only a first
impression: then compare CPU seconds rather than wall time, and p95 is no more than the slowest run.

Machine: {machine}.
Versions: {versions}.

The set: {objects} objects of {kinds} kinds in three namespaces.
"""
RATIOS = """\
Ratios are peer / ours, above 1 where we are ahead; for an upper limit they are ours / peer. A peer that is faster has a ratio below 1.
"""
STOPPED = """\
What no playbook with a module on each host can reach here, however quick the module is:
"""
NOTES = {
    "P1": """\
What limits the engine (`engine.py … --profile`): of its CPU time on a near API server, some 30 ms, comparing the 150 objects with what their managed fields say
takes 2.4 ms and decoding JSON about 5; most of the rest is TLS, HTTP and threads for 13 requests. No single part is left whose removal would halve it. A
playbook cannot take less than Ansible's own start, which stands below.
""",
    "P2": """\
What limits the engine: it reads as in P1, and then the one write takes the API server some 10 ms, more than a fifth of all that P1 takes. It does not begin
before everything was read, for what cannot be read is to be told before the first write.
""",
    "P3": """\
What limits us: the engine waits for the API server most of its time, which has to store the objects and to serve 15 new CRDs; its own CPU seconds are a
sixth of its wall time. Objects that need no CRD are written while the CRDs come up, and all are written eight at once. The rest is Ansible's start and
the way of a set of more than a megabyte into it. A ratio of 2 would take a server that is through in a second.
""",
    "P1-istioctl": """\
`istioctl install --set profile=minimal` renders its charts, applies each object and waits for istiod. We bring what `istioctl manifest generate` prints with
the same profile, with `wait: true`, to another API server like it. Both find everything as they want it. Since there are no nodes, a ReplicaSet that says it is
ready stands for the pods. Not the same on both sides: istioctl renders, looks for what to prune and sets the default revision anew in each run (its
writes); we are given manifests that are rendered already.
""",
    "P1-fleet": """\
20 clusters are 20 contexts of 2 real API servers (two more are istioctl's), each with the same objects: 20 API servers do not fit into such a machine.
We run one playbook over 20 hosts with forks=10; istioctl runs 20 times. The engine is all clusters in one process, 8 at once: the part of the work that
would be left if one task worked on the whole fleet.
""",
    "P4": """\
The set of 150 objects. 50 clusters are 50 addresses of 2 real API servers, each behind a proxy that delays by 25 ms each way and lets a new connection wait
for another round trip; bandwidth is not limited. We run one playbook over 50 hosts with forks=10, `kubernetes.core.k8s` one with forks=50. The engine is all
clusters in one process, 8 at once. The comparisons without a task and with ping run over the same 50 hosts: no playbook with one module per cluster takes less.
The targets are for the step of `site`: its plays with their connections and environment, and of their tasks the selection of the clusters, a registered plan
with the 150 objects, and the role's file that writes them. The peer has neither inventory variables nor a plan. The play with `mesh_config` alone stands
beside it.
Memory of all processes is what they hold together (pages that forks share count once), looked at in a run of its own.
""",
    "P6": """\
A key, a request and a CA certificate for each of 100 clusters, all signed by one root that is given as a file. We run `meshops.lifecycle.ca` on 100 hosts with
forks=10, as the role `trust` does: besides issuing, it looks at what each cluster holds, makes the namespace, and stores the CA as the Secret `cacerts`. The
clusters are 100 contexts of 2 real API servers with a namespace for each. The module runs in Ansible's own process. The peer is one playbook of three tasks
(`openssl_privatekey`, `openssl_csr`, `x509_certificate` with `ownca`), each a loop over 100 items on localhost. It writes files and no cluster, so it does
less; its loops use one core where we use both. Beside it the same work: these tasks and a fourth, in which `kubernetes.core.k8s` gives each cluster its
namespace and Secret. Both run once, whole. Afterwards 100 different CAs have to be there that the root signed, in the clusters with all but the first peer.
The target is set for the first peer, which does less.
What limits us: Ansible itself. A playbook whose only task is `debug` takes nearly half of our time on these 100 hosts, for each is a process forked from one
that gives them out in turn. Of the rest a profile gives the connection and its four requests over a third, making, reading and proving certificates less than
that, and the kubeconfig a tenth. The API servers and etcd share the same two cores.
What it does not show: RSA keys (a 4096-bit one takes about half a second to make, whoever makes it), and clusters that are far away.
""",
    "P7": """\
2,000 pods in 20 namespaces of one real API server. Their node and their proxies are a stub: the kubelet's own port forwarding, and behind it an answer with a
dump of secrets as Envoy gives it, with a certificate of its own for each proxy. 40 of them, others in each round, still show a certificate of the old root.
We run `rotation_info`, which asks every proxy, and have the playbook print who lags; a run in which it does not name just these 40 ends the benchmark.
There is no istiod.
The peer is `istioctl proxy-config secret --output=json` for one pod after the other, as a script would call it. It really runs over 20 pods and not over 2,000,
so times are compared per proxy. It prints certificates and gives no verdict. It asks for the whole dump of the configuration; the stub's has nothing but
secrets in it, and a real one is hundreds of times as large, which favours the peer here.
Lag: the module `rotation` waits for the same 2,000 proxies; once each was asked, the 40 get their new certificate one after the other. The seconds run from the
last one's change to the end of the playbook. Who has caught up is not asked again while pod, container and CA stay the same, so the verdict rests on
every proxy.
What limits us: CPU time on the two cores, of which the API server, etcd and the stub take more than half: for each proxy a connection has to be opened on both
sides of the API server, and pod and node are read. Of ours, nearly half was TLS handshakes before sessions were resumed. Questions to several pods cannot share
a connection.
What it does not show: how long istiod and the proxies take, networks with delays, and proxies that do not answer (5 s each, 64 at once). API server, stub and
contestant share the machine.
""",
    "P17": """\
The playbook `status` as a user starts it, with forks=20 and `status_fail: false`, on 1,000 clusters in 500 meshes. 50 of them are out of reach: 25 refuse
connections, and 25 let them wait, as behind a firewall that drops packets. A run whose table does not name just these 50 before all others, or in which
another cluster has a change or a fault, ends the benchmark.
The stubs are one process. A real `site` fills the two clusters of the first mesh; all others answer as these do, under their own names, addresses of their
networks and UIDs. Beside them stands the floor: as many `debug` tasks as `status` has, on the same hosts.
What limits `status`: CPU time. For each cluster Ansible makes five processes, one for a task, and collects the variables of each; the floor shows this part.
Of the rest, nearly half is the work itself, 30 requests with TLS and what is concluded from them, and the other half templates, which each process compiles
again. A cluster that lets a connection wait holds a fork for 10 s and costs no CPU time: two or three forks of 20 at any moment.
What it does not show: networks with delays, clusters with many workloads or proxies, and meshes of many clusters.
""",
    "P18-2": """\
The playbooks `site` and `status` as a user starts them, with forks=10, where nothing is to change. The clusters are stubs: the in-memory API server of the
unit tests behind TLS, all in one process, with istiod's answers at its debug port. A real `site` has filled them before: charts are rendered by the real Helm
for the first mesh and stored in the others under their names, and everything else is written by `site` itself. Two clusters are a mesh. A run in which a
cluster has something to change or fails ends the benchmark.
Beside them stands the floor: as many `debug` tasks as `site` has, on the same hosts. Requests are those that reached the stubs.
What limits `site`: CPU time. More than a third of it is Ansible's own part of each task, such as a fork and the variables; the floor shows this part. Of the
rest, most goes into compiling templates, which each forked process does again, and into the 85 questions of preflight about rights.
What it does not show: networks with delays, clusters with many workloads, and meshes of many clusters. In a mesh each cluster looks at each other one. Per pair
that takes about 1 ms of CPU time in each of ten tasks and 3 ms in the task that links them. In a mesh of 100 clusters each cluster takes 1.2 s more.
""",
    "P12": """\
30 VirtualServices, 30 DestinationRules, 25 AuthorizationPolicies and 15 ServiceEntries. Full pushes are counted by istiod's own metric
`pilot_pushcontext_init_seconds_count`, from before a run until it stands still. istiod is the real program, run as a process on the same API server,
without proxies: their number does not change how often it pushes, only what that costs. It gathers changes until nothing came for 0.1 s.
The loop runs over 5 objects of each kind and is scaled, its pushes too.
""",
    "P15": """\
200 Deployments with 5 pods each, in 20 namespaces of one stub cluster (as in P18) with two revisions, each with one replica of istiod. A run is one wave of
all 20 namespaces, to the other revision and in the next round back: the module `cutover` turns the namespaces, restarts 20 workloads at once, and waits until
each proxy is listed by the other istiod and in sync; then `cutover_gate` reads late workloads, pods without a sidecar and rejected configuration. A run after
which something is late ends the benchmark.
The stub makes new pods at once and its istiods take any number of proxies, so this is what the collection itself needs. A real istiod takes 30 to 40 sidecars
a second.
Each workload has a disruption budget that allows one pod, and no more than half of the workloads of a namespace start anew at once.
What it does not show: how long pods take to start, probes of the gate (50 requests, 50 a second on each path), several clusters, and networks with delays.
""",
    "P16": """\
2,000 namespaces with 5 Deployments of 2 pods each, all of them behind one revision tag. A run turns these 32,000 objects, as they were read, into what was
seen, passes that on as JSON as a module does to the role, and makes the plan with its waves, refusals and table.
What it does not show: reading the objects, and Ansible.
""",
}
FLOOR = """\
The first two lines are what any playbook with one task costs: a peer that takes less than their sum cannot be overtaken by a playbook on one cluster.
"""
METHOD = """\
## How it is measured

- **engine** is the time from the module's arguments to its result, without starting Ansible and without imports. **e2e** is a whole `ansible-playbook`.
- Ratios of P7 are per proxy.
- Contestants run in turn, every second round in the opposite order (A-B-B-A). Who is not ours and has run three times (in P6 and P7 once) and for a
  minute in a workload rests for the remaining rounds. For P1 and P2 each has namespaces and cluster-wide objects of its own on
  the same API server, and has run twice before. For P3 every run gets an API server that is new.
- Tools that need CRDs to be there first (kubectl, `kubernetes.core.k8s` as one task) apply them, wait until they are established, and go on; that is
  counted. Helm takes them from the chart's `crds` directory. Nobody waits for pods.
- Our playbook reads the set from a JSON file with `from_json`. From YAML, `from_yaml_all` takes 1.6 CPU seconds more for a set with Istio's CRDs.
- The loop over `kubernetes.core.k8s` runs over one object of each kind, where nothing else is said, and is scaled to the whole set after the start of
  Ansible is taken off: a full one would take minutes. Its requests and writes are scaled too.
- In P2 those who use server-side apply take the field by force (`force: true`, `--force-conflicts`), since another field manager owns it.
- Memory of the largest process is the largest seen in any run.
- CPU seconds are what the kernel counted for the process and its children. Requests and writes are those of the API server's audit log; a write
  that changes nothing is one all the same.
- After each run the objects are counted, and the drifted one is read: who leaves work undone is left out.
- p95 is the nearest rank, a value that was seen.
"""
