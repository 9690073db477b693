# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API server in memory with as much of Kubernetes and Istio as a cutover meets: controllers that make pods, webhooks, budgets, endpoints, istiods."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import Following
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.selector import matches
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.injection import Hook, Template, following, hooks
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.workloads import made_by

from . import gateway_istiod, istio_live
from .fake_cluster import FakeCluster
from .fake_server import FakeServer
from .istio_cutover import ENABLE, HOOKS, NAMESPACE, REV, World

KINDS = (
    Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True),
    Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", True),
    Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways", True),
    Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", True),
    Kind("networking.istio.io/v1", "VirtualService", "virtualservices", True),
    Kind("argoproj.io/v1alpha1", "Rollout", "rollouts", True),
)
API = {"Namespace": "v1", "Pod": "v1", "Service": "v1", "ServiceAccount": "v1", "ConfigMap": "v1", HOOKS: "admissionregistration.k8s.io/v1",
       "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1", "PodDisruptionBudget": "policy/v1",
       **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet"), "apps/v1"), **{kind.kind: kind.api_version for kind in KINDS}}  # fmt: skip
OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "Gateway")
_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_STORING = ("PATCH", "POST", "PUT", "DELETE")


Kept = tuple[int, dict[Any, dict[str, Any]]]


class Killed(BaseException):
    """The run ended after a write."""


class Backend(FakeServer):
    """`after` is called after each write that was stored, when the controllers have done their part."""

    planes: Mapping[str, str] = {}
    after: Callable[[], None] = staticmethod(lambda: None)
    stored = 0
    known: tuple[Any, list[Hook]] = ((), [])
    idle = False  # controllers wait until somebody calls control()

    def _handle(self, method: str, path: str, query: dict[str, str], body: Any, content_type: str) -> Answer:
        if path.endswith("/virtualservices") and query.get("dryRun") and self._validates(body["metadata"]["labels"].get(REV, "")):
            told = {"kind": "Status", "status": "Failure", "message": 'admission webhook "rev.validation.istio.io" denied the request: faulty'}
            return Answer(400, json.dumps(told).encode(), {})
        before = self.version, len(self.objects)
        answer = super()._handle(method, path, query, body, content_type)
        if method in _STORING and (self.version, len(self.objects)) != before:
            self._written()
        return answer

    def _written(self) -> None:
        self.stored += 1
        if not self.idle:
            self.control()
        self.after()

    def _validates(self, revision: str) -> bool:
        own = [one for one in self.of("ValidatingWebhookConfiguration") if (one["metadata"].get("labels") or {}).get(REV) == revision]
        return revision in self.planes and any(one["metadata"]["name"] != "istiod-default-validator" for one in own)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [live for live in list(self.objects.values()) if live["kind"] == kind]

    def follow(self, space: str, template: Template) -> Following:
        live = self.objects.get(("v1", "namespaces", None, space), {"metadata": {}})
        return following(space, live["metadata"].get("labels") or {}, template, self._hooks(), set(self.planes))

    def _hooks(self) -> list[Hook]:
        """Read anew only when a configuration was written."""
        there = [live for (_api, plural, *_where), live in self.objects.items() if plural == "mutatingwebhookconfigurations"]
        key = tuple(one["metadata"]["resourceVersion"] for one in there)
        if self.known[0] != key:
            self.known = key, hooks(there)
        return self.known[1]

    def control(self) -> None:
        """All controllers, until nothing is left to do."""
        self._program()
        for owner in [one for kind in OWNERS for one in self.of(kind)]:
            if owner["kind"] != "Gateway" or (owner["apiVersion"].startswith("gateway.") and not self._has_class(owner)):
                self._pods(owner)
        self._endpoints()

    def _has_class(self, gateway: Mapping[str, Any]) -> bool:
        """Of any other Gateway the pods are made without a Deployment, because a test is about its labels only."""
        return bool((gateway.get("spec") or {}).get("gatewayClassName"))

    def _program(self) -> None:
        """The istiod of its revision makes what a Gateway needs, and says what is attached. What belongs to none any more goes."""
        gateways = [one for one in self.of("Gateway") if one["apiVersion"].startswith("gateway.") and self._has_class(one)]
        there = {one["metadata"]["uid"] for one in gateways}
        for key, live in list(self.objects.items()):
            owners = [each for each in live["metadata"].get("ownerReferences") or [] if each["kind"] == "Gateway" and live["kind"] in gateway_istiod.API]
            if owners and not there.intersection(each["uid"] for each in owners):
                del self.objects[key]
        for gateway in gateways:
            revision = self.revision_of(gateway)
            if revision in self.planes:
                self._make(gateway, revision)
            routes = sum((gateway["metadata"]["namespace"], gateway["metadata"]["name"]) in gateway_istiod.names(one) for one in self.of("HTTPRoute"))
            gateway["status"] = {"listeners": [{"name": one["name"], "attachedRoutes": routes} for one in gateway["spec"]["listeners"]]}

    def _make(self, gateway: dict[str, Any], revision: str) -> None:
        space, wanted = gateway["metadata"]["namespace"], gateway_istiod.parameters_of(gateway)
        parameters = self.objects.get(("v1", "configmaps", space, wanted))
        if wanted and parameters is None:
            return
        for one in gateway_istiod.made(gateway, revision, (parameters or {}).get("data")):
            key = (one["apiVersion"], f"{one['kind'].lower()}s", space, one["metadata"]["name"])
            live = self.objects.get(key)
            if gateway_istiod.manages(live):
                self._apply(key, one, live)

    def _apply(self, key: Any, one: dict[str, Any], live: dict[str, Any] | None) -> None:
        """What others set stays: notes, and the number of pods."""
        after = copy.deepcopy(live) if live else copy.deepcopy(one)
        after["metadata"] |= {part: one["metadata"][part] for part in ("labels", "ownerReferences")}
        if live and one["kind"] == "Deployment":
            assert live["spec"]["selector"] == one["spec"]["selector"], "a selector cannot be changed"
        after["spec"] = {**(after.get("spec") or {}), **(one.get("spec") or {})}
        if after != live:
            after["metadata"]["generation"] = after["metadata"].get("generation", 0) + 1
            self._store(key, after, react=False)

    def _pods(self, owner: dict[str, Any]) -> None:
        meta, spec = owner["metadata"], owner.get("spec") or {}
        if (meta.get("labels") or {}).get("app") == "istiod":
            return
        own = [pod for pod in self.of("Pod") if pod["metadata"]["ownerReferences"][0].get("uid") == meta["uid"]]
        template, revision = self._template(owner)
        digest = json.dumps([template, spec.get("restartAt"), revision if owner["kind"] == "Gateway" else ""], sort_keys=True)
        kept = (spec.get("updateStrategy") or {}).get("type") == "OnDelete"
        stays = [pod for pod in own if kept or pod["metadata"]["annotations"]["digest"] == digest]
        wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
        for pod in [one for one in own if one not in stays] + stays[wanted:]:
            del self.objects["v1", "pods", meta["namespace"], pod["metadata"]["name"]]
        for _replica in range(wanted - len(stays)):
            self._pod(owner, template, digest)
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas", "desiredNumberScheduled", "numberAvailable",
                                "currentNumberScheduled", "updatedNumberScheduled"), wanted)  # fmt: skip
        argo = {"phase": "Healthy", "restartedAt": spec.get("restartAt")} if owner["kind"] == "Rollout" else {}
        owner["status"] = {**counts, **argo, "observedGeneration": meta["generation"]}

    def _template(self, owner: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """istiod makes the pods of a Gateway, which follows its own label or that of its namespace."""
        meta = owner["metadata"]
        if owner["kind"] != "Gateway":
            template = owner["spec"]["template"]
            return template, self.follow(meta["namespace"], Template.of(template)).revision
        revision = self.revision_of(owner)
        return {"metadata": {"labels": {_GATEWAY_NAME: meta["name"], REV: revision}}}, revision

    def revision_of(self, gateway: Mapping[str, Any]) -> str:
        """It follows its own label, or that of its namespace."""
        named = (gateway["metadata"].get("labels") or {}).get(REV)
        return self.follow("" if named else gateway["metadata"]["namespace"], Template({REV: named} if named else {}, {})).revision

    def _pod(self, owner: dict[str, Any], template: Mapping[str, Any], digest: str) -> None:
        meta, kind = owner["metadata"], owner["kind"]
        follows = self.follow(meta["namespace"], Template.of(template))
        if follows.blocked:
            return
        revision = template["metadata"]["labels"].get(REV, "") if kind == "Gateway" else follows.revision
        name = f"{meta['name']}-{self.version + 1}"
        labels, notes = dict(template["metadata"].get("labels") or {}), dict(template["metadata"].get("annotations") or {})
        references = [{"kind": kind, "name": meta["name"], "uid": meta["uid"], "controller": True}]
        notes |= {"digest": digest, **({REV: revision} if revision else {})}
        pod = {"name": name, "namespace": meta["namespace"], "labels": labels, "annotations": notes, "ownerReferences": references}
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        self._store(("v1", "pods", meta["namespace"], name), {"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": {}, "status": status}, react=False)

    def _endpoints(self) -> None:
        for service in self.of("Service"):
            meta, picks = service["metadata"], (service.get("spec") or {}).get("selector")
            if picks and meta["name"] != f"istiod-revision-tag-{meta.get('labels', {}).get('istio.io/tag')}":
                self._slice(meta["namespace"], meta["name"], picks)

    def _slice(self, space: str, service: str, picks: Mapping[str, str]) -> None:
        pods = [pod for pod in self.of("Pod") if pod["metadata"]["namespace"] == space and matches({"matchLabels": picks}, pod["metadata"]["labels"])]
        endpoints = [{"targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]}, "conditions": {"ready": True}} for pod in pods]
        meta = {"name": f"{service}-1", "namespace": space, "labels": {"kubernetes.io/service-name": service}}
        live = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "endpoints": endpoints}
        self._store(("discovery.k8s.io/v1", "endpointslices", space, meta["name"]), live, react=False)


class CutoverCluster(FakeCluster):
    """What the API server of a World holds, and istiods that say which proxies they made."""

    backend: Backend

    def __init__(self, there: World, *more: Mapping[str, Any], **settings: Any) -> None:
        objects = [_whole(kind, one) for kind, known in there.live.items() if kind != "Pod" for one in known]
        planes = [istio_live.deployment(name, image=f"docker.io/istio/pilot:{version}") for name, version in there.planes.items()]
        pods = [istio_live.pod(f"istiod-{name}-1", name) for name in there.planes]
        for pod in pods:
            pod["metadata"]["labels"]["sidecar.istio.io/inject"] = "false"  # as the chart says of istiod itself
            pod["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "uid": "none", "name": "istiod", "controller": True}]
        super().__init__(kinds=KINDS, react=lambda _live: None, **settings)
        self.backend = self.transport.backend = Backend((), KINDS, (), lambda _live: None, "11111111-0000-4000-8000-000000000001")
        self.backend.planes = there.planes
        for one in [*objects, *planes, *pods, *(_whole(each["kind"], each) for each in more)]:
            self.backend.seed(one)
        self.backend.control()

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Any]:
        return [Answer(200, self._proxies(question.pod.removeprefix("istiod-").removesuffix("-1"))) for question in questions]

    def _proxies(self, revision: str) -> bytes:
        made = [pod["metadata"] for pod in self.backend.of("Pod") if made_by(pod) == revision and pod["metadata"]["labels"].get("app") != "istiod"]
        return json.dumps([istio_live.synced(f"{meta['name']}.{meta['namespace']}") for meta in made]).encode()

    def kill_after(self, writes: int) -> None:
        """End the run after so many more writes."""
        last = self.backend.stored + writes

        def kill() -> None:
            if self.backend.stored >= last:
                raise Killed

        self.watch(kill)

    def live(self, kind: str, namespace: str | None, name: str) -> dict[str, Any]:
        """The stored object itself."""
        return next(one for one in self.backend.of(kind) if one["metadata"]["name"] == name and one["metadata"].get("namespace") == namespace)

    def kept(self) -> Kept:
        return self.backend.version, copy.deepcopy(self.backend.objects)

    def back_to(self, kept: Kept) -> None:
        """As a run that ended there left it."""
        self.backend.version, self.backend.objects = kept[0], copy.deepcopy(kept[1])
        self.watch()

    def watch(self, *looks: Callable[[], None]) -> None:
        def every() -> None:
            for look in looks:
                look()

        self.backend.after = every  # type: ignore[method-assign]

    def picture(self) -> dict[str, Any]:
        """Everything but pods and what the server numbers; of pods, whose proxies the workloads have."""
        kinds = {kind: sorted((_bare(one) for one in self.backend.of(kind)), key=lambda one: json.dumps(one, sort_keys=True))
                 for kind in {*API} - {"Pod", "EndpointSlice"}}  # fmt: skip
        return {**kinds, "Pod": sorted((_owner(pod), made_by(pod)) for pod in self.backend.of("Pod"))}


def _owner(pod: Mapping[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['ownerReferences'][0]['name']}"


def _bare(live: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: copy.deepcopy(value) for key, value in live.items() if key != "status"}
    for key in ("resourceVersion", "uid", "managedFields", "generation", "creationTimestamp"):
        shown["metadata"].pop(key, None)
    if not shown["metadata"].get("annotations"):
        shown["metadata"].pop("annotations", None)
    (shown.get("spec") or {}).pop("restartAt", None)
    template = (shown.get("spec") or {}).get("template") or {}
    (template.get("metadata", {}).get("annotations") or {}).pop("kubectl.kubernetes.io/restartedAt", None)
    return shown


def _whole(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """As an API server completes it."""
    live = {"apiVersion": API[kind], "kind": kind, **copy.deepcopy(dict(one))}
    spec = live.get("spec") or {}
    if kind in OWNERS[:-1]:
        spec.setdefault("selector", {"matchLabels": {"app": spec["template"]["metadata"]["labels"]["app"]}})
    return live


__all__ = ["ENABLE", "NAMESPACE", "REV", "CutoverCluster", "Killed"]
