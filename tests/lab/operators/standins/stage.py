# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all stand-ins write next, by what a cluster holds. Nothing is remembered: a stand-in that was killed goes on when it is started again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from . import catalogue
from .objects import KINDS, Object, Write, condition, name, space, spec, status, to_status
from .olm import catalogues, extensions, olm
from .olm.seen import COPIED, Seen
from .sail import sail
from .sail.seen import Options

V0, V1, SAIL, ROLLOUTS = "v0", "v1", "sail", "rollouts"
PLAYS = (V0, V1, SAIL, ROLLOUTS)
# What each one looks at.
KINDS_OF = {
    V0: ("CatalogSource", "Subscription", "InstallPlan", "ClusterServiceVersion", "OperatorGroup", "PackageManifest", "ConfigMap", "Namespace",
         "Deployment", "ServiceAccount", "CustomResourceDefinition"),
    V1: ("ClusterExtension", "ClusterCatalog", "ConfigMap", "Namespace", "Deployment", "ServiceAccount", "CustomResourceDefinition"),
    SAIL: sail.KINDS,
    ROLLOUTS: ("Deployment",),
}  # fmt: skip
Objects = Mapping[str, Sequence[Object]]


@dataclass(frozen=True)
class Stage:
    """Which stand-ins play, and after how many seconds an install of OLM times out, and a failing InstallPlan ends.

    `revisions` is a runtime of OLM v1: olm/extensions.py.
    """

    plays: frozenset[str] = frozenset({V0, V1})
    patience: float = 300.0
    retry: float = 60.0
    revisions: bool = False
    sail: Options = field(default_factory=Options)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind in KINDS if any(kind in KINDS_OF[play] for play in self.plays)]


def turn(objects: Objects, now: float, stage: Stage) -> list[Write]:
    """Return what comes next: at most one state further for each object."""
    objects = {kind: objects.get(kind, ()) for kind in KINDS}
    return [
        *(_v0(objects, now, stage) if V0 in stage.plays else ()),
        *(extensions.turn(objects, _of_catalogs(objects), now, stage.revisions) if V1 in stage.plays else ()),
        *(sail.turn(objects, now, stage.sail) if SAIL in stage.plays else ()),
        *(_rollouts(objects["Deployment"]) if ROLLOUTS in stage.plays else ()),
    ]


def _of_catalogs(objects: Objects) -> dict[str, catalogue.Catalogue | None]:
    return {name(one): catalogue.read(one) for one in objects["ConfigMap"] if space(one) == extensions.HOME}


def _v0(objects: Objects, now: float, stage: Stage) -> Iterator[Write]:
    maps = {(space(one), name(one)): one for one in objects["ConfigMap"]}
    keys = {(space(one), name(one)): (space(one), str(spec(one).get("configMap") or name(one))) for one in objects["CatalogSource"]}
    contents = {key: catalogue.read(maps.get(content)) for key, content in keys.items()}
    yield from catalogues.turn(objects["CatalogSource"], contents, objects["PackageManifest"], now)
    kinds = ("Subscription", "InstallPlan", "ClusterServiceVersion", "OperatorGroup")
    copies = [one for one in objects["ClusterServiceVersion"] if _copied(one)]
    places = {space(one) for kind in kinds for one in objects[kind] if not (kind == "ClusterServiceVersion" and _copied(one))}
    for place in sorted(places | {_copied(one) for one in copies}):
        yield from olm.turn(_seen(objects, place, now, stage, contents, [one for one in copies if _copied(one) == place]))


def _copied(csv: Object) -> str:
    return str((csv["metadata"].get("labels") or {}).get(COPIED) or "")


def _seen(objects: Objects, place: str, now: float, stage: Stage, contents: Mapping[tuple[str, str], catalogue.Catalogue | None],
          copies: Sequence[Object]) -> Seen:  # fmt: skip
    def here(kind: str) -> list[Object]:
        return [one for one in objects[kind] if space(one) == place]

    served = frozenset(name(one) for one in objects["CustomResourceDefinition"] if condition(one, "Established").get("status") == "True")
    return Seen(
        place, now, here("Subscription"), here("InstallPlan"), [one for one in here("ClusterServiceVersion") if not _copied(one)], here("OperatorGroup"),
        here("Deployment"), here("ServiceAccount"), objects["CatalogSource"], copies, _alive(objects["Namespace"]), served, contents,
        stage.patience, stage.retry,
    )  # fmt: skip


def _alive(namespaces: Iterable[Object]) -> list[str]:
    return sorted(name(one) for one in namespaces if not one["metadata"].get("deletionTimestamp"))


def _rollouts(deployments: Sequence[Object]) -> Iterator[Write]:
    """Play the controllers of a cluster that has none: a Deployment is first seen, and at its next turn available."""
    for live in deployments:
        generation, replicas, is_ = live["metadata"]["generation"], spec(live).get("replicas", 1), status(live)
        if is_.get("observedGeneration") != generation:
            yield to_status(live, observedGeneration=generation, replicas=replicas, unavailableReplicas=replicas, availableReplicas=0, readyReplicas=0)
        elif is_.get("availableReplicas") != replicas:
            yield to_status(live, replicas=replicas, updatedReplicas=replicas, readyReplicas=replicas, availableReplicas=replicas, unavailableReplicas=0)
