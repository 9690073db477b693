# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workloads with a sidecar, and the gateways: by what they follow, which revision made their proxies, and what makes their pods anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from ...._mesh.cutover.observed import DELETING, EAST_WEST, GATEWAY_API, INGRESS, NEVER, NOTHING, ROLLING, Following, MeshWorkload
from ...._mesh.cutover.serving import Connections
from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.pod_owner import workload as owner_of
from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Live, Object
from ..install.tags import led_from
from .gateway_api import GATEWAY_NAME, OF_SECOND, Belongings, seen
from .injection import DEFAULT_TAG, ENABLE, INJECT, REV, Template
from .turning import PINNED, SECOND_OF

CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
_NETWORK = "topology.istio.io/network"
_PLAIN = ("http", "http2")
Follow = Callable[[str, Template], Following]


@dataclass
class PodCount:
    """What was counted of one workload's pods."""

    made: dict[str, int] = field(default_factory=dict)
    connected: dict[str, int] = field(default_factory=dict)
    unsynced: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)
    first: Object = field(default_factory=dict)

    def add(self, pod: Object, connections: Connections) -> None:
        meta = pod["metadata"]
        self.first = self.first or pod
        revision = made_by(pod)
        self.made[revision] = self.made.get(revision, 0) + 1
        serving, synced = connections.get((meta["namespace"], meta["name"]), ("", False))
        self.connected[serving] = self.connected.get(serving, 0) + 1
        if not synced:
            self.unsynced.append(meta["name"])
        if not ready(pod):
            self.unready.append(meta["name"])


def made_by(pod: Object) -> str:
    """The revision that made the proxy of a pod; empty if it has none."""
    meta = pod["metadata"]
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    return str(annotations.get(REV) or (labels.get(REV, "") if GATEWAY_NAME in labels else ""))


def ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def ended(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp")) or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def counted(pods: Iterable[Object], connections: Connections) -> dict[tuple[str, str, str], PodCount]:
    """Pods with a proxy by what owns them: namespace, kind, name. A pod that is being deleted still counts only where it is connected."""
    counts: dict[tuple[str, str, str], PodCount] = {}
    for pod in pods:
        if made_by(pod) and not ended(pod):
            counts.setdefault(owner(pod), PodCount()).add(pod, connections)
    return counts


def owner(pod: Object) -> tuple[str, str, str]:
    """What makes this pod: namespace, kind, name."""
    meta = pod["metadata"]
    labels = meta.get("labels") or {}
    gateway = labels.get(GATEWAY_NAME) and labels.get(OF_SECOND, labels[GATEWAY_NAME])
    kind, _slash, name = ("Gateway", "", str(gateway)) if gateway else owner_of(pod).partition("/")
    return str(meta["namespace"]), kind or "Pod", name or str(meta["name"])


def workloads(live: Live, follow: Follow, connections: Connections) -> list[MeshWorkload]:
    """All that follow a rule or have a proxy."""
    counts = counted(live.get("Pod", ()), connections)
    labels = {space["metadata"]["name"]: space["metadata"].get("labels") or {} for space in live.get("Namespace", ())}
    services, budgets = _by_namespace(live.get("Service", ())), _by_namespace(live.get("PodDisruptionBudget", ()))
    around = Around(labels, services, budgets, _lasting(live.get("Deployment", ())))
    made = [_controller(one, kind, follow, counts, around) for kind in CONTROLLERS for one in live.get(kind, ()) if not _managed(one)]
    beside = Belongings.of(live)
    made += [_gateway(one, follow, counts, beside) for one in beside.gateways.values()]
    return [*(one for one in made if one.following.rule != NOTHING or one.made), *_others(counts, follow, labels)]


@dataclass(frozen=True)
class Around:
    """What of a namespace decides about its workloads: its labels, Services and disruption budgets, and the Deployments that no revision is bound to."""

    labels: Mapping[str, Mapping[str, Any]]
    services: Mapping[str, Sequence[Object]]
    budgets: Mapping[str, Sequence[Object]]
    lasting: Set[tuple[str, str]]


def _lasting(deployments: Iterable[Object]) -> Set[tuple[str, str]]:
    """Those whose pods may come from another revision. A selector that names one cannot be changed."""
    named = ((one["metadata"], ((one.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}) for one in deployments)
    return {(str(meta["namespace"]), str(meta["name"])) for meta, picks in named if REV not in picks}


def _by_namespace(objects: Iterable[Object]) -> dict[str, list[Object]]:
    spaces: dict[str, list[Object]] = {}
    for one in objects:
        spaces.setdefault(one["metadata"]["namespace"], []).append(one)
    return spaces


def _blocked_by(template: Template, budgets: Sequence[Object]) -> str:
    """A budget that allows nothing although all its pods are well: it never will, whoever waits."""
    for budget in budgets:
        status, selector = budget.get("status") or {}, (budget.get("spec") or {}).get("selector")
        well = int(status.get("currentHealthy") or 0) >= int(status.get("expectedPods") or 0) > 0
        if selector is not None and well and int(status.get("disruptionsAllowed") or 0) < 1 and matches(selector, template.labels):
            return f"PodDisruptionBudget {budget['metadata']['name']}"
    return ""


def _managed(one: Object) -> bool:
    """The Deployment of a Gateway is istiod's own."""
    return GATEWAY_NAME in (one["metadata"].get("labels") or {})


def _decides(labels: Mapping[str, Any], template: Template) -> bool:
    return ENABLE not in labels and REV not in labels and (REV in template.labels or INJECT in template.labels)


def _controller(one: Object, kind: str, follow: Follow, counts: dict[tuple[str, str, str], PodCount], around: Around) -> MeshWorkload:
    meta, spec = one["metadata"], one.get("spec") or {}
    space, template = str(meta["namespace"]), Template.of(spec.get("template") or {})
    count = counts.pop((space, kind, meta["name"]), PodCount())
    gateway, service = _serves(template, around.services.get(space, ()))
    before = service.get("metadata", {}).get("name", "")
    asked = spec.get("replicas", 1) if kind != "DaemonSet" else (one.get("status") or {}).get("desiredNumberScheduled", 1)
    return MeshWorkload(
        namespace=space,
        kind=kind,
        name=str(meta["name"]),
        following=follow(space, template),
        replicas=int(asked if asked is not None else 1),
        restarts=_restarts(one),
        own=_decides(around.labels.get(space, {}), template),
        gateway=gateway,
        service=str(before),
        port=_http(service),
        keeper=managed_by(one).writer,
        blocked_by=_blocked_by(template, around.budgets.get(space, ())),
        second_of=_second_of(meta, around.lasting),
        led_from=led_from(one),
        **_counts(count),
    )


def _second_of(meta: Object, lasting: Set[tuple[str, str]]) -> str:
    first = str((meta.get("annotations") or {}).get(SECOND_OF) or "")
    return first if (str(meta["namespace"]), first) in lasting else ""


def _counts(count: PodCount) -> dict[str, Any]:
    return {"made": count.made, "connected": count.connected, "unsynced": tuple(count.unsynced), "unready": tuple(count.unready)}


def _restarts(one: Object) -> str:
    """What an operator makes it would write back; its owner has to restart it."""
    if any(each.get("controller") for each in one["metadata"].get("ownerReferences") or []):
        return NEVER
    strategy = ((one.get("spec") or {}).get("updateStrategy") or {}).get("type")
    return DELETING if strategy == "OnDelete" else ROLLING


def _serves(template: Template, services: Sequence[Object]) -> tuple[str, Object]:
    """Whether these pods are a gateway, and the Service before them."""
    if "gateway" not in str(template.annotations.get("inject.istio.io/templates", "")).split(","):
        return "", {}
    before = [one for one in services if (picks := (one.get("spec") or {}).get("selector")) and matches({"matchLabels": picks}, template.labels)]
    networks = [one for one in before if _NETWORK in (one["metadata"].get("labels") or {})]
    return (EAST_WEST if networks else INGRESS), (networks or before or [{}])[0]


def _http(service: Object) -> int:
    """The port at which a Service with an address of its own takes plain HTTP, by the names that the mesh knows protocols by; 0 if there is none."""
    spec = service.get("spec") or {}
    plain = [one for one in spec.get("ports") or () if str(one.get("appProtocol") or one.get("name") or "").partition("-")[0] in _PLAIN]
    return int(plain[0]["port"]) if plain and spec.get("clusterIP") not in (None, "", "None") else 0


def _gateway(one: Object, follow: Follow, counts: dict[tuple[str, str, str], PodCount], beside: Belongings) -> MeshWorkload:
    """A Gateway of the Gateway API or a waypoint: it follows its own label, that of its namespace, or whatever leads by default. Nothing is injected."""
    meta = one["metadata"]
    space, labels = str(meta["namespace"]), meta.get("labels") or {}
    count = counts.pop((space, "Gateway", meta["name"]), PodCount())
    own = REV in labels
    template = Template({REV: str(labels[REV])} if own else {}, {})
    following = follow("" if own else space, template)
    if following.rule == NOTHING:
        following = follow("", Template({REV: DEFAULT_TAG}, {}))
    pinned = PINNED in (meta.get("annotations") or {})
    return MeshWorkload(
        space, "Gateway", str(meta["name"]), following, own=own, gateway=GATEWAY_API, pinned=pinned, keeper=managed_by(one).writer,
        led_from=led_from(one), **seen(one, beside), **_counts(count),
    )  # fmt: skip


def _others(counts: Mapping[tuple[str, str, str], PodCount], follow: Follow, spaces: Mapping[str, Any]) -> Iterator[MeshWorkload]:
    """Single pods, Jobs, and what other controllers make."""
    for (space, kind, name), count in counts.items():
        template = Template.of(count.first)
        number = sum(count.made.values())
        yield MeshWorkload(space, kind, name, follow(space, template), number, restarts=NEVER, own=_decides(spaces.get(space, {}), template), **_counts(count))
