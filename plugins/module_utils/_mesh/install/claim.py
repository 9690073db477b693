# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that an installation will write, of which somebody else has made one of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..objects.change import Ref
from ..objects.managed_by import managed_by
from ..objects.shapes import Object

_OURS = "meshops.lifecycle"
_SERVERS = ("kube-apiserver", "kube-controller-manager", "pilot-discovery")


@dataclass(frozen=True)
class Claim:
    """An object that Helm will write, for the release `namespace/name`, or that is written by server-side apply, where there is no release.

    `adopt` says that it is taken over where it was only left there.
    `rivals` selects objects of the same kind and place by labels. One that holds `key` in its data under another name does the same as this one.
    """

    ref: Ref
    release: str = ""
    rivals: str = ""
    key: str = ""
    adopt: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Claim:
        ref = Ref(told["api_version"], told["kind"], told["name"], told.get("namespace") or None)
        release, rivals, key = (str(told.get(field) or "") for field in ("release", "rivals", "key"))
        return cls(ref, release, rivals, key, bool(told.get("adopt")))

    def as_dict(self) -> dict[str, Any]:
        named = {"api_version": self.ref.api_version, "kind": self.ref.kind, "name": self.ref.name, "namespace": self.ref.namespace}
        return {**named, "release": self.release, "rivals": self.rivals, "key": self.key, "adopt": self.adopt}


def held(claim: Claim, live: Object | None) -> dict[str, Any] | None:
    """Who has the object, and whether it can be taken over from them. None where it is free, or ours."""
    if live is None:
        return None
    keeper = managed_by(live).writer
    if keeper:
        return _told(claim, keeper, "kept")
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    helm = annotations.get("meta.helm.sh/release-name")
    release = f"{annotations.get('meta.helm.sh/release-namespace')}/{helm}" if helm else ""
    if release:
        return None if release == claim.release else _told(claim, f"the Helm release {release}", "released")
    managers = _managers(live)
    if not claim.release and any(manager == _OURS or manager.startswith(_OURS + "/") for manager in managers):
        return None
    return _told(claim, _owner(live, managers), "taken" if claim.adopt else "left")


def rival(claim: Claim, others: Iterable[Object]) -> dict[str, Any] | None:
    """The object that does the same under another name."""
    for other in others:
        name = other["metadata"]["name"]
        if name != claim.ref.name and claim.key in (other.get("data") or {}):
            twin = Claim(Ref(claim.ref.api_version, claim.ref.kind, name, claim.ref.namespace))
            return {**_told(twin, _owner(other, _managers(other)), "rival"), "key": claim.key, "ours": claim.ref.name}
    return None


def _told(claim: Claim, owner: str, how: str) -> dict[str, Any]:
    return {"object": str(claim.ref), "owner": owner, "how": how}


def _managers(live: Object) -> list[str]:
    entries = (live.get("metadata") or {}).get("managedFields") or ()
    return [str(entry.get("manager") or "") for entry in entries if not entry.get("subresource")]


def _owner(live: Object, managers: Sequence[str]) -> str:
    """As a person would look for it: what manages it by its label, else who wrote it."""
    named = ((live.get("metadata") or {}).get("labels") or {}).get("app.kubernetes.io/managed-by")
    writers = [manager for manager in managers if manager and not manager.startswith(_SERVERS)]
    if named and named not in ("Helm", _OURS):
        return str(named)
    return f"the field manager {writers[0]}" if writers else "somebody who is not known"


def objections(told: Iterable[Mapping[str, Any]]) -> list[str]:
    """Half a sentence for each owner whose objects are in the way, with the way out. What will be taken over is not."""
    by_owner: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in told:
        if one["how"] != "taken":
            by_owner.setdefault((one["how"], one["owner"]), []).append(one)
    return [_WORDS[how].format(what=_listed(own, _VERBS[how]), owner=owner, **_of_rival(own[0])) for (how, owner), own in sorted(by_owner.items())]


_BELONGS = ("belongs to", "belong to")
_VERBS = {"kept": ("is kept by", "are kept by"), "released": _BELONGS, "left": _BELONGS, "rival": _BELONGS}
_WORDS = {
    "kept": "{what} {owner}, which would write back what is installed here; leave it out there, or install the mesh from there alone",
    "released": "{what} {owner} and would be written here too; uninstall that release, or give this mesh another revision or namespace",
    "left": "{what} {owner}, in the way of what is installed here; set mesh_adopt: true to take over just these objects, or remove them",
    "rival": "{what} {owner} and leads to {key} as {ours} does, of which a control plane heeds only one; delete it once the other is there, "
    "and see by meshops.lifecycle.status that {key} is synced",
}


def _listed(own: Sequence[Mapping[str, Any]], verbs: tuple[str, str]) -> str:
    first = str(own[0]["object"])
    return f"the {first} {verbs[0]}" if len(own) == 1 else f"the {first} and {len(own) - 1} more {verbs[1]}"


def _of_rival(one: Mapping[str, Any]) -> dict[str, str]:
    return {"key": str(one.get("key", "")), "ours": str(one.get("ours", ""))}
