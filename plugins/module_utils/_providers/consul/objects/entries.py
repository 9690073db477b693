# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stage that brings the declared entries into a datacenter: whole sets, over Consul's HTTP API or through objects of Kubernetes."""

from __future__ import annotations

from collections.abc import Sequence

from ...._mesh.errors import Refused
from ...._mesh.install.stage import Stage
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Manifest
from .. import datacenter
from ..settings import Entries
from . import crds, intentions, rules, store, together
from .entry import ANY, Entry, declared, state
from .kinds import INTENTIONS, KINDS

API, CRDS = "api", "crds"


def stages(wish: ControlPlane, settings: Entries, controller: bool = False) -> list[Stage]:
    """Return the stage. A secondary gets the entries of its primary. `controller` says whether HashiCorp's controller runs, which reads the objects."""
    entries = judged(wish, settings, controller)
    if datacenter.kind(wish) == datacenter.SECONDARY:
        return []
    made = crds.due(wish, crds.whole(wish, entries)) if settings.through == CRDS else store.due(wish, entries, settings.adopt)
    return [Stage("declared", "control_plane", then=made)]


def objects(wish: ControlPlane, settings: Entries) -> list[Manifest]:
    """Return the objects of Kubernetes that stand for entries. They go before the controller, which has to let them go."""
    if settings.through != CRDS or datacenter.kind(wish) == datacenter.SECONDARY:
        return []
    return crds.manifests(wish, crds.whole(wish, judged(wish, settings, controller=True)))


def judged(wish: ControlPlane, settings: Entries, controller: bool = False) -> list[Entry]:
    """Return the declared entries. Refuse all that is wrong with them that can be known without Consul, at once."""
    entries, faults = declared(settings.declared)
    faults += _settings(settings, controller)
    faults += [fault for entry in entries for fault in rules.faults(entry)]
    if not faults:
        known = state(entries)
        faults = [*together.faults(known, whole=False), *(intentions.outranked(known) if (INTENTIONS, ANY) in known else ())]
    if faults:
        raise Refused(f"{wish.cluster}: {'; '.join(faults)}. Correct mesh_values.entries.")
    return entries


def _settings(settings: Entries, controller: bool) -> list[str]:
    faults = _strange(settings.adopt)
    if settings.through not in (API, CRDS):
        faults.append(f"mesh_values.entries.through is {settings.through}, but it must be {API} or {CRDS}")
    elif settings.through == CRDS and not controller:
        faults.append(f"mesh_values.entries.through is {CRDS}, but nobody makes entries of objects without HashiCorp's chart; set it to {API}")
    return faults


def _strange(adopt: Sequence[object]) -> list[str]:
    known = [name for name in adopt if name == ANY or (isinstance(name, str) and name.partition("/")[0] in KINDS and name.partition("/")[2])]
    return [f"mesh_values.entries.adopt has {name}, which is not <kind>/<name>, as in service-resolver/web, nor *" for name in adopt if name not in known]
