# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of objects that obeys the writes of a cutover: patches change it, controllers make pods anew, webhooks inject as their selectors say."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState, Following
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Order
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import observation, pointers, turning
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.injection import Hook, Template, following, hooks
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import tags

from . import istio_live

HOOKS = "MutatingWebhookConfiguration"
NAMESPACE = "istio-system"


def _in(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": [value]}


def _absent(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "operator": "DoesNotExist"} for key in keys]


REV, ENABLE, INJECT = "istio.io/rev", "istio-injection", "sidecar.istio.io/inject"
ALLOWED = {"key": INJECT, "operator": "NotIn", "values": ["false"]}


def injector(revision: str, ignored: bool = False) -> dict[str, Any]:
    """The webhooks that the chart makes for a revision; those of the default rule only for the revision default."""
    parts = [("rev.namespace", [_in(REV, revision), *_absent(ENABLE)], [ALLOWED]), ("rev.object", _absent(REV, ENABLE), [ALLOWED, _in(REV, revision)])]
    if revision == "default":
        parts += [("namespace", [_in(ENABLE, "enabled")], [ALLOWED]), ("object", _absent(ENABLE, REV), [_in(INJECT, "true"), *_absent(REV)])]
    name = "istiod" if revision == "default" else f"istiod-{revision}"
    suffix = "" if revision == "default" else f"-{revision}"
    return {
        "metadata": {"name": f"istio-sidecar-injector{suffix}", "labels": {REV: revision, "app": "sidecar-injector"}},
        "webhooks": [
            {
                "name": f"{prefix}.sidecar-injector.istio.io",
                "clientConfig": {"service": {"name": name, "namespace": NAMESPACE, "path": "/inject"}},
                "namespaceSelector": {"matchExpressions": spaces},
                "objectSelector": {"matchExpressions": pods},
                "failurePolicy": "Ignore" if ignored else "Fail",
            }
            for prefix, spaces, pods in parts
        ],
    }


def tag(name: str, revision: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both halves of a tag, as this collection makes them."""
    service, webhook = tags.manifests(ControlPlane("east", "prod", version="1.30.0", revision=revision, tags=(name,), namespace=NAMESPACE))
    return service, webhook


def deployment(space: str, name: str, labels: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name, **(labels or {})}, "annotations": more.pop("annotations", {})}, "spec": more.pop("spec", {})}
    return {"metadata": {"name": name, "namespace": space, **more}, "spec": {"replicas": 1, "template": template}}


def api_gateway(space: str, name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"apiVersion": "gateway.networking.k8s.io/v1", "metadata": {"name": name, "namespace": space, "labels": labels or {}}, "spec": {}}


def space(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}}


def merge(live: dict[str, Any], patch: dict[str, Any]) -> None:
    """A JSON merge patch."""
    for key, value in patch.items():
        if value is None:
            live.pop(key, None)
        elif isinstance(value, dict):
            merge(live.setdefault(key, {}), value)
        else:
            live[key] = value


@dataclass
class World:
    """Everything that one cluster holds. `planes` are the revisions whose control plane runs, by version."""

    live: dict[str, list[dict[str, Any]]]
    planes: dict[str, str] = field(default_factory=lambda: {"blue": "1.30.1", "green": "1.31.0"})
    number: int = 0
    known: Any = None

    @classmethod
    def of(cls, spaces: Iterable[Any], workloads: Iterable[Any], tags_to: dict[str, str], validator: str = "blue", **more: Any) -> World:
        planes = more.pop("planes", {"blue": "1.30.1", "green": "1.31.0"})
        halves = [tag(name, revision) for name, revision in tags_to.items()]
        live = {
            "Namespace": [space(NAMESPACE), *spaces],
            "Deployment": list(workloads),
            HOOKS: [*(injector(revision) for revision in planes), *(webhook for _service, webhook in halves)],
            "Service": [*(service for service, _webhook in halves), *more.pop("services", ())],
            "ValidatingWebhookConfiguration": [{"metadata": {"name": "istiod-default-validator", "labels": {REV: validator, "app": "istiod"}}}],
            "Pod": [],
            "Gateway": list(more.pop("gateways", ())),
            **more,
        }
        world = cls(live, planes)
        for one in [*live["Deployment"], *live["Gateway"]]:
            world.roll(one)
        return world

    def state(self) -> ClusterState:
        planes = [ControlPlaneRevision(name, version, 1, 1) for name, version in self.planes.items()]
        connections = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): (self._served(pod), True) for pod in self.live["Pod"]}
        return observation.state("east", self.live, planes, connections)

    def _served(self, pod: dict[str, Any]) -> str:
        return str(pod["metadata"]["annotations"].get(REV, ""))

    def follow(self, name: str, template: Template) -> Following:
        labels = self.one("Namespace", "", name)["metadata"]["labels"] if name else {}
        return following(name, labels, template, self.hooks(), set(self.planes))

    def hooks(self) -> list[Hook]:
        """Configurations are replaced, never changed, so those that were read once are known."""
        key = tuple(id(one) for one in self.live[HOOKS])
        if self.known is None or self.known[0] != key:
            self.known = (key, hooks(self.live[HOOKS]), list(self.live[HOOKS]))
        return self.known[1]

    def one(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        return next(one for one in self.live[kind] if one["metadata"]["name"] == name and one["metadata"].get("namespace", "") == namespace)

    def roll(self, owner: dict[str, Any]) -> None:
        """The controller makes the pods anew; the webhooks inject them."""
        meta = owner["metadata"]
        kind = "Gateway" if owner.get("apiVersion", "").startswith("gateway.") else "Deployment"
        if kind == "Gateway":
            labels, annotations = {"gateway.networking.k8s.io/gateway-name": meta["name"]}, {}
            named = meta["labels"].get(REV)
            follows = self.follow("" if named else meta["namespace"], Template({REV: named} if named else {}, {}))
            revision = follows.revision
        else:
            template = owner["spec"]["template"]
            labels, annotations = dict(template["metadata"]["labels"]), dict(template["metadata"]["annotations"])
            follows = self.follow(meta["namespace"], Template.of(template))
            if follows.blocked:
                return
            revision = follows.revision
        self.live["Pod"] = [pod for pod in self.live["Pod"] if pod["metadata"]["owner"] != (kind, meta["namespace"], meta["name"])]
        owners = [{"kind": kind, "name": meta["name"], "controller": True}]
        for _replica in range(owner["spec"].get("replicas", 1)):
            self.number += 1
            name = f"{meta['name']}-{self.number}"
            made = {**annotations, **({REV: revision} if revision else {})}
            pod = {"name": name, "namespace": meta["namespace"], "labels": labels, "annotations": made, "ownerReferences": owners}
            self.live["Pod"].append({
                "metadata": {**pod, "owner": (kind, meta["namespace"], meta["name"])},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
            })

    def obey(self, order: Order) -> None:
        getattr(self, "_" + order.what.replace(" ", "_"))(order)

    def _turn(self, order: Order) -> None:
        live = self.one("Namespace", "", order.name)
        merge(live, turning.turn(live, order.to, {hook.tag: hook.revision for hook in self.hooks() if hook.tag}, order.undoes))
        self.gateways(order.name)

    def _restore(self, order: Order) -> None:
        live = self.one("Namespace", "", order.name)
        merge(live, turning.restore(live))
        self.gateways(order.name)

    def gateways(self, space: str = "") -> None:
        """istiod programs Gateways of its own accord: another label is another owner at once."""
        for gateway in self.live["Gateway"]:
            if gateway["metadata"]["namespace"] == space or not space:
                self.roll(gateway)

    def _relabel(self, order: Order) -> None:
        live = self.one(order.kind, order.namespace, order.name)
        merge(live, turning.relabel(order.to, self._away(order)))
        self.roll(live)

    def _restart(self, order: Order) -> None:
        self.roll(self.one(order.kind, order.namespace, order.name))

    def _pin(self, order: Order) -> None:
        merge(self.one("Gateway", order.namespace, order.name), turning.pin(order.to))

    def _unpin(self, order: Order) -> None:
        live = self.one("Gateway", order.namespace, order.name)
        merge(live, turning.unpin())
        self.roll(live)

    def _hand_over(self, order: Order) -> None:
        live = self.one("Gateway", order.namespace, order.name)
        merge(live, turning.hand_over(order.to, self._away(order)))
        self.roll(live)

    def _raise(self, order: Order) -> None:
        live = self.one(order.kind, order.namespace, order.name)
        name = f"{order.name.removesuffix('-green').removesuffix('-blue')}-{order.to}"
        there = [one for one in self.live["Deployment"] if one["metadata"]["name"] == name]
        second = there[0] if there else copy.deepcopy(live)
        second["metadata"]["name"] = name
        second["spec"]["replicas"] = 1
        second["spec"]["template"]["metadata"]["labels"][REV] = order.to
        self.live["Deployment"] += [] if there else [second]
        self.roll(second)

    def _drain(self, order: Order) -> None:
        live = self.one(order.kind, order.namespace, order.name)
        live["spec"]["replicas"] = 0
        self.roll(live)

    def _point_service(self, order: Order) -> None:
        name = f"istiod-revision-tag-{order.name}"
        found = [one for one in self.live["Service"] if one["metadata"]["name"] == name]
        away = "" if order.undoes else self._away(order)
        self._put("Service", pointers.service(found[0], order.to, away) if found else pointers.noted(tag(order.name, order.to)[0], away))
        self.gateways()

    def _point_webhook(self, order: Order) -> None:
        name = f"istio-revision-tag-{order.name}"
        found = [one for one in self.live[HOOKS] if one["metadata"]["name"] == name]
        away = "" if order.undoes else self._away(order)
        self._put(HOOKS, pointers.webhook(found[0], order.to, away) if found else pointers.noted(tag(order.name, order.to)[1], away))
        self.gateways()

    def _away(self, order: Order) -> str:
        """The other revision."""
        return next(name for name in self.planes if name != order.to)

    def _narrow(self, order: Order) -> None:
        self._put(HOOKS, pointers.narrow(self.one(HOOKS, "", "istio-sidecar-injector")))

    def _validate(self, order: Order) -> None:
        default = self.live["ValidatingWebhookConfiguration"][0]
        default["metadata"]["labels"][REV] = order.to
        self.live["ValidatingWebhookConfiguration"][0] = pointers.noted(default, "" if order.undoes else self._away(order))

    def _put(self, kind: str, manifest: dict[str, Any]) -> None:
        self.live[kind] = [*(one for one in self.live[kind] if one["metadata"]["name"] != manifest["metadata"]["name"]), manifest]

    def picture(self) -> Any:
        """What stands in the end: everything but names of pods."""
        pods = sorted((*pod["metadata"]["owner"], pod["metadata"]["annotations"].get(REV, "")) for pod in self.live["Pod"])
        kinds = {kind: sorted(copy.deepcopy(self.live[kind]), key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"]))
                 for kind in self.live if kind != "Pod"}
        for one in itertools.chain(*kinds.values()):
            if not one["metadata"].get("annotations", True):
                del one["metadata"]["annotations"]
        return kinds, pods


VERSIONS = {"Namespace": "v1", "Pod": "v1", "Service": "v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1",
            "PodDisruptionBudget": "policy/v1", HOOKS: "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
            "VirtualService": "networking.istio.io/v1"}  # fmt: skip


def stored(there: World) -> list[dict[str, Any]]:
    """Everything of a cluster as its API server has it, with an istiod of each revision."""
    objects = [{"apiVersion": VERSIONS.get(kind, ""), "kind": kind, **copy.deepcopy(one)} for kind, found in there.live.items() for one in found]
    planes = [istio_live.deployment(name, image=f"docker.io/istio/pilot:{version}") for name, version in there.planes.items()]
    pods = [istio_live.pod(f"istiod-{name}-1", name) for name in there.planes]
    for pod in pods:
        pod["metadata"]["labels"][INJECT] = "false"  # as the chart says of istiod itself
    return [*objects, *planes, *pods]


def said(there: World, **odd: Any) -> dict[tuple[str, str, int, str], bytes]:
    """What each istiod says of the proxies that it made; `odd` are other entries, by revision."""
    entries: dict[str, list[Any]] = {revision: list(odd.get(revision, ())) for revision in there.planes}
    for pod in there.live["Pod"]:
        meta = pod["metadata"]
        if (revision := meta["annotations"].get(REV)) in entries:
            entries[revision].append(istio_live.synced(f"{meta['name']}.{meta['namespace']}"))
    return {(NAMESPACE, f"istiod-{name}-1", 15014, "/debug/syncz"): json.dumps(rows).encode() for name, rows in entries.items()}
