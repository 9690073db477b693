# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of a cluster before and during a cutover: its revisions, what leads to them, and what follows which of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..health.health import ControlPlaneRevision
from ..health.revision_tag import Tag
from .beside import Beside
from .configured import LabelledObject, UnlabelledObject
from .facts import Numbered, differing, made
from .leader import Leader
from .leftover import Leftover

# The rules by which a new pod gets its proxy.
NAMED, TAG, ENABLED, POD, NOTHING = "named", "tag", "enabled", "pod", "nothing"
# How a workload's pods are made anew.
ROLLING, DELETING, NEVER = "rolling", "deleting", "never"
INGRESS, EAST_WEST, GATEWAY_API = "ingress", "east-west", "Gateway API"


@dataclass(frozen=True)
class Following:
    """By which rule a new pod gets its proxy, and from whom.

    `pointer` is the revision or tag that the rule names. `revision` is the one that injects; it is empty if nobody does.
    `blocked` says that the pod is refused, because the webhook would have to answer and no control plane is there.
    """

    rule: str = NOTHING
    pointer: str = ""
    revision: str = ""
    blocked: bool = False

    @property
    def plain(self) -> bool:
        """Whether a rule is meant to inject a proxy and the pod starts without one."""
        return self.rule != NOTHING and not self.revision and not self.blocked


@dataclass(frozen=True)
class Space:
    """A namespace. `former` is what it would follow by the labels that it had before a cutover turned it; None if no cutover did.

    `led_from` is the revision from which a cutover turned it that names another one now. `keeper` is who would write its labels back.
    `both` says that it has a label of each rule, of which one wins silently. `plain` are pods that run without a proxy although a proxy would be
    injected now.
    """

    name: str
    following: Following
    former: Following | None = None
    led_from: str = ""
    keeper: str = ""
    both: bool = False
    plain: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeshWorkload(Beside):
    """Something that makes pods with a proxy. `made` counts its pods by the revision that made their proxy.

    `own` says that it decides by itself what it follows, whatever its namespace does. `connected` counts its pods by the revision that serves
    them now. `unsynced` and `unready` are pods by name. `blocked_by` is a disruption budget that never lets a pod go.
    A `gateway` serves through a `service`, which leads to the pods of several workloads while one replaces another.
    `pinned` says that a cutover gave a Gateway the label of its own, so that it does not move with its namespace. `second_of` names the Deployment
    in whose place a cutover put this one, and which can come to serve again by another revision. `port` is that of a gateway's Service for plain HTTP.
    `led_from` is the revision from which a cutover led what names its revision by itself.
    """

    namespace: str
    kind: str
    name: str
    following: Following
    replicas: int = 1
    made: Mapping[str, int] = field(default_factory=dict)
    connected: Mapping[str, int] = field(default_factory=dict)
    restarts: str = ROLLING
    own: bool = False
    gateway: str = ""
    service: str = ""
    pinned: bool = False
    keeper: str = ""
    unsynced: tuple[str, ...] = ()
    unready: tuple[str, ...] = ()
    blocked_by: str = ""
    second_of: str = ""
    port: int = 0
    led_from: str = ""

    @property
    def where(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    def behind(self, revision: str) -> int:
        """How many of its pods another revision made."""
        return sum(count for other, count in self.made.items() if other != revision)

    @property
    def entrance(self) -> str:
        """The Service of a gateway, by its namespace and name; the Gateway itself where the Gateway API makes one."""
        return f"{self.namespace}/{self.service or self.name}"

    @property
    def late(self) -> bool:
        """Whether it follows a tag or the default rule by its own template: it moves with the tag, and no wave can take it before."""
        return self.own and not self.gateway and self.following.rule != NAMED

    @property
    def drained(self) -> bool:
        """Whether another workload took its place as a gateway. It stays for the way back, and goes with its revision."""
        return bool(self.gateway) and self.replicas == 0

    def moved(self, revision: str) -> bool:
        """Whether all its pods are this revision's, and connected to it and nobody else, in sync and ready."""
        elsewhere = any(count for other, count in self.connected.items() if other != revision)
        return self.following.revision == revision and not self.behind(revision) and not elsewhere and not self.unsynced and not self.unready


@dataclass(frozen=True)
class ClusterState:
    """All that a cutover decides by. `default_revision` validates what users write, and a cutover led that there from `default_from`.
    `served_by` is the primary of a remote cluster.

    `cni` and `gateway_api` are versions, empty if they are not installed. `node_proxies` says that proxies of whole nodes run here.
    `keeping` are the revisions in which a Gateway keeps its configuration while it changes its revision.
    `unguarded` are webhooks that let a pod start without a proxy while their control plane is away. `legacy` is the revision whose own
    webhooks serve the default rule, beside or without the `default_tag`. `silent` are control plane pods that do not say which proxies they serve.
    `forbids` are half sentences of the mesh's own about what forbids any cutover here, such as an upgrade that is under way, with what to do.
    """

    cluster: str
    revisions: Sequence[ControlPlaneRevision] = ()
    tags: Sequence[Tag] = ()
    default_revision: str = ""
    default_from: str = ""
    legacy: str = ""
    default_tag: str = ""
    spaces: Sequence[Space] = ()
    workloads: Sequence[MeshWorkload] = ()
    objects: Sequence[LabelledObject] = ()
    unlabelled: Sequence[UnlabelledObject] = ()
    leftovers: Sequence[Leftover] = ()
    leaders: Sequence[Leader] = ()
    unguarded: tuple[str, ...] = ()
    served_by: str = ""
    cni: str = ""
    gateway_api: str = ""
    node_proxies: bool = False
    silent: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    keeping: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """All of it for JSON: what is not as usual, and rules by their number."""
        rules, workloads = Numbered(), dict[str, list[dict[str, Any]]]()
        for one in self.workloads:
            row = {**differing(one, ("namespace", "following")), "following": rules[one.following]}
            workloads.setdefault(one.namespace, []).append(row)
        spaces = {one.name: {**differing(one, ("name", "following", "former")), "following": rules[one.following],
                             **({} if one.former is None else {"former": rules[one.former]})} for one in self.spaces}  # fmt: skip
        rows = {name: [differing(one) for one in getattr(self, name)] for name in _ROWS}
        rest = differing(self, ("spaces", "workloads", *_ROWS))
        return {**rest, **rows, "spaces": spaces, "workloads": workloads, "rules": [differing(rule) for rule in rules]}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> ClusterState:
        rules = [made(Following, rule) for rule in facts["rules"]]
        return made(cls, {
            **{name: part for name, part in facts.items() if name != "rules"},
            **{name: [made(kind, row) for row in facts[name]] for name, kind in _ROWS.items()},
            "spaces": [_space(name, row, rules) for name, row in facts["spaces"].items()],
            "workloads": [made(MeshWorkload, {**row, "namespace": space, "following": rules[row["following"]]})
                          for space, rows in facts["workloads"].items() for row in rows],
        })  # fmt: skip

    def revision(self, name: str) -> ControlPlaneRevision | None:
        return next((known for known in self.revisions if known.revision == name), None)

    def version(self, name: str) -> str:
        known = self.revision(name)
        return known.version if known else ""

    def left(self, name: str) -> bool:
        """Whether there is something of this revision to remove: its control plane, or what is left without one."""
        return self.revision(name) is not None or any(one.removable and one.revision == name for one in self.leftovers)

    def ready(self, name: str) -> bool:
        """Whether a control plane of this revision serves here with all its replicas."""
        known = self.revision(name)
        return known is not None and known.ready >= max(known.desired, 1)

    @cached_property
    def in_space(self) -> dict[str, list[MeshWorkload]]:
        """Workloads by namespace, gateways left out."""
        spaces: dict[str, list[MeshWorkload]] = {}
        for workload in self.workloads:
            if not workload.gateway:
                spaces.setdefault(workload.namespace, []).append(workload)
        return spaces

    @cached_property
    def behind_service(self) -> dict[str, list[MeshWorkload]]:
        """Gateways by the Service through which they serve."""
        services: dict[str, list[MeshWorkload]] = {}
        for workload in self.workloads:
            if workload.gateway:
                services.setdefault(workload.entrance, []).append(workload)
        return services

    @cached_property
    def space(self) -> dict[str, Space]:
        """Namespaces by name."""
        return {space.name: space for space in self.spaces}

    def users(self, revision: str) -> list[str]:
        """Everything that still needs this revision, as half sentences; nothing may be removed while there is something."""
        uses = [f"the revision tag {tag.name} leads to it" for tag in self.tags if revision in (tag.webhook, tag.service)]
        uses += [f"namespace {space.name} follows it" for space in self.spaces if _follows(space.following, revision)]
        uses += [f"{workload.where} {why}" for workload in self.workloads if (why := _uses(workload, revision))]
        uses += [f"only it reads {held.name}" for held in self.objects if held.revision == revision and not held.copies]
        uses += ["it validates what users write"] if self.default_revision == revision else []
        return uses


_ROWS: dict[str, Any] = {"revisions": ControlPlaneRevision, "tags": Tag, "objects": LabelledObject, "unlabelled": UnlabelledObject,
                         "leftovers": Leftover, "leaders": Leader}  # fmt: skip


def _space(name: str, row: Mapping[str, Any], rules: Sequence[Following]) -> Space:
    former = rules[row["former"]] if "former" in row else None
    return made(Space, {**row, "name": name, "following": rules[row["following"]], "former": former})


def _follows(following: Following, revision: str) -> bool:
    """A name may be that of a tag, too."""
    return revision == following.revision or (following.rule == NAMED and revision == following.pointer)


def _uses(workload: MeshWorkload, revision: str) -> str:
    pods = max(workload.made.get(revision, 0), workload.connected.get(revision, 0))
    if pods:
        return f"has {pods} {'pods' if pods > 1 else 'pod'} with its proxy"
    return "follows it" if workload.following.revision == revision and not workload.drained else ""
