# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster in memory: enough of an API server to let the stand-ins take turns, and a diary of what their objects said."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from standins import stage
from standins.objects import APPLY, CREATE, DELETE, INSTALL, KINDS, STATUS, UNINSTALL, Object, Write, condition, made, name, space, spec, status
from standins.olm.seen import COPIED


class World:
    """Objects by kind, namespace and name. `diary` has a line for each change of what counts in an object."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.now, self.numbers, self.diary = 1_800_000_000.0, itertools.count(1), []

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        found = [one for (what, place, _name), one in self.objects.items() if what == kind and namespace in (None, place)]
        return copy.deepcopy(found)

    def put(self, live: Object) -> Object:
        """Make or replace an object, as a user does."""
        key = live["kind"], space(live), name(live)
        before = self.objects.get(key)
        meta = {"uid": f"uid-{next(self.numbers)}", "generation": 0, **(before or {}).get("metadata", {}), **live["metadata"]}
        fresh = {**(before or {}), **copy.deepcopy(live), "metadata": {**meta, "resourceVersion": str(next(self.numbers))}}
        fresh["metadata"]["generation"] += 0 if before and spec(before) == spec(fresh) else 1
        if live["kind"] == "CustomResourceDefinition":
            fresh["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        self.objects[key] = fresh
        self._note(key, before)
        return fresh

    def get(self, kind: str, wanted: str, namespace: str = "") -> Object | None:
        return copy.deepcopy(self.objects.get((kind, namespace, wanted)))

    def remove(self, kind: str, wanted: str, namespace: str = "") -> None:
        key = kind, namespace, wanted
        if live := self.objects.pop(key, None):
            self.diary.append(f"{'Copy' if COPIED in (live['metadata'].get('labels') or {}) else kind} {wanted}: gone")

    def do(self, write: Write) -> None:
        key = write.kind, write.namespace, write.name
        live = self.objects.get(key)
        if write.verb in (INSTALL, UNINSTALL):
            self._chart(write)
        elif write.verb in (CREATE, APPLY):
            if write.verb == APPLY or not live:
                self.put(dict(write.body))
        elif live and write.verb == DELETE and live["metadata"].get("finalizers"):
            live["metadata"] |= {"deletionTimestamp": "now", "resourceVersion": str(next(self.numbers))}
        elif live and write.verb == DELETE:
            self.remove(write.kind, write.name, write.namespace)
        elif live and (not write.version or write.version == live["metadata"]["resourceVersion"]):
            part = {"status": write.body["status"]} if write.verb == STATUS else write.body
            before = copy.deepcopy(live)
            _merge(live, part)
            live["metadata"]["resourceVersion"] = str(next(self.numbers))
            if spec(before) != spec(live):
                live["metadata"]["generation"] += 1
            self._note(key, before)
            if live["metadata"].get("deletionTimestamp") and not live["metadata"].get("finalizers"):
                self.remove(write.kind, write.name, write.namespace)

    def _chart(self, write: Write) -> None:
        """Play Helm: a release is a note, and for istiod a Deployment."""
        told, deployment = dict(write.body), str(write.body.get("deployment") or "")
        if write.verb == UNINSTALL:
            self.remove("Release", write.name)
            self.remove("Deployment", deployment, write.namespace)
            return
        self.put({**made("Release", write.name, spec={}), "status": {"generation": told["generation"], "error": ""}})
        if deployment:
            self.put(made("Deployment", deployment, write.namespace, {"replicas": 1, "version": told["version"]}))

    def turn(self, seconds: float = 0.1, **options: Any) -> list[Write]:
        """One look of the stand-ins, and all that they write."""
        self.now += seconds
        by_kind = {kind: self.all(kind) for kind in KINDS}
        writes = stage.turn(by_kind, self.now, stage.Stage(**options))
        for write in writes:
            self.do(write)
        return writes

    def settle(self, most: int = 60, **options: Any) -> None:
        """Take turns until nobody has anything to write."""
        for _turn in range(most):
            if not self.turn(**options):
                return
        raise AssertionError(f"the stand-ins still write after {most} turns: {self.diary[-8:]}")

    def said(self, kind: str, wanted: str = "") -> list[str]:
        """What the diary has of the objects of a kind, in order."""
        start = f"{kind} {wanted}".rstrip()
        return [line.removeprefix(f"{kind} ") for line in self.diary if line.startswith(start)]

    def _note(self, key: tuple[str, str, str], before: Object | None) -> None:
        said = told(self.objects[key])
        if before is None or told(before) != said:
            copied = COPIED in (self.objects[key]["metadata"].get("labels") or {})
            self.diary.append(f"{'Copy' if copied else key[0]} {key[2]}" + (f": {said}" if said else ""))


def _merge(live: Any, patch: Any) -> None:
    for key, value in patch.items():
        if value is None:
            live.pop(key, None)
        elif isinstance(value, dict) and isinstance(live.get(key), dict):
            _merge(live[key], value)
        else:
            live[key] = copy.deepcopy(value)


def told(live: Object) -> str:
    """What counts in an object for its diary, in one line."""
    is_ = status(live)
    if live["kind"] in ("InstallPlan", "ClusterServiceVersion"):
        return "/".join(filter(None, (is_.get("phase"), is_.get("reason"))))
    said = [str(is_[key]) for key in ("state", "currentCSV", "installedCSV") if is_.get(key)]
    if live["kind"] in ("Istio", "IstioRevision", "IstioRevisionTag"):
        kept = [f"{one['type']}={one['status']}" + (f"/{one['reason']}" if one.get("reason") else "") for one in is_.get("conditions") or ()]
        return " ".join(filter(None, [is_.get("state") or "", is_.get("activeRevisionName") or is_.get("istioRevision") or "", *kept]))
    kinds = ("CatalogSourcesUnhealthy", "ResolutionFailed", "InstallPlanPending", "InstallPlanMissing", "BundleUnpackFailed", "Progressing", "Installed")
    on = [one for kind in kinds if (one := condition(live, kind))]
    return " ".join([*said, *(f"{one['type']}={one['status']}/{one.get('reason', '')}" for one in on)])


def ns(*names: str) -> list[Object]:
    return [made("Namespace", one) for one in names]
