# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge a host's variables for the control plane before anything is written, instead of during the install."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import Refused
from ..member import Member
from ..spelling import TEXTS, misread
from . import stage
from .chart_source import shown
from .defaults import Defaults
from .helm_release import Release
from .inventory_wish import VALUES, VARIABLES, of_inventory
from .stage import Stage
from .wish import ControlPlane

_DICTIONARIES = (*VALUES, "mesh_charts", "mesh_limits", "mesh_mirror", "mesh_root")
_NUMBERS = ("mesh_pending_grace", "mesh_root_days", "mesh_intermediate_days")
Stages = Callable[[ControlPlane], Sequence[Stage]]
READ = (*_DICTIONARIES, *_NUMBERS, *TEXTS, "mesh_revision_tags", "inventory_dir")


def shapes(variables: Mapping[str, Any]) -> list[str]:
    """Return half a sentence for each variable of the wrong type."""
    wrong = [f"{name} is {_shown(variables[name])}, not a dictionary" for name in _DICTIONARIES if not isinstance(variables.get(name) or {}, Mapping)]
    wrong += [f"{name} is {_shown(variables[name])}, not a number" for name in _NUMBERS if not _number(variables.get(name))]
    for name in VALUES:
        given = variables.get(name) or {}
        parts = given.items() if isinstance(given, Mapping) else ()
        wrong += [f"{name} has {_shown(value)} for the chart {chart}, not a dictionary" for chart, value in parts if not isinstance(value, Mapping)]
    return wrong


def _shown(value: object) -> str:
    """Return the type of a value in words, never the value itself: it may be secret."""
    kinds = {str: "text", bool: "a truth value", int: "a number", float: "a number", list: "a list", Mapping: "a dictionary"}
    return next((words for kind, words in kinds.items() if isinstance(value, kind)), "empty" if value is None else "something else")


def _number(value: object) -> bool:
    """Return whether the value is a number, or one as text: surveys pass text."""
    return value in (None, "") or (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.strip().isdigit())


def values_faults(variables: Mapping[str, Any], charts: Iterable[str]) -> list[str]:
    """Return half a sentence for each name that is no chart. Its values would reach no chart."""
    known = sorted(charts)
    given = ((name, chart) for name in VALUES for chart in variables.get(name) or {})
    return [f"{name} has values for {chart}, which is no chart of the mesh; its charts are {', '.join(known)}" for name, chart in given if chart not in known]


def releases(member: Member, variables: Mapping[str, Any], defaults: Defaults, stages: Stages) -> list[Release]:
    """Return the releases that Helm will install, from the provider's `stages`; none if `faults` finds a fault."""
    if _wrong(member, variables):
        return []
    try:
        return stage.releases(stages(of_inventory(member.name, variables, defaults)))
    except Refused:
        return []


def wish(member: Member, variables: Mapping[str, Any], defaults: Defaults) -> ControlPlane | None:
    """Return the wish of a host; None if `faults` finds that it cannot be read."""
    if _wrong(member, variables):
        return None
    try:
        return of_inventory(member.name, variables, defaults)
    except Refused:
        return None


def faults(
    member: Member, variables: Mapping[str, Any], defaults: Defaults, stages: Stages, platforms: Iterable[str], charts: Iterable[str]
) -> list[str]:
    """Return what a run would otherwise refuse after its first write: half sentences, or whole ones that begin with the cluster."""
    texts = [text for name, text in misread(variables).items() if name not in member.misread] + shapes(variables)
    if _wrong(member, variables):
        return texts
    texts += values_faults(variables, charts)
    platform = variables.get("mesh_platform") or ""
    if platform and platform not in platforms:
        texts.append(f"the charts do not know the mesh_platform {platform!r}; they know {', '.join(sorted(platforms))}")
    try:
        stages(of_inventory(member.name, variables, defaults))
    except Refused as refused:
        texts.append(shown(str(refused)))
    return texts


def _wrong(member: Member, variables: Mapping[str, Any]) -> bool:
    """Return whether a fault was found that all later checks would only repeat."""
    return bool(set(VARIABLES.values()) & set(misread(variables)) or shapes(variables) or (member.role == "remote" and not member.primary))
