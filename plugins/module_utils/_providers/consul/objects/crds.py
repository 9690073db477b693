# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared entries as objects of Kubernetes, from which HashiCorp's controller makes entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.pruning import LABEL, Scope, left
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.question import Answers, Read
from .entry import ANY, Entry, shown
from .intentions import denies
from .kinds import INTENTIONS, KINDS
from .ownership import ALWAYS, completed, differing, needed
from .reading import EntryReading

GROUP = "consul.hashicorp.com"
VERSION = f"{GROUP}/v1alpha1"
_EVERY = "every-service"  # the name of an object cannot be *
# The controller takes over an entry of the same content only, and says so if it differs.
_TAKEN_OVER = {"consul.hashicorp.com/migrate-entry": "true"}


def set_of(mesh: str) -> str:
    return f"consul-entries-{mesh}"


def whole(wish: ControlPlane, declared: Sequence[Entry]) -> list[Entry]:
    """Return the declared entries, and those that the collection itself needs."""
    known = {key: Entry(*key, {}) for key in ALWAYS if needed(wish, key, None)} | {entry.key: entry for entry in declared}
    order = list(KINDS)
    entries = (completed(entry, needed(wish, key, None)) for key, entry in known.items())
    return sorted(entries, key=lambda entry: (order.index(entry.kind), entry.kind == INTENTIONS and denies(entry.content)))


def manifests(wish: ControlPlane, entries: Sequence[Entry]) -> list[Manifest]:
    return [_manifest(wish, entry) for entry in entries]


def _manifest(wish: ControlPlane, entry: Entry) -> Manifest:
    labels = {"app.kubernetes.io/managed-by": "meshops.lifecycle", LABEL: set_of(wish.mesh)}
    name = _EVERY if entry.name == ANY else entry.name
    spec = {**({"destination": {"name": entry.name}} if entry.kind == INTENTIONS else {}), **entry.content}
    metadata = {"name": name, "namespace": wish.namespace, "labels": labels, "annotations": dict(_TAKEN_OVER)}
    return {"apiVersion": VERSION, "kind": KINDS[entry.kind].resource, "metadata": metadata, "spec": spec}


def due(wish: ControlPlane, entries: Sequence[Entry]) -> Look[Due]:
    """Look at the objects of all namespaces, because an entry may have one object only."""
    return Look([Read(VERSION, kind.resource) for kind in KINDS.values()], partial(_due, wish, entries))


def _due(wish: ControlPlane, entries: Sequence[Entry], live: Live, _answers: Answers) -> Due:
    there = {(kind.name, _entry_name(one)): one for kind in KINDS.values() for one in live.get(kind.resource, ())}
    _refuse(wish, entries, there)
    wanted = [entry for entry in entries if not _as_wanted(wish, entry, there.get(entry.key))]
    scope = Scope(set_of(wish.mesh), [(VERSION, kind.resource) for kind in KINDS.values()], [wish.namespace])
    labelled = [one for one in there.values() if _set(one) == scope.name]
    gone = left(labelled, (Ref.of(one) for one in manifests(wish, entries)), scope)
    faults = [fault for entry in entries if (fault := _late(entry, there.get(entry.key)))]
    return Due(manifests=manifests(wish, wanted), removes=gone, fault=" and ".join(faults))


def _entry_name(live: Object) -> str:
    return str(((live.get("spec") or {}).get("destination") or {}).get("name") or "") if live["kind"] == "ServiceIntentions" else str(live["metadata"]["name"])


def _set(live: Object) -> str:
    return str((live["metadata"].get("labels") or {}).get(LABEL) or "")


def _content(entry: Entry, live: Object) -> tuple[Mapping[str, Any], bool]:
    """Return what an object says in the form of an entry, and whether it says more than that."""
    spec, reading = dict(live.get("spec") or {}), EntryReading(live=True)
    if entry.kind == INTENTIONS:
        spec.pop("destination", None)
    return reading.value(KINDS[entry.kind].shape, spec, "") or {}, bool(reading.faults)


def _as_wanted(wish: ControlPlane, entry: Entry, live: Object | None) -> bool:
    """Return whether an object says what is declared. An equal one of somebody else may stay theirs."""
    return live is not None and _content(entry, live) == (entry.content, False)


def _was_needed(wish: ControlPlane, entry: Entry, live: Object) -> bool:
    needs = needed(wish, entry.key, None)
    return bool(needs) and live["metadata"].get("namespace") == wish.namespace and _content(entry, live) == (needs, False)


def _refuse(wish: ControlPlane, entries: Sequence[Entry], there: Mapping[tuple[str, str], Object]) -> None:
    texts = []
    for entry in entries:
        live = there.get(entry.key)
        if live is not None and _set(live) != set_of(wish.mesh) and not _as_wanted(wish, entry, live) and not _was_needed(wish, entry, live):
            fields = ", ".join(differing(entry.content, _content(entry, live)[0])) or "fields that this collection does not know"
            texts.append(f"{Ref.of(live)} is there already, made by somebody else, and differs from the entry {shown(entry.key)} in {fields}")
    if texts:
        raise Refused(f"{wish.cluster}: {'; '.join(texts)}. Delete these objects, or take the entries out of mesh_values.entries.")


def _late(entry: Entry, live: Object | None) -> str:
    """Return why the controller has not made the entry of an object yet; empty if it has, or if there is no object."""
    conditions = ((live or {}).get("status") or {}).get("conditions") or ()
    synced: Mapping[str, Any] = next((one for one in conditions if one.get("type") == "Synced"), {})
    if live is None or synced.get("status") == "True":
        return ""
    why = str(synced.get("message") or "")
    return f"the object of {shown(entry.key)} is not synced{f' ({why})' if why else ''}"
