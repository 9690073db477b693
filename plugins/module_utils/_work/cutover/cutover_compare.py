# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare two revisions before anything moves, for module cutover_compare and its action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.objects.yaml_text import parsed
from ..._mesh.cutover.comparison import Comparison, PlaneSettings, differing, full, identities, takes_pods, unknown_images
from ..._mesh.errors import Denied, MeshError
from ..._mesh.few_names import few
from ..._mesh.trust.certificate import short
from ..._pki.chain import Reader
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..look import look

TASK: dict[str, Any] = {
    "argument_spec": {
        **MESH_OPTIONS,
        "target": {"required": True},
        "former": {"required": True},
        "allowed": {"type": "dict", "default": {}},
        "images": {"choices": ["said", "known"], "default": "said"},
    },
    "prepare": complete,
}
_AT_ONCE, _SHOWN = 32, 20


@dataclass(frozen=True)
class CompareRequest:
    """`allowed` are values by chart that the target has and the former revision need not have. `reached` says that nodes can pull every image."""

    provider: str
    namespace: str
    target: str
    former: str
    allowed: Mapping[str, Any] = field(repr=False)
    reached: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> CompareRequest:
        return cls(params["provider"], params["namespace"], params["target"], params["former"], params["allowed"], params["images"] == "known")


@dataclass
class Compared:
    """What keeps the target from taking the former revision's place, and what could not be known, as half sentences."""

    differences: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """Only reads, and asks what would be accepted: the API server stores nothing, whether this is a check or not."""
    request = CompareRequest.of(params)
    found = Compared()
    seen = look(cluster, provider(request.provider).cutover.compared(request.namespace, request.target, request.former))
    _configs(seen, request.allowed, found)
    found.differences += identities(seen.target, seen.former)
    _roots(cluster, seen, found)
    if not request.reached:
        _images(cluster, seen, found)
    _analysed(cluster, seen, found)
    sentences = {key: [f"{cluster.name}: {said}." for said in getattr(found, key)] for key in ("differences", "notices")}
    return {"changed": False, **sentences, "analysed": len(seen.objects)}


def _configs(seen: Comparison, allowed: Mapping[str, Any], found: Compared) -> None:
    """A chart's meshConfig becomes the mesh config. Whatever else was declared is no part of it."""
    missing = [one.revision for one in (seen.target, seen.former) if one.config is None]
    if missing:
        found.notices += [f"{missing[0]} has no mesh config here, so the mesh configs were not compared"] if len(missing) == 1 else []
        return
    declared: dict[str, Any] = {}
    for values in allowed.values():
        if isinstance(values, Mapping) and isinstance(values.get("meshConfig"), Mapping):
            declared |= values["meshConfig"]
    paths = differing(parsed(seen.target.config or ""), parsed(seen.former.config or ""), seen.target.own, declared)
    if paths:
        way = "declare them with meshConfig in cutover_values, or mend the values of one revision"
        found.differences.append(f"the mesh configs of {seen.target.revision} and {seen.former.revision} differ in {_list(paths)}; {way}")


def _list(names: Sequence[str]) -> str:
    return few(names, _SHOWN)


def _roots(cluster: Cluster, seen: Comparison, found: Compared) -> None:
    """Each control plane shows in a handshake which CA it signs with. A remote cluster has none."""
    planes = (seen.target, seen.former)
    if not all(one.greetings for one in planes):
        return
    reader = Reader()
    reader.know(seen.roots)
    roots = [_signed_under(cluster, one, reader) for one in planes]
    if "" in roots[0] | roots[1]:
        both = f"{seen.target.revision} and {seen.former.revision}"
        found.notices.append(f"the roots of {both} could not be compared, because not every control plane showed one")
    elif roots[0] != roots[1]:
        told = [f"{one.revision} signs under root {', '.join(sorted(map(short, under)))}" for one, under in zip(planes, roots, strict=True)]
        found.differences.append(f"{' and '.join(told)}, so their proxies would not trust each other; give both the same CA")


def _signed_under(cluster: Cluster, plane: PlaneSettings, reader: Reader) -> set[str]:
    """The roots of a revision; one is empty if a control plane did not show it."""
    lines = [None if isinstance(chain, MeshError) else reader.line(chain) for chain in cluster.greet_all(plane.greetings)]
    return {line.root if line else "" for line in lines}


def _images(cluster: Cluster, seen: Comparison, found: Compared) -> None:
    try:
        nodes = {str(node["metadata"]["name"]): _listed(node) for node in cluster.list("v1", "Node") if takes_pods(node)}
    except Denied:
        found.notices.append("nobody may list its nodes, so it is not known whether they have the images of both revisions")
        return
    found.notices += unknown_images((*seen.target.images, *seen.former.images), nodes)


def _listed(node: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(full(str(name)) for image in (node.get("status") or {}).get("images") or [] for name in image.get("names") or [])


def _analysed(cluster: Cluster, seen: Comparison, found: Compared) -> None:
    """What the former revision would not accept either says nothing about the target."""
    refused = _refused(cluster, [one.by_target for one in seen.objects], seen.validator)
    again = [(seen.objects[number], said) for number, said in refused.items()]
    before = _refused(cluster, [one.by_former for one, _said in again], seen.validator)
    new = [f"{one.name} ({said})" for number, (one, said) in enumerate(again) if number not in before]
    old = [one.name for number, (one, _said) in enumerate(again) if number in before]
    found.differences += [f"{seen.target.revision} does not accept {said}; mend the object first" for said in new[:_SHOWN]]
    found.differences += [f"{seen.target.revision} does not accept {len(new) - _SHOWN} more objects"] if len(new) > _SHOWN else []
    found.notices += [f"neither revision accepts {_list(old)} as it stands"] if old else []


def _refused(cluster: Cluster, manifests: Iterable[Mapping[str, Any]], validator: str) -> dict[int, str]:
    """By their places, the objects that a control plane refuses. Refusals of others, such as policies, do not count."""
    came = cluster.rehearse_all(list(manifests), _AT_ONCE)
    return {number: answer.refusal.rstrip(".") for number, answer in enumerate(came) if answer.live is None and validator in answer.refusal}
