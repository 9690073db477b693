# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that the API server is asked to make and does not: what comes back shows who injects, before anything has moved."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from ...._mesh.cutover.observed import NAMED, NOTHING, Following
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.trial import Trial
from ...._mesh.objects.shapes import Manifest, Object
from .injection import ENABLE, INJECT, REV, Template, hooks
from .observation import follower
from .workloads import CONTROLLERS

NAME = "meshops-cutover-trial"
_UNPRIVILEGED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_IDLE = {"name": "trial", "image": "registry.k8s.io/pause:3.10", "securityContext": _UNPRIVILEGED}
_HOOKS = "MutatingWebhookConfiguration"
_OF_EACH_NAMESPACE = "kubernetes.io/metadata.name"
_ALSO = "another webhook also injects there, so mend its selectors or the labels"
# Of a refusal that is the injector's, and not that of a quota or a policy: the name of a webhook, or the address at which istiod was asked.
_INJECTOR = ("sidecar-injector", "istiod")


def trials(scene: Scene, after: str = "", space: str = "") -> list[Trial]:
    """One for each kind of namespace and template that the webhooks tell apart; with `after`, one in the namespace `space`, which names that revision."""
    if after:
        return [Trial(space, _pod(space, {}), Following(NAMED, after, after))]
    live, known = scene.live, hooks(scene.live.get(_HOOKS, ()))
    follow = follower(live, known, {one.revision for one in scene.state.revisions if one.ready})
    names = sorted({REV, ENABLE, INJECT}.union(*(hook.keys for hook in known)) - {_OF_EACH_NAMESPACE})
    labels = {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in live.get("Namespace", ())}
    kinds: dict[object, list[tuple[str, Object, Following]]] = {}
    for space, pod in _templates(live):
        template = Template.of(pod)
        following = follow(space, template)
        if following.rule != NOTHING:
            own = tuple(labels.get(space, {}).get(name) for name in names)
            kinds.setdefault((own, template.key(names)), []).append((space, pod, following))
    return [Trial(space, _pod(space, pod), following, len(members)) for members in kinds.values() for space, pod, following in members[:1]]


def _templates(live: Mapping[str, Iterable[Object]]) -> Iterable[tuple[str, Object]]:
    for kind in CONTROLLERS:
        for one in live.get(kind, ()):
            spec = one.get("spec") or {}
            yield str(one["metadata"]["namespace"]), _claimed(spec.get("template") or {}, spec.get("volumeClaimTemplates") or ())


def _claimed(template: Object, claims: Iterable[Object]) -> Object:
    """A StatefulSet gives its pods volumes that stand in no template, and a pod is refused that mounts one it does not have."""
    volumes = [{"name": str(claim["metadata"]["name"]), "emptyDir": {}} for claim in claims]
    spec = template.get("spec") or {}
    return {**template, "spec": {**spec, "volumes": [*(spec.get("volumes") or []), *volumes]}} if volumes else template


def _pod(namespace: str, template: Object) -> Manifest:
    """The pod of a template, so that it passes the policies that its workload's pods pass; without one, a pod that the strictest of them let pass."""
    meta: Mapping[str, Any] = template.get("metadata") or {}
    spec = copy.deepcopy(dict(template.get("spec") or {}))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{NAME}-",
            "namespace": namespace,
            "labels": dict(meta.get("labels") or {}),
            "annotations": dict(meta.get("annotations") or {}),
        },
        "spec": {**spec, "containers": spec.get("containers") or [copy.deepcopy(_IDLE)]},
    }


def judged(trial: Trial, answer: Object | None, refusal: str = "") -> str:
    """What is wrong with the pod that came back, as half a sentence; empty if it is as expected, or if somebody else than the injector refused it."""
    where, who = f"a trial pod in namespace {trial.namespace}", trial.expected.revision or "nobody"
    if answer is None:
        return f"{where} was refused: {refusal.rstrip('.')}; see whether {who} runs and answers" if any(word in refusal for word in _INJECTOR) else ""
    count, revision = _proxies(answer), str((answer["metadata"].get("annotations") or {}).get(REV, ""))
    if count == 0:
        return f"{where} came back without a proxy, and {who} was expected to inject one; look at its webhook and at its log"
    if count > 1:
        return f"{where} came back with {count} proxies; several webhooks inject there, so remove all but one"
    if revision != trial.expected.revision:
        return f"{where} came back with a proxy of {revision or 'an unnamed revision'}, not of {who}; {_ALSO}"
    return ""


def _proxies(pod: Object) -> int:
    spec = pod.get("spec") or {}
    return sum(one.get("name") == "istio-proxy" for one in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])])
