# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find names that YAML misread because they were not quoted, and variables that nothing reads because of a typing error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

# The values of these variables are text. A value of another type was written as text, and YAML misread it.
TEXTS = (
    "mesh_api_ca", "mesh_api_server", "mesh_cluster_uid", "mesh_crds", "mesh_default_revision", "mesh_key_type", "mesh_name", "mesh_namespace",
    "mesh_network", "mesh_platform", "mesh_primary", "mesh_primary_address", "mesh_probe_image", "mesh_provider", "mesh_report_dir", "mesh_revision",
    "mesh_role", "mesh_site", "mesh_tls_server_name", "mesh_trust_cluster", "mesh_trust_domain", "mesh_version",
)  # fmt: skip
_LISTS = ("mesh_revision_tags",)
_NO_TEXT = (bool, int, float, date)  # a datetime is a date
_PREFIX = "mesh_"
_CLOSE = 0.8
# Data that a run leaves under these names (set_stats) is not an inventory variable, but a workflow may pass it back as one.
_LEFT_BEHIND = frozenset(
    f"mesh_{name}" for name in (
        "hosts", "status", "estate", "lint", "certificates", "rotation", "rotation_plan", "cutover", "cutover_plan", "preflight", "install", "verify"
    )
)


def misread_text(what: str, value: object) -> str | None:
    """Return how YAML misread `value`, as half a sentence; None if it is text, or of a type that YAML makes of no name."""
    if not isinstance(value, _NO_TEXT):
        return None
    if isinstance(value, bool):
        written = "yes, on and true" if value else "no, off and false"
        return f"{what} is the truth value {str(value).lower()} to YAML, which reads {written} so; put it in quotes"
    if isinstance(value, date):
        return f"{what} is the date {value} to YAML; put it in quotes"
    if what.startswith("mesh_version"):
        return f"{what} {value} is a number to YAML, which drops zeros at its end; put it in quotes"
    return f"{what} is the number {value} to YAML; put it in quotes"


def misread(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return half a sentence for each variable that should be text and is not."""
    faults = {variable: misread_text(variable, variables.get(variable)) for variable in TEXTS}
    for variable in _LISTS:
        value = variables.get(variable)
        parts = value if isinstance(value, list | tuple) else (value,)
        faults[variable] = next((fault for fault in (misread_text(variable, part) for part in parts) if fault), None)
    return {variable: fault for variable, fault in faults.items() if fault}


def misspelt(given: Iterable[str], known: Iterable[str], own: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """Return faults and notices about unknown variables that begin like ours: a fault if the name is close to a known one, otherwise a notice.

    `own` are the variables that an inventory declares as its own.
    """
    allowed = frozenset(known) | _LEFT_BEHIND | frozenset(own)
    suffixes = {name.removeprefix(_PREFIX): name for name in sorted(allowed - _LEFT_BEHIND - frozenset(own))}
    faults, others = [], []
    for name in sorted(key for key in given if key.lower().startswith("mesh") and key not in allowed):
        close = get_close_matches(_suffix(name), suffixes, 1, _CLOSE)
        if close:
            faults.append(f"nothing reads the variable {name}; did you mean {suffixes[close[0]]}? If it is one of your own, list it in mesh_own_variables")
        elif name.startswith(_PREFIX):
            others.append(name)
    return faults, others


def _suffix(name: str) -> str:
    return name.lower().replace("-", "_").removeprefix("mesh").removeprefix("_")
