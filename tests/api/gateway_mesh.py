# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two real istiods that make what Gateways need, on an API server where no pod runs. Pods are made here, and who serves them is answered here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.selector import matches
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import REV, injector
from meshlab import apionly, golang, paths, programs

from .cutover_mesh import NAMESPACE, CutoverMesh, running
from .istio_crds import charts
from .kubelet import kubelet
from .test_cutover_info import istiod, labelled, pod, report

GROUP, SPACE = "gateway.networking.k8s.io", "doors"
GATEWAY_NAME = f"{GROUP}/gateway-name"
# Both drop the configuration of a Gateway that changes its revision, by these versions. What runs is whatever the lab has.
VERSIONS = {"blue": "1.28.0", "green": "1.29.0"}
_MADE = (("v1", "Service"), ("v1", "ServiceAccount"), ("apps/v1", "Deployment"))


def gateway_crds() -> list[dict[str, Any]]:
    """Those of the version that istiod is built with."""
    go = golang.toolchain()
    words = [str(go), "mod", "download", "-json", "sigs.k8s.io/gateway-api"]
    told = subprocess.run(words, cwd=paths.PROGRAMS / "istio", env=golang.environment(go), capture_output=True, text=True, check=True).stdout
    files = sorted(Path(json.loads(told)["Dir"], "config/crd/experimental").glob("gateway.networking.*.yaml"))
    found = [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]
    return [one for one in found if one["kind"] == "CustomResourceDefinition"]


@dataclass
class GatewayMesh(CutoverMesh):
    """`odd` is what must not be seen at any time."""

    odd: list[str] = field(default_factory=list)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    def control(self) -> None:
        self._collect()
        pods = self.cluster.list("v1", "Pod", SPACE)
        for owner in self.cluster.list("apps/v1", "Deployment", SPACE):
            own = [one for one in pods if any(each["uid"] == owner["metadata"]["uid"] for each in one["metadata"].get("ownerReferences") or [])]
            self._follow(owner, own)
        self._endpoints()

    def _collect(self) -> None:
        """What belongs to a Gateway goes with it."""
        there = {one["metadata"]["uid"] for one in self.cluster.list(f"{GROUP}/v1", "Gateway", SPACE)}
        for api, kind in _MADE:
            for one in self.cluster.list(api, kind, SPACE):
                owners = {each["uid"] for each in one["metadata"].get("ownerReferences") or []}
                if owners and not owners & there:
                    self.cluster.delete([Ref.of({"apiVersion": api, "kind": kind, **one})])
                    if one["metadata"]["name"] == "door-istio":
                        self.odd.append(f"{kind} door-istio went")

    def _make(self, owner: Mapping[str, Any], name: str, digest: str) -> None:
        meta, template = owner["metadata"], owner["spec"]["template"]
        references = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": meta["name"], "uid": meta["uid"], "controller": True}]
        made = pod(SPACE, name, serviceAccountName=template["spec"]["serviceAccountName"])
        made["metadata"] |= {"labels": {**template["metadata"]["labels"], "digest": digest}, "annotations": template["metadata"]["annotations"],
                             "ownerReferences": references}  # fmt: skip
        self.seen[meta["name"]] = {**made["metadata"]["labels"], "account": template["spec"]["serviceAccountName"]}
        self.cluster.create(made)
        report(self.cluster, f"/api/v1/namespaces/{SPACE}/pods/{name}", phase="Running", conditions=[{"type": "Ready", "status": "True"}])

    def _endpoints(self) -> None:
        pods = [one for one in self.cluster.list("v1", "Pod", SPACE) if not one["metadata"].get("deletionTimestamp")]
        for service in self.cluster.list("v1", "Service", SPACE):
            name, picks = service["metadata"]["name"], {"matchLabels": service["spec"]["selector"]}
            behind = [one["metadata"]["name"] for one in pods if matches(picks, one["metadata"]["labels"])]
            ends = [{"addresses": ["192.0.2.1"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": one}} for one in behind]
            slices = labelled("EndpointSlice", "discovery.k8s.io/v1", f"{name}-1", SPACE, labels={"kubernetes.io/service-name": name},
                              addressType="IPv4", endpoints=ends)  # fmt: skip
            self.cluster.apply([slices])
            if name == "door-istio" and self.started and not behind:
                self.odd.append("nothing serves behind the Service of the Gateway")

    @property
    def started(self) -> bool:
        return "door-second-istio" in self.seen


def _parameters(revision: str, helm: Path) -> list[dict[str, Any]]:
    """The ConfigMaps of the chart: istiod's own templates."""
    words = [str(helm / "helm"), "template", f"istiod-{revision}", str(charts() / "istiod"), "-n", NAMESPACE, "--set", f"revision={revision}"]
    made = yaml.safe_load_all(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return [one for one in made if one and one["kind"] == "ConfigMap"]


@contextmanager
def real_istiod(revision: str, place: Path, kubeconfig: Path, folder: Path) -> Iterator[None]:
    """It signs nothing and injects nothing: what it makes for Gateways needs neither."""
    ports = apionly.free_ports(4)
    flags = [f"--{name}=127.0.0.1:{port}" for name, port in zip(("httpAddr", "grpcAddr", "monitoringAddr", "secureGRPCAddr"), ports, strict=True)]
    words = [str(place / "pilot-discovery"), "discovery", f"--kubeconfig={kubeconfig}", "--httpsAddr=", "--ctrlz_port=0", *flags]
    own = {"POD_NAMESPACE": NAMESPACE, "POD_NAME": f"istiod-{revision}-real", "REVISION": revision, "CLUSTER_ID": "east", "ENABLE_CA_SERVER": "false",
           "PILOT_CERT_PROVIDER": "none", "INJECTION_WEBHOOK_CONFIG_NAME": "", "VALIDATION_WEBHOOK_CONFIG_NAME": ""}  # fmt: skip
    with (folder / f"{revision}.log").open("wb") as log:
        child = subprocess.Popen(words, env={**os.environ, **own}, cwd=folder, stdout=log, stderr=log, preexec_fn=apionly.end_with_parent)
        try:
            yield
        finally:
            child.kill()
            child.wait()


@contextmanager
def gateway_mesh(cluster: Cluster, server: Any, options: dict[str, Any], folder: Path, place: Path | None = None) -> Iterator[GatewayMesh]:
    mesh = GatewayMesh(cluster, server, options)
    built = programs.ensure(["istio", "helm"])
    with ExitStack() as stack:
        cluster.apply([labelled("Namespace", "v1", name) for name in (NAMESPACE, SPACE)])
        cluster.apply(gateway_crds())
        for revision, version in VERSIONS.items():
            plane = istiod(revision)
            plane["metadata"]["namespace"] = NAMESPACE
            plane["spec"]["template"]["spec"]["containers"][0]["image"] = f"istio/pilot:{version}"
            hooks = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", **injector(revision)}
            for each in hooks["webhooks"]:
                each |= {"sideEffects": "None", "admissionReviewVersions": ["v1"],
                         "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]}  # fmt: skip
            cluster.apply([plane, hooks, *_parameters(revision, built["helm"])])
            node = stack.enter_context(kubelet(server.directory / "pki"))
            node.answer = lambda _request, name=revision: mesh.said(name)  # type: ignore[misc]
            running(mesh, revision, node.port)
            stack.enter_context(real_istiod(revision, place or built["istio"], server.kubeconfig, folder))
        stack.enter_context(mesh.acting())
        yield mesh


__all__ = ["GATEWAY_NAME", "GROUP", "NAMESPACE", "REV", "SPACE", "GatewayMesh", "gateway_crds", "gateway_mesh"]
