# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find objects that an install would write and that somebody else has already made under the same name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..objects.change import Ref
from ..objects.managed_by import managed_by
from ..objects.shapes import Object

_OURS = "meshops.lifecycle"
_RELEASE = "meta.helm.sh/release-name"
_SERVERS = ("kube-apiserver", "kube-controller-manager")


@dataclass(frozen=True)
class Claim:
    """An object that an install will write: Helm for the release `namespace/name`, or server-side apply if `release` is empty.

    `adopt` says that the install takes the object over if nothing maintains it any more. `completed_by` is the field manager of a control plane
    that only fills in fields of the object, so it is no owner.
    `rivals` selects other objects of the same kind and place by labels. One of them that has `key` in its data serves the same purpose.
    If the object has the `label` with another value than `value`, somebody led it elsewhere, and no install leads it back.
    """

    ref: Ref
    release: str = ""
    rivals: str = ""
    key: str = ""
    adopt: bool = False
    completed_by: str = ""
    label: str = ""
    value: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Claim:
        ref = Ref(entry["api_version"], entry["kind"], entry["name"], entry.get("namespace") or None)
        texts = {field: str(entry.get(field) or "") for field in ("release", "rivals", "key", "completed_by", "label", "value")}
        return cls(ref, adopt=bool(entry.get("adopt")), **texts)

    def as_dict(self) -> dict[str, Any]:
        named = {"api_version": self.ref.api_version, "kind": self.ref.kind, "name": self.ref.name, "namespace": self.ref.namespace}
        purpose = {"release": self.release, "rivals": self.rivals, "key": self.key}
        return {**named, **purpose, "adopt": self.adopt, "completed_by": self.completed_by, "label": self.label, "value": self.value}


def owned_by_others(claim: Claim, live: Object | None) -> dict[str, Any] | None:
    """Return who owns the object, and how. None if it does not exist, or is ours."""
    if live is None:
        return None
    controller = managed_by(live).writer
    if controller:
        return _ownership(claim, controller, "kept")
    leads = ((live.get("metadata") or {}).get("labels") or {}).get(claim.label) if claim.label else None
    if leads and leads != claim.value:
        return _ownership(claim, str(leads), "led")
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    managers, copied = _managers(live), _copied(live)
    if copied and claim.release and any(_is_helm(manager) for manager in managers):
        return None  # it is in the release still, whatever somebody else wrote into it
    helm = annotations.get(_RELEASE)
    release = f"{annotations.get('meta.helm.sh/release-namespace')}/{helm}" if helm and not copied else ""
    if release:
        return None if release == claim.release else _ownership(claim, f"the Helm release {release}", "released")
    if not claim.release and any(manager == _OURS or manager.startswith(_OURS + "/") for manager in managers):
        return None
    return _ownership(claim, _owner(live, managers, claim.completed_by), "taken" if claim.adopt else "left")


def rival(claim: Claim, others: Iterable[Object]) -> dict[str, Any] | None:
    """Return the first object that serves the same purpose under another name."""
    for other in others:
        name = other["metadata"]["name"]
        if name != claim.ref.name and claim.key in (other.get("data") or {}):
            twin = Claim(Ref(claim.ref.api_version, claim.ref.kind, name, claim.ref.namespace))
            return {**_ownership(twin, _owner(other, _managers(other)), "rival"), "key": claim.key, "ours": claim.ref.name}
    return None


def _ownership(claim: Claim, owner: str, how: str) -> dict[str, Any]:
    return {"object": str(claim.ref), "owner": owner, "how": how}


def _copied(live: Object) -> bool:
    """Return whether no Helm wrote the release: who copies an object of a release may copy its annotations, too."""
    owners = [entry for entry in _entries(live) if f"f:{_RELEASE}" in (((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {})]
    return bool(owners) and not any(_is_helm(str(entry.get("manager") or "")) for entry in owners)


def _is_helm(manager: str) -> bool:
    """Helm is named after its program, as in terraform-provider-helm."""
    return "helm" in manager.lower()


def _entries(live: Object) -> Sequence[Mapping[str, Any]]:
    return (live.get("metadata") or {}).get("managedFields") or ()


def _managers(live: Object) -> list[str]:
    return [str(entry.get("manager") or "") for entry in _entries(live) if not entry.get("subresource")]


def _owner(live: Object, managers: Sequence[str], completed_by: str = "") -> str:
    """Return what the label of the object says of its manager, else its first field manager."""
    named = ((live.get("metadata") or {}).get("labels") or {}).get("app.kubernetes.io/managed-by")
    no_owners = (*_SERVERS, completed_by) if completed_by else _SERVERS
    writers = [manager for manager in managers if manager and not manager.startswith(no_owners)]
    if named and named not in ("Helm", _OURS):
        return str(named)
    return f"the field manager {writers[0]}" if writers else "an unknown owner"


def objections(owned: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return half a sentence for each other owner, with what to do. Objects that the install takes over are no objection."""
    by_owner: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for claimed in owned:
        if claimed["how"] != "taken":
            by_owner.setdefault((claimed["how"], claimed["owner"]), []).append(claimed)
    return [_WORDS[how].format(what=_listed(own, _VERBS[how]), owner=owner, **_of_rival(own[0])) for (how, owner), own in sorted(by_owner.items())]


_BELONGS = ("belongs to", "belong to")
_VERBS = {"kept": ("is managed by", "are managed by"), "led": ("leads to", "lead to"), "released": _BELONGS, "left": _BELONGS, "rival": _BELONGS}
_WORDS = {
    "kept": "{what} {owner}, which would undo this install's changes; remove it there, or install the mesh with that tool alone",
    "released": "{what} {owner}, and this install would write it too; uninstall that release, or give this mesh another revision or namespace",
    "led": "{what} the revision {owner}, and an install of another one would move every new pod to that at once; name {owner} as mesh_revision, "
    "or move in waves with meshops.lifecycle.cutover",
    "left": "{what} {owner} and would be overwritten; set mesh_adopt: true to take over exactly these objects, or delete them",
    "rival": "{what} {owner} and leads to {key}, as {ours} does, but a control plane uses only one of the two; "
    "delete it once {ours} exists, then check with meshops.lifecycle.status that {key} is synced",
}


def _listed(own: Sequence[Mapping[str, Any]], verbs: tuple[str, str]) -> str:
    first = str(own[0]["object"])
    return f"the {first} {verbs[0]}" if len(own) == 1 else f"the {first} and {len(own) - 1} more {verbs[1]}"


def _of_rival(claimed: Mapping[str, Any]) -> dict[str, str]:
    return {"key": str(claimed.get("key", "")), "ours": str(claimed.get("ours", ""))}
