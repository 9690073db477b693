# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a pod gets a sidecar, and from which revision: read from the selectors of the webhooks that are there, and from istiod's own rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...._mesh.cutover.observed import ENABLED, NAMED, NOTHING, POD, TAG, Following
from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Object

REV, ENABLE, INJECT = "istio.io/rev", "istio-injection", "sidecar.istio.io/inject"
DEFAULT_TAG = "default"
_SUFFIX = "sidecar-injector.istio.io"
PASSED_OVER = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


@dataclass(frozen=True)
class Hook:
    """One webhook that injects. `ignored` says that a pod starts without a sidecar while it does not answer."""

    configuration: str
    name: str
    revision: str
    tag: str
    spaces: Mapping[str, Any]
    pods: Mapping[str, Any]
    ignored: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """The labels that it looks at."""
        return frozenset(_keys(self.spaces)) | frozenset(_keys(self.pods))


def _keys(selector: Mapping[str, Any]) -> list[str]:
    return [*(selector.get("matchLabels") or {}), *(str(one.get("key")) for one in selector.get("matchExpressions") or [])]


@dataclass(frozen=True)
class Template:
    """What of a pod decides about its sidecar."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    host_network: bool = False

    @classmethod
    def of(cls, pod: Object) -> Template:
        meta = pod.get("metadata") or {}
        return cls(meta.get("labels") or {}, meta.get("annotations") or {}, bool((pod.get("spec") or {}).get("hostNetwork")))

    def key(self, names: Collection[str]) -> tuple[object, ...]:
        """What distinguishes templates where only labels of these names are looked at."""
        return (*((name, self.labels.get(name)) for name in names), self.annotations.get(INJECT), self.host_network)


def hooks(configurations: Iterable[Object]) -> list[Hook]:
    """In the order in which the API server asks them: by the names of their configurations."""
    known = sorted(configurations, key=lambda one: str(one["metadata"]["name"]))
    return [_hook(one, each) for one in known for each in one.get("webhooks") or [] if str(each.get("name", "")).endswith(_SUFFIX)]


def _hook(configuration: Object, webhook: Object) -> Hook:
    meta = configuration["metadata"]
    labels = meta.get("labels") or {}
    service = str(((webhook.get("clientConfig") or {}).get("service") or {}).get("name") or "")
    leads = "default" if service == "istiod" else service.removeprefix("istiod-")
    return Hook(
        str(meta["name"]),
        str(webhook["name"]),
        leads or str(labels.get(REV, "")),
        str(labels.get("istio.io/tag", "")),
        webhook.get("namespaceSelector") or {},
        webhook.get("objectSelector") or {},
        webhook.get("failurePolicy") == "Ignore",
    )


def following(space: str, labels: Mapping[str, str], pod: Template, known: Sequence[Hook], serving: Collection[str]) -> Following:
    """What a new pod of this namespace follows. `serving` are the revisions whose control plane answers."""
    rule, pointer = rule_of(labels, pod, {hook.tag for hook in known})
    asked = [hook for hook in known if matches(hook.spaces, labels) and matches(hook.pods, pod.labels)]
    if rule == NOTHING and not asked:
        return Following()
    if space in PASSED_OVER or pod.host_network or _declined(pod):
        return Following()
    if not asked:
        return Following(rule, pointer)
    refused = any(hook.revision not in serving and not hook.ignored for hook in asked)
    answering = [hook for hook in asked if hook.revision in serving]
    if rule == NOTHING:
        rule, pointer = ENABLED, DEFAULT_TAG
    # Nothing is plain while a webhook that must answer is away: the API server refuses the pod.
    # Each webhook in turn replaces the proxy of the one before, so the last one wins (seen on Istio 1.32).
    return Following(rule, pointer, (answering or asked)[-1].revision if answering or refused else "", refused)


def _declined(pod: Template) -> bool:
    """istiod prefers the label to the annotation, and takes what is neither true nor false as unset."""
    said = str(pod.labels[INJECT] if INJECT in pod.labels else pod.annotations.get(INJECT, ""))
    return said == "false"


def rule_of(labels: Mapping[str, str], pod: Template, tags: Collection[str]) -> tuple[str, str]:
    """The rule that is meant, and the revision or tag that it names. `istio-injection` beats `istio.io/rev`, and a namespace's label its pods'."""
    if ENABLE in labels:
        return (ENABLED, DEFAULT_TAG) if labels[ENABLE] == "enabled" else (NOTHING, "")
    if REV in labels:
        return (TAG if labels[REV] in tags else NAMED), labels[REV]
    if REV in pod.labels:
        return (POD if pod.labels[REV] in tags else NAMED), pod.labels[REV]
    return (POD, DEFAULT_TAG) if str(pod.labels.get(INJECT)) == "true" else (NOTHING, "")
