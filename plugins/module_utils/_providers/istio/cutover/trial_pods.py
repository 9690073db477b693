# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that the API server is asked to make and does not: what comes back shows who injects, before anything has moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...._mesh.cutover.observed import NOTHING, Following
from ...._mesh.cutover.trial import Trial
from ...._mesh.objects.shapes import Live, Manifest, Object
from .injection import ENABLE, INJECT, REV, Hook, Template
from .workloads import CONTROLLERS, Follow

NAME = "meshops-cutover-trial"


def trials(live: Live, follow: Follow, known: Iterable[Hook]) -> list[Trial]:
    """One for each kind of namespace and template that the webhooks tell apart."""
    names = sorted({REV, ENABLE, INJECT}.union(*(hook.keys for hook in known)))
    labels = {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in live.get("Namespace", ())}
    kinds: dict[object, list[tuple[str, Template]]] = {}
    for kind in CONTROLLERS:
        for one in live.get(kind, ()):
            space, template = one["metadata"]["namespace"], Template.of((one.get("spec") or {}).get("template") or {})
            if follow(space, template).rule != NOTHING:
                own = tuple(labels.get(space, {}).get(name) for name in names if name != "kubernetes.io/metadata.name")
                kinds.setdefault((own, template.key(names)), []).append((space, template))
    return [_trial(members[0][0], members[0][1], follow, names, len(members)) for members in kinds.values()]


def after(target: str, namespace: str) -> Trial:
    """The pod that a namespace will make once it names the target. Ask for it in a namespace without such labels: a namespace's label beats its pods'."""
    return Trial(namespace, _pod(namespace, {REV: target}, {}), Following("named", target, target))


def _trial(space: str, template: Template, follow: Follow, names: Iterable[str], members: int) -> Trial:
    labels = {name: str(template.labels[name]) for name in names if name in template.labels}
    annotations = {INJECT: str(template.annotations[INJECT])} if INJECT in template.annotations else {}
    return Trial(space, _pod(space, labels, annotations), follow(space, template), members)


def _pod(namespace: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Manifest:
    """Whatever the policy of the namespace allows: it asks for no privilege, and is never stored."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": f"{NAME}-", "namespace": namespace, "labels": dict(labels), "annotations": dict(annotations)},
        "spec": {"containers": [{"name": "trial", "image": "registry.k8s.io/pause:3.10"}]},
    }


def judged(trial: Trial, answer: Object | None, refusal: str = "") -> str:
    """What is wrong with the pod that came back, as half a sentence; empty if it is as expected."""
    where = f"a trial pod in namespace {trial.namespace}"
    if answer is None:
        return f"{where} was refused: {refusal.rstrip('.')}"
    count, revision = _proxies(answer), str((answer["metadata"].get("annotations") or {}).get(REV, ""))
    if count == 0:
        return f"{where} came back without a proxy, and {trial.expected.revision or 'nobody'} was expected to inject one"
    if count > 1:
        return f"{where} came back with {count} proxies"
    if revision != trial.expected.revision:
        return f"{where} came back with a proxy of {revision or 'an unnamed revision'}, not of {trial.expected.revision}"
    return ""


def _proxies(pod: Object) -> int:
    spec = pod.get("spec") or {}
    return sum(one.get("name") == "istio-proxy" for one in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])])
