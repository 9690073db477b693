# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two revisions of one control plane side by side: they may differ in their versions, and in what was declared to differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..few_names import few
from ..objects.shapes import Manifest
from ..question import Greeting

_SHOWN = 5
_OF_CLUSTER = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_CLOSING = ("NoSchedule", "NoExecute")
_MISSING = object()


@dataclass(frozen=True)
class PlaneSettings:
    """What one revision was installed with.

    `config` is its mesh config as text; None if it has none here. `own` are the paths in it that name the revision itself. `identity` is who it takes
    itself and its cluster for. `images` are those of its pods and of its proxies, and `greetings` the handshakes that show under which CA it signs.
    """

    revision: str
    config: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rehearsal:
    """An object of users, as a copy that only the target reads, and as one that only the former revision reads. Neither is ever stored."""

    name: str
    by_target: Manifest = field(repr=False)
    by_former: Manifest = field(repr=False)


@dataclass(frozen=True)
class Comparison:
    """Both revisions, and the objects with which users configure the mesh. `validator` is part of each refusal of a control plane.

    `roots` are certificates that a control plane may leave out of what it shows, as PEM.
    """

    target: PlaneSettings
    former: PlaneSettings
    objects: Sequence[Rehearsal] = ()
    validator: str = ""
    roots: bytes = b""


def differing(target: Any, former: Any, own: Iterable[str] = (), allowed: Any = None) -> list[str]:
    """Return the paths in which two mesh configs differ, but for the revisions' own ones, and those that are declared, or have something declared below.

    Never the values: a mesh config can hold a token.
    """
    spared = [*own, *_paths(allowed)]
    paths = (path for path in _different(target, former, ""))
    return [path for path in paths if not any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in spared)]


def _different(one: Any, other: Any, path: str) -> Iterable[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*map(str, one), *map(str, other)}):
            yield from _different(_at(one, key), _at(other, key), f"{path}.{key}" if path else key)
    elif one != other:
        yield path


def _at(tree: Mapping[Any, Any], key: str) -> Any:
    return next((value for name, value in tree.items() if str(name) == key), _MISSING)


def _paths(tree: Any, path: str = "") -> Iterable[str]:
    """The paths of all leaves."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from _paths(value, f"{path}.{key}" if path else str(key))
    elif path:
        yield path


def identities(target: PlaneSettings, former: PlaneSettings) -> list[str]:
    """Return how the revisions take themselves for parts of different meshes, clusters or networks, as half sentences."""
    both = sorted(set(target.identity) & set(former.identity))
    return [
        f"{target.revision} has the {name} {target.identity[name] or 'unset'}, and {former.revision} has {former.identity[name] or 'none'}; give both the same"
        for name in both
        if target.identity[name] != former.identity[name]
    ]


def unknown_images(images: Iterable[str], nodes: Mapping[str, frozenset[str]]) -> list[str]:
    """Return which images not every node has, as half sentences. `nodes` are the images that each node lists, which may not be all that it has."""
    said = []
    for image in sorted({full(image) for image in images}):
        lacking = sorted(name for name, there in nodes.items() if image not in there)
        having = sorted(set(nodes) - set(lacking))
        if having and lacking:
            said.append(f"the image {image} is known to be on {_shown(having)}, and not on {_shown(lacking)}; a pod that starts there has to pull it")
        elif lacking:
            said.append(f"the image {image} is known to be on no node ({_shown(lacking)}); every pod with it has to pull it")
    way = "make sure that these nodes reach the registries of these images, and say so with cutover_images: known"
    return [*said, way] if said else []


def _shown(names: Sequence[str]) -> str:
    return few(names, _SHOWN)


def takes_pods(node: Mapping[str, Any]) -> bool:
    """Whether a node is ready, nobody has closed it, and it is not there for the cluster's own control plane alone."""
    spec, conditions = node.get("spec") or {}, (node.get("status") or {}).get("conditions") or []
    ready = all(one.get("status") == "True" for one in conditions if one.get("type") == "Ready")
    closed = any(one.get("key") in _OF_CLUSTER and one.get("effect") in _CLOSING for one in spec.get("taints") or [])
    return ready and not spec.get("unschedulable") and not closed


def full(image: str) -> str:
    """An image by the name that a node lists: with its registry."""
    first, slash, _rest = image.partition("/")
    if not slash:
        return f"docker.io/library/{image}"
    return image if "." in first or ":" in first or first == "localhost" else f"docker.io/{image}"
