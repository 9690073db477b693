# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of a cluster, turned into the state that a cutover decides by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...._mesh.cutover.configured import LabelledObject, UnlabelledObject
from ...._mesh.cutover.observed import NOTHING, ClusterState, Following, Space
from ...._mesh.cutover.serving import Connections
from ...._mesh.cutover.skew import hands_over
from ...._mesh.health.health import ControlPlaneRevision
from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.shapes import Live, Object
from ..health.observation import CONFIGURATION
from ..install import tags, validator
from . import pointers, turning
from .gateway_api import is_gateway_api
from .injection import DEFAULT_TAG, ENABLE, INJECT, PASSED_OVER, REV, Hook, Template, following, hooks
from .rules import RULES
from .workloads import Follow, ended, made_by, workloads

_HOOKS = "MutatingWebhookConfiguration"
_BARE = Template({}, {})
# On an object without the label of a revision: the revision whose label a cutover took off. A label, so that it is found without reading all others.
UNLABELLED = "meshops.lifecycle/cutover-unlabelled"


def state(
    cluster: str, live: Live, revisions: Sequence[ControlPlaneRevision], connections: Connections, served_by: str = "", namespace: str = ""
) -> ClusterState:
    """`live` are the objects by kind, `revisions` the control planes, `connections` what the control planes say of their proxies."""
    configurations = live.get(_HOOKS, ())
    known, serving = hooks(configurations), {one.revision for one in revisions if one.ready}
    follow = follower(live, known, serving)
    default = [one for one in configurations if pointers.serves_default_rule(one)]
    return ClusterState(
        cluster=cluster,
        revisions=revisions,
        tags=tags.seen(_of_mesh(live, namespace), {one.revision: one.version for one in revisions}),
        default_revision=validator.revision(live),
        default_from=tags.led_from(validator.webhook(live) or {}),
        legacy=str((default[0]["metadata"].get("labels") or {}).get(REV, "default")) if default else "",
        default_tag=DEFAULT_TAG,
        spaces=_spaces(live, follow, known, serving),
        workloads=workloads(live, follow, connections),
        objects=_labelled(live),
        unlabelled=_unlabelled(live),
        unguarded=tuple(sorted({f"{hook.configuration}/{hook.name}" for hook in known if hook.ignored})),
        served_by=served_by,
        keeping=tuple(one.revision for one in revisions if hands_over(RULES, one.version)),
    )


def _of_mesh(live: Live, namespace: str) -> Live:
    """Tags are read where their control plane is."""
    if not namespace:
        return live
    services = [one for one in live.get("Service", ()) if one["metadata"]["namespace"] == namespace]
    return {**live, "Service": services, "Namespace": [{"metadata": {"name": namespace}}]}


def follower(live: Live, known: Sequence[Hook], serving: Collection[str]) -> Follow:
    """Thousands of pods have few kinds of labels, so each kind is judged once."""
    names = sorted({REV, ENABLE, INJECT}.union(*(hook.keys for hook in known)))
    labels = {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in live.get("Namespace", ())}
    kinds = {space: tuple(own.get(name) for name in names) for space, own in labels.items()}
    cache: dict[tuple[object, ...], Following] = {}

    def follow(space: str, template: Template) -> Following:
        key = (space in PASSED_OVER, kinds.get(space), template.key(names))
        if key not in cache:
            cache[key] = following(space, labels.get(space, {}), template, known, serving)
        return cache[key]

    return follow


def _spaces(live: Live, follow: Follow, known: Sequence[Hook], serving: Collection[str]) -> list[Space]:
    plain = _plain(live, follow)
    return [_space(one, follow, known, serving, plain) for one in live.get("Namespace", ()) if not one["metadata"].get("deletionTimestamp")]


def _space(one: Object, follow: Follow, known: Sequence[Hook], serving: Collection[str], plain: Mapping[str, list[str]]) -> Space:
    meta = one["metadata"]
    name, labels, before = str(meta["name"]), meta.get("labels") or {}, turning.former(one)
    return Space(
        name,
        follow(name, _BARE),
        None if before is None else following(name, before, _BARE, known, serving),
        tags.led_from(one),
        managed_by(one).writer,
        REV in labels and ENABLE in labels,
        tuple(plain.get(name, ())),
    )


def _plain(live: Live, follow: Follow) -> dict[str, list[str]]:
    """Pods that were made while nobody injected, and would get a proxy now."""
    names: dict[str, list[str]] = {}
    for pod in live.get("Pod", ()):
        space = pod["metadata"]["namespace"]
        if not made_by(pod) and not ended(pod) and follow(space, Template.of(pod)).rule != NOTHING:
            names.setdefault(space, []).append(pod["metadata"]["name"])
    return names


def _labelled(live: Live) -> list[LabelledObject]:
    """Objects of the same kind, namespace and original are copies of each other, each for another revision."""
    labelled = [(kind, one) for _group, kind in CONFIGURATION for one in live.get(kind, ()) if is_labelled(one)]
    readers: dict[tuple[str, str, str], dict[str, object]] = {}
    for kind, one in labelled:
        readers.setdefault((kind, one["metadata"]["namespace"], original(one)), {})[str(one["metadata"]["labels"][REV])] = one.get("spec") or {}
    objects = []
    for kind, one in sorted(labelled, key=lambda each: (each[0], each[1]["metadata"]["namespace"], each[1]["metadata"]["name"])):
        meta, revision = one["metadata"], str(one["metadata"]["labels"][REV])
        copies = {reader: spec for reader, spec in readers[kind, meta["namespace"], original(one)].items() if reader != revision}
        other = sorted(reader for reader, spec in copies.items() if spec != (one.get("spec") or {}))
        objects.append(LabelledObject(f"{kind} {meta['namespace']}/{meta['name']}", revision, tuple(sorted(copies)), tuple(other)))
    return objects


def _unlabelled(live: Live) -> list[UnlabelledObject]:
    noted = [(kind, one["metadata"]) for _group, kind in CONFIGURATION for one in live.get(kind, ()) if is_unlabelled(one)]
    found = [UnlabelledObject(kind, str(meta["namespace"]), str(meta["name"]), str(meta["labels"][UNLABELLED])) for kind, meta in noted]
    return sorted(found, key=lambda one: (one.kind, one.namespace, one.name))


def is_unlabelled(one: Object) -> bool:
    """Whether a cutover took the label of a revision off. What somebody labelled again since is theirs."""
    labels = one["metadata"].get("labels") or {}
    return UNLABELLED in labels and REV not in labels and not is_gateway_api(one)


def original(one: Object) -> str:
    """The name of what an object may be a copy of: a copy's name ends with its revision."""
    meta = one["metadata"]
    return str(meta["name"]).removesuffix(f"-{meta['labels'][REV]}")


def is_labelled(one: Object) -> bool:
    """A Gateway of the Gateway API is no configuration that one revision reads, but something that it runs."""
    return REV in (one["metadata"].get("labels") or {}) and not is_gateway_api(one)
