# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cutover moves besides the servers and the client of the load: an ingress gateway, and workloads that no Deployment makes anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .app import LABEL, STREAM, Objects, Stage, picture
from .byhand import MESH
from .counters import COUNTED

CANARY, INGRESS, DECOY = "drill-canary", "drill-ingress", "decoy"
# Nobody renews this one: it breaks where its server or a gateway on the way ends, and is opened again.
ENDLESS = "across-endless"
DRAIN, GRACE = "12s", 40


def stage(clusters: Sequence[str], serving: str, servers: int) -> Stage:
    """One namespace follows the default tag, one names the revision, and so does a gateway in a namespace without a label."""

    def more(cluster: str) -> Objects:
        first = cluster == clusters[0]
        return [*canary(serving), *(ingress(serving) if first else ()), *([budget(cluster)] if servers > 1 else [])]

    return Stage(servers=servers, gateway=INGRESS, pace=0.025, streams={STREAM: 2.0, ENDLESS: 0.0}, restarts=True, spaces=(CANARY,), more=more)


def _object(version: str, kind: str, name: str, namespace: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": dict(LABEL)}, **content}


def budget(cluster: str) -> dict[str, Any]:
    """Of two servers one always answers, whoever wants to evict them."""
    return _object("policy/v1", "PodDisruptionBudget", f"server-{cluster}", "drill",
                   spec={"minAvailable": 1, "selector": {"matchLabels": {"app": f"server-{cluster}"}}})


def canary(serving: str) -> Iterator[dict[str, Any]]:
    """Nobody asks these. The StatefulSet waits until somebody deletes its pods; the decoy shows that the witness sees a pod without a sidecar."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CANARY, "labels": {"istio.io/rev": serving}}}
    yield _object("v1", "Service", "keeper", CANARY, spec={"clusterIP": "None", "selector": {"app": "keeper"}, "ports": [{"name": "http", "port": 8080}]})
    yield _object("apps/v1", "StatefulSet", "keeper", CANARY, spec={
        "serviceName": "keeper", "updateStrategy": {"type": "OnDelete"}, "selector": {"matchLabels": {"app": "keeper"}}, "template": _template("keeper")})
    yield _object("apps/v1", "DaemonSet", "everywhere", CANARY, spec={"selector": {"matchLabels": {"app": "everywhere"}}, "template": _template("everywhere")})
    # A pod may be there before the namespace has its default account.
    yield _object("v1", "ServiceAccount", DECOY, CANARY)
    decoy = _object("v1", "Pod", DECOY, CANARY, spec={**_pod(), "serviceAccountName": DECOY})
    decoy["metadata"]["labels"]["sidecar.istio.io/inject"] = "false"
    yield decoy


def _template(app: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": _pod()}


def _pod() -> dict[str, Any]:
    one = {"name": "traffic", "image": picture(), "imagePullPolicy": "IfNotPresent", "args": ["serve"]}
    return {"terminationGracePeriodSeconds": 2, "containers": [one]}


def ingress(serving: str) -> Iterator[dict[str, Any]]:
    """A gateway as Istio's chart makes it; istiod gives it a Secret only if its account may read Secrets."""
    yield _object("v1", "ServiceAccount", INGRESS, MESH)
    reads = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}
    yield _object("rbac.authorization.k8s.io/v1", "Role", INGRESS, MESH, rules=[reads])
    yield _object("rbac.authorization.k8s.io/v1", "RoleBinding", INGRESS, MESH, subjects=[{"kind": "ServiceAccount", "name": INGRESS, "namespace": MESH}],
                  roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": INGRESS})
    labels = {"istio": INGRESS, "sidecar.istio.io/inject": "true", "istio.io/rev": serving}
    annotations = {"inject.istio.io/templates": "gateway", "proxy.istio.io/config": json.dumps({"terminationDrainDuration": DRAIN, **COUNTED})}
    container: Mapping[str, Any] = {"name": "istio-proxy", "image": "auto", "imagePullPolicy": "IfNotPresent"}
    pod = {"serviceAccountName": INGRESS, "terminationGracePeriodSeconds": GRACE, "containers": [container]}
    yield _object("apps/v1", "Deployment", INGRESS, MESH, spec={
        "selector": {"matchLabels": {"istio": INGRESS}}, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod}})
